//! A task's run, from the moment that it is one to its outcome.

use std::{sync::Arc, time::Duration};

use rmcp::model::{CallToolResult, ErrorData};
use serde_json::{Value, json};
use tandem_queue::{FailureCode, Finish, LeaseRef, MAX_ERROR, Outcome, TaskFailure, TaskStore as _};
use tracing::Instrument as _;

use super::{
    Tasks,
    live::{Live, Stop},
};
use crate::mcp::{driver::CallDriver, errors};

/// Times that an outcome is handed in while the store is too busy to take it; the lease goes on meanwhile.
const TRIES: u32 = 8;
/// The pause after the first of them; it doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// Drives a task in the background.
pub(super) fn start(tasks: Arc<Tasks>, live: Arc<Live>, driver: Box<CallDriver<CallToolResult>>) {
    let span = tracing::info_span!("mcp.task", task = %live.lease.id);
    let work = async move {
        let _leave = Leave(&tasks, live.lease);
        let ended = driver.in_task(&live).await;
        let outcome = outcome(&tasks, &live, ended).await;
        hand_in(&tasks, &live, outcome).await;
    };
    tokio::spawn(work.instrument(span));
}

/// Takes a task out of those that run, however its run ends.
struct Leave<'a>(&'a Tasks, LeaseRef);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

async fn outcome(tasks: &Tasks, live: &Live, result: Result<CallToolResult, ErrorData>) -> Outcome {
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
        Ok(result) => completed(result, tasks.max_result).await,
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

async fn hand_in(tasks: &Tasks, live: &Live, outcome: Outcome) {
    let mut pause = PAUSE;
    for _ in 0..TRIES {
        match tasks.store.finish(&tasks.worker, vec![(live.lease, outcome.clone())]).await {
            Ok(finished) => {
                match finished.first() {
                    Some(Finish::Applied { state, .. }) => {
                        let state = state.to_string();
                        tracing::info!(state, "a task ended");
                        metrics::counter!("tandem_mcp_tasks_total", "state" => state).increment(1);
                    }
                    _ => tracing::warn!(task = %live.lease.id, "the outcome of a task does not count any more"),
                }
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the outcome of a task was not taken");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
}
