//! The tools in one list, as older clients ask for them.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Query, State, rejection::QueryRejection},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tandem_catalog::{Tool, View};
use tandem_router::choose;

use crate::{
    cursor::{decode, encode},
    incoming::Incoming,
    problem::Problem,
    state::AppState,
};

/// Tools in one page.
const MAX_LIMIT: usize = 1000;

/// The lanes that may be asked for.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LaneName {
    General,
    Reactor,
    Upstream,
}

impl LaneName {
    const fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Reactor => "reactor",
            Self::Upstream => "upstream",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    lane: Option<LaneName>,
    #[serde(default = "most")]
    limit: usize,
    cursor: Option<String>,
}

fn most() -> usize {
    MAX_LIMIT
}

/// `GET /tools/list`: every tool that the caller has, or those of one lane.
pub(super) async fn tools(
    State(shared): State<Arc<AppState>>,
    Extension(incoming): Extension<Arc<Incoming>>,
    listing: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let wrong = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "invalid_arguments", detail);
    let Query(listing) = listing.map_err(|rejection| wrong(rejection.body_text()))?;
    if !(1..=MAX_LIMIT).contains(&listing.limit) {
        return Err(wrong(format!("`limit` is 1 to {MAX_LIMIT}")));
    }
    let after = match listing.cursor.as_deref().map(decode) {
        Some(None) => return Err(wrong("`cursor` is not one of ours".to_owned())),
        after => after.flatten().unwrap_or_default(),
    };
    let view = shared.router.view(&incoming.caller);
    let wanted = |lane: &str| listing.lane.is_none_or(|wanted| wanted.as_str() == lane);
    let lines: Vec<_> =
        view.tools().map(|tool| (tool, lane_of(&view, tool))).filter(|(_, lane)| wanted(lane)).collect();
    let mut rest = lines.iter().filter(|(tool, _)| tool.descriptor.name.as_str() > after.as_str()).peekable();
    let page: Vec<_> = rest.by_ref().take(listing.limit).collect();
    let next = rest.peek().and_then(|_| page.last()).map(|(tool, _)| encode(&tool.descriptor.name));
    let tools: Vec<_> = page.iter().map(|(tool, lane)| line(tool, lane)).collect();
    let mut answer = json!({ "tools": tools, "total": lines.len() });
    if let (Some(answer), Some(next)) = (answer.as_object_mut(), next) {
        answer.insert("next_cursor".to_owned(), next.into());
    }
    Ok(Json(answer))
}

fn lane_of(view: &View, tool: &Tool) -> &'static str {
    view.category(&tool.category).map_or("general", |category| choose(category, Some(tool)).0.as_str())
}

fn line(tool: &Tool, lane: &str) -> Value {
    let descriptor = &tool.descriptor;
    json!({
        "name": descriptor.name, "category": tool.category, "description": descriptor.description, "lane": lane,
    })
}
