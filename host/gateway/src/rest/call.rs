//! Single calls. The guest stops when the client closes its connection: the server drops the work with it.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tandem_router::{Arguments, Output, RequestContext};
use tokio_util::sync::CancellationToken;

use super::Input;
use crate::{
    Shared,
    incoming::Incoming,
    mcp::{convert, exchange::milliseconds},
    problem::Problem,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    #[serde(default)]
    arguments: Arguments,
}

/// The answer to a call.
#[derive(Serialize)]
pub(super) struct Answer {
    content: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured: Option<Value>,
    is_error: bool,
    lane: &'static str,
    duration_ms: Value,
    request_id: String,
}

pub(super) async fn call(
    State(shared): State<Arc<Shared>>,
    Extension(incoming): Extension<Arc<Incoming>>,
    Path(tool): Path<String>,
    Input(call): Input<Call>,
) -> Result<Json<Answer>, Problem> {
    let output = run(&shared, &incoming, &tool, call.arguments).await?;
    let content = convert::blocks(output.content, output.structured.as_ref());
    Ok(Json(Answer {
        content: serde_json::to_value(content).unwrap_or_default(),
        structured: output.structured,
        is_error: output.is_error,
        lane: output.lane.as_str(),
        duration_ms: milliseconds(output.duration),
        request_id: incoming.request_id.to_string(),
    }))
}

async fn run(
    shared: &Shared,
    incoming: &Incoming,
    tool: &str,
    Arguments { members, exact }: Arguments,
) -> Result<Output, Problem> {
    // Dropping this future, as the server does when the connection closes, cancels too.
    let cancel = CancellationToken::new();
    let _gone = cancel.clone().drop_guard();
    let context = RequestContext {
        caller: incoming.caller.clone(),
        request_id: incoming.request_id.clone(),
        cancel,
        client: None,
        deadline: None,
        traceparent: incoming.traceparent.clone(),
        depth: 0,
        exact,
    };
    let called = shared.router.call_tool(context, tool, members).await;
    called.map_err(|error| Problem::from(&error).request(&incoming.request_id))
}

#[derive(Deserialize)]
pub(super) struct Execute {
    tool: String,
    #[serde(default)]
    args: Arguments,
}

/// The form of older clients: the structured result itself, or the text under `result`, with `_runtime` and
/// `_duration_ms` beside it.
pub(super) async fn execute(
    State(shared): State<Arc<Shared>>,
    Extension(incoming): Extension<Arc<Incoming>>,
    Input(call): Input<Execute>,
) -> Result<Json<Value>, Problem> {
    let output = run(&shared, &incoming, &call.tool, call.args).await?;
    let (lane, duration, is_error) = (output.lane.as_str(), milliseconds(output.duration), output.is_error);
    let mut answer = match output.structured {
        Some(Value::Object(object)) => object,
        Some(other) => Map::from_iter([("result".to_owned(), other)]),
        None => Map::from_iter([("result".to_owned(), plain(convert::blocks(output.content, None)))]),
    };
    answer.insert("_runtime".to_owned(), lane.into());
    answer.insert("_duration_ms".to_owned(), duration);
    if is_error {
        answer.insert("_error".to_owned(), true.into());
    }
    Ok(Json(Value::Object(answer)))
}

/// A single text as itself, anything else as blocks.
fn plain(blocks: Vec<rmcp::model::ContentBlock>) -> Value {
    match blocks.as_slice() {
        [block] if block.as_text().is_some() => {
            block.as_text().map(|text| text.text.as_str().into()).unwrap_or_default()
        }
        _ => json!(blocks),
    }
}
