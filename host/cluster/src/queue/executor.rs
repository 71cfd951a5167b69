//! One task on this host: its tool is called as any other, and what came of it becomes the task's outcome.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value, json};
use tandem_engine::{CallContext, InvokeError, ToolAnswer, traceparent};
use tandem_queue::{FailureCode, Leased, MAX_RESULT, Outcome};
use tandem_types::{Caller, exact::Arguments};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{
    tools::{ToolCall, ToolInfo, Tools},
    worker::ProgressSink,
};

/// Bytes of an answer that is written at once, on the reactor's thread: some ten microseconds.
const SMALL: usize = 16 << 10;

/// See the module.
pub(super) struct Executor {
    pub(super) tools: Arc<dyn Tools>,
    /// Where large answers are written as JSON.
    pub(super) general: Handle,
    /// Bytes of a task's result.
    pub(super) max_result: usize,
}

impl Executor {
    /// Runs the tool for `caller` and answers the outcome. `progress` takes what it says of itself.
    pub(super) async fn run(
        &self,
        caller: Caller,
        task: &Leased,
        cancel: CancellationToken,
        progress: Arc<ProgressSink>,
    ) -> Outcome {
        let arguments: Map<String, Value> = match serde_json::from_str(&task.arguments) {
            Ok(arguments) => arguments,
            Err(error) => {
                return Outcome::fatal(
                    FailureCode::InvalidArgument,
                    format!("the arguments are not an object: {error}"),
                );
            }
        };
        let info = self.tools.info(&caller, &task.tool);
        let request_id = format!("{}/{}", task.lease.id, task.attempt).into();
        let cx = CallContext {
            traceparent: task.trace.as_deref().and_then(traceparent),
            cancel: cancel.clone(),
            client: Some(progress.clone()),
            ..CallContext::new(request_id, caller).within(Duration::from_secs(task.timeout_s.into()))
        };
        // A task's arguments are stored as values.
        let call = ToolCall { cx, tool: task.tool.clone(), arguments: Arguments { members: arguments, exact: None } };
        let answer = self.tools.call(call).await;
        if progress.is_released() && answer.is_err() {
            return interrupted(task, info.as_ref());
        }
        match answer {
            Ok(output) => self.completed(output).await,
            Err(InvokeError::Timeout) if !cancel.is_cancelled() => {
                Outcome::retry(FailureCode::Timeout, out_of_time(info.as_ref(), task))
            }
            Err(error) => failed(error, &cancel),
        }
    }

    /// The structured result where the tool gives one, its content otherwise.
    async fn completed(&self, answer: ToolAnswer) -> Outcome {
        if answer.is_error {
            return Outcome::retry(FailureCode::Failed, answer.first_text().unwrap_or("the tool says that it failed"));
        }
        let most = self.max_result;
        if answer.bytes(SMALL) <= SMALL {
            return written(&answer, most);
        }
        // It takes milliseconds, which the network should not wait for.
        let written = self.general.spawn_blocking(move || written(&answer, most)).await;
        written.unwrap_or_else(|error| Outcome::retry(FailureCode::Unavailable, error.to_string()))
    }
}

/// The host stopped while the task ran. Where it may run again, another host has it; the attempt does not count.
fn interrupted(task: &Leased, info: Option<&ToolInfo>) -> Outcome {
    if task.max_attempts > 1 || info.is_some_and(|info| info.repeatable) {
        return Outcome::Release;
    }
    let message = "the host stopped while the task ran; it may have had effects, so it is not run again";
    Outcome::retry(FailureCode::Interrupted, message)
}

fn written(answer: &ToolAnswer, most: usize) -> Outcome {
    let result = match &answer.structured {
        Some(structured) => structured.to_string(),
        None => json!({"content": answer.content_json()}).to_string(),
    };
    if result.len() > most {
        let message = format!(
            "the result has {} bytes, over the limit of {most}; let the tool save it and answer where, or raise p2p.task-queue.max-result",
            result.len()
        );
        return Outcome::fatal(FailureCode::LimitExceeded, message);
    }
    if result.len() <= MAX_RESULT { Outcome::done(result) } else { named(&result) }
}

/// A large result in its canonical form, by its content id.
fn named(result: &str) -> Outcome {
    let canonical = serde_json::from_str::<Value>(result).map(|value| tandem_types::canonical_json(&value));
    let Some(content) = canonical.ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Outcome::fatal(FailureCode::BadOutput, "the result is not JSON");
    };
    Outcome::done(content)
}

/// Which of the two limits it was.
fn out_of_time(info: Option<&ToolInfo>, task: &Leased) -> String {
    let asked = Duration::from_secs(task.timeout_s.into());
    match info.map(|info| info.deadline).filter(|deadline| *deadline < asked) {
        Some(deadline) => format!(
            "`{}` did not end within its deadline of {} s on the host that ran it, which is shorter than the task's `timeout_s` \
             of {} s; the operator there sets `deadline` in the limits of its plugin",
            task.tool,
            deadline.as_secs_f64(),
            task.timeout_s
        ),
        None => format!("`{}` did not end within the task's `timeout_s` of {} s", task.tool, task.timeout_s),
    }
}

/// What may be better at another time, or on another host, is tried again as the task's policy says.
fn failed(error: InvokeError, cancel: &CancellationToken) -> Outcome {
    if cancel.is_cancelled() {
        return Outcome::fatal(FailureCode::Cancelled, "the task was cancelled while it ran");
    }
    match error {
        InvokeError::NotFound(text) => Outcome::fatal(FailureCode::NotFound, text),
        InvokeError::Denied(text) => Outcome::fatal(FailureCode::Unauthorized, text),
        InvokeError::InvalidArguments(text) => Outcome::fatal(FailureCode::InvalidArgument, text),
        InvokeError::LimitExceeded(text) => Outcome::retry(FailureCode::LimitExceeded, text),
        InvokeError::Unavailable(text) => Outcome::retry(FailureCode::Unavailable, text),
        InvokeError::Timeout => Outcome::retry(FailureCode::Timeout, "the tool did not end in time"),
        InvokeError::Other(text) => Outcome::retry(FailureCode::Failed, text),
    }
}
