//! The catalog as JSON, as the caller sees it.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tandem_router::{unknown_category, unknown_tool};

use crate::{
    cursor::decode,
    incoming::{Endpoint, Incoming},
    meta::{CategoryLine, describe, tool_page},
    problem::Problem,
    state::AppState,
};

/// Tools in one page.
const MAX_LIMIT: usize = 1000;

pub(super) async fn categories(
    State(shared): State<Arc<AppState>>,
    Extension(incoming): Extension<Arc<Incoming>>,
) -> Json<Value> {
    let view = shared.router.view(&incoming.caller);
    let status = shared.router.status();
    let lines: Vec<_> = view
        .categories()
        .map(|category| CategoryLine::new(category, Some(view.tools_of(category).count()), &status))
        .collect();
    Json(json!({ "categories": lines }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default = "hundred")]
    limit: usize,
    cursor: Option<String>,
}

fn hundred() -> usize {
    100
}

pub(super) async fn tools(
    State(shared): State<Arc<AppState>>,
    Extension(incoming): Extension<Arc<Incoming>>,
    Path(name): Path<String>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let wrong = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "invalid_arguments", detail);
    let Query(page) = page.map_err(|rejection| wrong(rejection.body_text()))?;
    if !(1..=MAX_LIMIT).contains(&page.limit) {
        return Err(wrong(format!("`limit` is 1 to {MAX_LIMIT}")));
    }
    let after = page.cursor.as_deref().map(decode);
    if matches!(after, Some(None)) {
        return Err(wrong("`cursor` is not one of ours".to_owned()));
    }
    let after = after.flatten();
    let view = shared.router.view(&incoming.caller);
    let Some(category) = view.category(&name) else {
        return Err(Problem::from(&unknown_category(&view, &name)));
    };
    let page = tool_page(&view, &Endpoint::Full, category, after.as_deref(), page.limit);
    Ok(Json(serde_json::to_value(page).unwrap_or_default()))
}

pub(super) async fn tool(
    State(shared): State<Arc<AppState>>,
    Extension(incoming): Extension<Arc<Incoming>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let view = shared.router.view(&incoming.caller);
    match view.tool(&name) {
        Some(tool) => Ok(Json(describe(&view, &Endpoint::Full, tool))),
        None => Err(Problem::from(&unknown_tool(&view, &name, view.near_tools(&name)))),
    }
}
