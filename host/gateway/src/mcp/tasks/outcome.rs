//! The outcome of a task: how its run ended, as the store keeps it and as the protocol shows it.

use rmcp::model::{CallToolResult, ErrorData};
use serde_json::{Value, json};
use tandem_queue::{FailureCode, MAX_ERROR, Outcome, TaskFailure};

use super::running::{RunningTask, Stop};
use crate::mcp::errors;

/// How a run that ended so counts. `most` is the size of the largest result that is kept.
pub(super) async fn outcome(live: &RunningTask, result: Result<CallToolResult, ErrorData>, most: usize) -> Outcome {
    // What ended well although it was told to stop has ended well.
    let well = result.as_ref().is_ok_and(|result| result.is_error != Some(true));
    match live.why().filter(|_| !well) {
        Some(Stop::Cancelled) => {
            return Outcome::fatal(FailureCode::Cancelled, "the task was cancelled while it ran");
        }
        Some(Stop::Lost) => return Outcome::Release,
        Some(Stop::Host) if live.again => return Outcome::Release,
        Some(Stop::Host) => return fatal(&errors::interrupted("the host was stopped while the task ran")),
        None => {}
    }
    match result {
        Ok(result) => completed(result, most).await,
        Err(error) => fatal(&error),
    }
}

/// A result, whether the tool says that it failed or not.
async fn completed(result: CallToolResult, most: usize) -> Outcome {
    // A large one takes milliseconds, for which other calls should not wait.
    let content = tokio::task::spawn_blocking(move || String::from_utf8(tandem_types::canonical_json(&result))).await;
    match content {
        Ok(Ok(content)) if content.len() > most => fatal(&errors::task_result(content.len(), most)),
        Ok(Ok(content)) => Outcome::done(content),
        Ok(Err(error)) => lost(&error),
        Err(error) => lost(&error),
    }
}

fn lost(error: &impl std::fmt::Display) -> Outcome {
    fatal(&ErrorData::internal_error(format!("the result is lost: {error}"), None))
}

/// The error of a request, as its task keeps it: whole, as the failure's detail. Its data goes where they are too long for that.
fn fatal(error: &ErrorData) -> Outcome {
    let whole = serde_json::to_string(error).ok().filter(|text| text.len() <= MAX_ERROR);
    let detail = whole.unwrap_or_else(|| {
        let message: String = error.message.chars().take(MAX_ERROR / 8).collect();
        json!({"code": error.code.0, "message": message}).to_string()
    });
    let failure = TaskFailure::new(FailureCode::Failed, error.message.clone());
    Outcome::Fatal { failure: TaskFailure { detail: Some(detail), ..failure } }
}

/// The error of a task that failed.
pub(super) fn error_of(failure: Option<&TaskFailure>) -> serde_json::Map<String, Value> {
    let detail = failure.and_then(|failure| failure.detail.as_deref());
    let kept = detail.and_then(|text| serde_json::from_str::<ErrorData>(text).ok());
    let error = match (kept, failure.map(|failure| (failure.code, &failure.message))) {
        (Some(error), _) => error,
        // The store had no room for its result.
        (None, Some((FailureCode::LimitExceeded, message))) => errors::task_bytes(message),
        (None, Some((FailureCode::LeaseExpired, _))) => errors::interrupted("the host ended while the task ran"),
        (None, Some((_, message))) => ErrorData::internal_error(message.clone(), None),
        (None, None) => ErrorData::internal_error("the task failed", None),
    };
    match serde_json::to_value(error) {
        Ok(Value::Object(error)) => error,
        _ => serde_json::Map::new(),
    }
}
