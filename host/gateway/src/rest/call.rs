//! Single calls. The guest stops when the client closes its connection: the server drops the work with it.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};
use rmcp::model::ContentBlock;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tandem_engine::CallContext;
use tandem_router::{Arguments, Output};
use tokio_util::sync::CancellationToken;

use super::input::Input;
use crate::{
    incoming::Incoming,
    mcp::{convert, result::milliseconds},
    problem::Problem,
    results::ResultPolicy,
    state::AppState,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    #[serde(default)]
    arguments: Arguments,
}

/// The answer to a call.
#[derive(Serialize)]
struct Answer {
    content: Vec<ContentBlock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured: Option<Value>,
    is_error: bool,
    lane: &'static str,
    duration_ms: Value,
    request_id: String,
}

pub(super) async fn call(
    State(shared): State<Arc<AppState>>,
    Extension(incoming): Extension<Arc<Incoming>>,
    Path(tool): Path<String>,
    Input(call): Input<Call>,
) -> Result<Response, Problem> {
    let output = run(&shared, &incoming, &tool, call.arguments).await?;
    let request_id = incoming.request_id.to_string();
    let answer = move |output: Output| Answer {
        content: convert::blocks(output.content, output.structured.as_ref()),
        structured: output.structured,
        is_error: output.is_error,
        lane: output.lane.as_str(),
        duration_ms: milliseconds(output.duration),
        request_id,
    };
    written(&shared, &incoming, output, answer).await
}

/// The response with what `answer` makes of an output. What is large is written, and its parts are freed, apart from the threads
/// that serve.
async fn written<T: Serialize>(
    shared: &AppState,
    incoming: &Incoming,
    output: Output,
    answer: impl FnOnce(Output) -> T + Send + 'static,
) -> Result<Response, Problem> {
    let bytes = output.bytes();
    let write = move || serde_json::to_vec(&answer(output));
    let written = shared.router.answer_on(&incoming.caller, bytes, write).await;
    let json = written.map_err(|error| Problem::from(&error).request(&incoming.request_id))?.map_err(|error| {
        let detail = format!("the answer cannot be written as JSON: {error}");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).request(&incoming.request_id)
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from(json)).into_response())
}

async fn run(shared: &AppState, incoming: &Incoming, tool: &str, arguments: Arguments) -> Result<Output, Problem> {
    // Dropping this future, as the server does when the connection closes, cancels too.
    let cancel = CancellationToken::new();
    let _gone = cancel.clone().drop_guard();
    let cx = CallContext {
        cancel,
        traceparent: incoming.traceparent.clone(),
        ..CallContext::new(incoming.request_id.clone(), incoming.caller.clone())
    };
    let arguments = match &shared.results {
        Some(results) => {
            let policy = ResultPolicy::new(results, None);
            match policy.resolve(&shared.router, &incoming.caller, tool, arguments).await {
                Ok(arguments) => arguments,
                Err(error) => {
                    let error = shared.router.refuse(&cx, tool, error).await;
                    return Err(Problem::from(&error).request(&incoming.request_id));
                }
            }
        }
        None => arguments,
    };
    let called = shared.router.call_tool(cx, tool, arguments).await;
    called.map_err(|error| Problem::from(&error).request(&incoming.request_id))
}

#[derive(Deserialize)]
pub(super) struct Execute {
    #[serde(alias = "tool_name")]
    tool: String,
    #[serde(default, alias = "parameters", alias = "params", alias = "arguments")]
    args: Arguments,
}

/// The form of older clients: the structured result itself, or the text under `result`, with `_runtime` and
/// `_duration_ms` beside it, and a `status` where the result has none.
pub(super) async fn execute(
    State(shared): State<Arc<AppState>>,
    Extension(incoming): Extension<Arc<Incoming>>,
    Input(call): Input<Execute>,
) -> Result<Response, Problem> {
    let output = run(&shared, &incoming, &call.tool, call.args).await?;
    written(&shared, &incoming, output, flat).await
}

fn flat(output: Output) -> Map<String, Value> {
    let (lane, duration, is_error) = (output.lane.as_str(), milliseconds(output.duration), output.is_error);
    let mut answer = match output.structured {
        Some(Value::Object(object)) => object,
        Some(other) => Map::from_iter([("result".to_owned(), other)]),
        None => Map::from_iter([("result".to_owned(), plain(convert::blocks(output.content, None)))]),
    };
    answer.insert("_runtime".to_owned(), lane.into());
    answer.insert("_duration_ms".to_owned(), duration);
    // A tool that has a word of its own for it keeps it.
    let status = if is_error { "error" } else { "success" };
    answer.entry("status").or_insert_with(|| status.into());
    if is_error {
        answer.insert("_error".to_owned(), true.into());
    }
    answer
}

/// A single text as itself, anything else as blocks.
fn plain(blocks: Vec<ContentBlock>) -> Value {
    match blocks.as_slice() {
        [block] if block.as_text().is_some() => {
            block.as_text().map(|text| text.text.as_str().into()).unwrap_or_default()
        }
        _ => json!(blocks),
    }
}
