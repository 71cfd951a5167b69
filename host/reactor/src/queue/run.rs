//! One task on this host: its tool is called as any other, and what came of it becomes the task's outcome.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value, json};
use tandem_engine::{Caller, InvokeError, InvokeOutput};
use tandem_store::tasks::{Leased, MAX_RESULT, Outcome};
use tokio_util::sync::CancellationToken;

use super::Told;
use crate::{core::Core, tools::ToolCall};

/// Runs the tool for `caller` and answers the outcome. `told` takes its progress.
pub(super) async fn run(
    core: &Core,
    caller: Caller,
    task: &Leased,
    cancel: CancellationToken,
    told: Arc<Told>,
) -> Outcome {
    let arguments: Map<String, Value> = match serde_json::from_str(&task.arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            return Outcome::Fatal { error: format!("invalid_argument: the arguments are no object: {error}") };
        }
    };
    let Ok(tools) = core.tools() else { return Outcome::Release };
    let call = ToolCall {
        caller,
        request_id: format!("{}/{}", task.lease.id, task.attempt).into(),
        tool: task.tool.clone(),
        arguments,
        deadline: Duration::from_secs(task.timeout_s.into()),
        cancel: cancel.clone(),
        client: Some(told.clone()),
    };
    let answer = tools.call(call).await;
    if told.is_released() && answer.is_err() {
        return Outcome::Release;
    }
    match answer {
        Ok(output) => settled(core, output).await,
        Err(error) => failed(error, &cancel),
    }
}

/// The structured result where the tool gives one, its content otherwise.
async fn settled(core: &Core, output: InvokeOutput) -> Outcome {
    let result = output.structured.unwrap_or_else(|| format!(r#"{{"content":{}}}"#, output.content));
    if output.is_error {
        return Outcome::Retry { error: format!("failed: {}", first_text(&output.content)), delay: None };
    }
    let most = core.settings.max_result;
    if result.len() > most {
        let error = format!(
            "limit_exceeded: the result has {} bytes, over the limit of {most}; let the tool save it and answer where, or raise p2p.task-queue.max-result",
            result.len()
        );
        return Outcome::Fatal { error };
    }
    if result.len() <= MAX_RESULT {
        return Outcome::done(result);
    }
    // It takes milliseconds, which the network should not wait for.
    let named = core.general.spawn_blocking(move || named(&result)).await;
    named.unwrap_or_else(|error| Outcome::Retry { error: format!("failed: {error}"), delay: None })
}

/// A large result in its canonical form, by its content id.
fn named(result: &str) -> Outcome {
    let canonical = serde_json::from_str::<Value>(result).map(|value| tandem_manifest::canonical_json(&value));
    let Some(content) = canonical.ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Outcome::Fatal { error: "bad_output: the result is no JSON".to_owned() };
    };
    Outcome::done(content)
}

fn first_text(content: &str) -> String {
    let blocks: Value = serde_json::from_str(content).unwrap_or_else(|_| json!([]));
    let text = blocks.as_array().and_then(|blocks| blocks.iter().find_map(|block| block["text"].as_str()));
    text.unwrap_or("the tool says that it failed").to_owned()
}

/// What may be better at another time, or on another host, is tried again as the task's policy says.
fn failed(error: InvokeError, cancel: &CancellationToken) -> Outcome {
    if cancel.is_cancelled() {
        return Outcome::Fatal { error: "cancelled".to_owned() };
    }
    match error {
        InvokeError::NotFound(text) => Outcome::Fatal { error: format!("not_found: {text}") },
        InvokeError::Denied(text) => Outcome::Fatal { error: format!("unauthorized: {text}") },
        InvokeError::InvalidArguments(text) => Outcome::Fatal { error: format!("invalid_argument: {text}") },
        InvokeError::LimitExceeded(text) => Outcome::Retry { error: format!("limit_exceeded: {text}"), delay: None },
        InvokeError::Unavailable(text) => Outcome::Retry { error: format!("unavailable: {text}"), delay: None },
        InvokeError::Timeout => {
            Outcome::Retry { error: "timeout: the tool did not end in time".to_owned(), delay: None }
        }
        InvokeError::Other(text) => Outcome::Retry { error: format!("failed: {text}"), delay: None },
    }
}
