//! From what became of a step's task to what happened to the step.

use tandem_queue::{FailureCode, StoredTask, TaskFailure, TaskResult, TaskState};
use tandem_workflow::{Body, MAX_INLINE_RESULT, Output, StepError};

/// A step's fences rise over its attempts, each of which is a task with fences from 1. The sum is exact in JSON (2^53): there are
/// at most 100 attempts, and a task is claimed at most 10,000 times.
pub(super) fn step_fence(attempt: u32, fence: u64) -> u64 {
    (u64::from(attempt) << 32) + fence
}

/// A worker claimed the step's task with this fence of its own, and began with it.
pub(super) fn begun(step: &str, attempt: u32, peer: &str, fence: u64, at: u64) -> Vec<(Body, u64)> {
    let (step, fence) = (step.to_owned(), step_fence(attempt, fence));
    let claimed = Body::Claimed { step: step.clone(), attempt, peer: peer.to_owned(), fence };
    vec![(claimed, at), (Body::Started { step, fence }, at)]
}

/// What happened, each with when, in milliseconds since the Unix epoch; nothing while the task has not ended. `known` is the
/// fence of the step's newest claim in the journal.
pub(super) fn bodies(step: &str, attempt: u32, known: u64, task: &StoredTask) -> Vec<(Body, u64)> {
    let row = &task.row;
    if !row.state.is_terminal() {
        return Vec::new();
    }
    let ended = row.finished_at.unwrap_or(row.created_at).millis();
    let begun = row.started_at.map_or(ended, tandem_queue::Timestamp::millis);
    let mut bodies = Vec::new();
    let (at, fence) = (begun, step_fence(attempt, row.fence));
    if let (Some(peer), true) = (&row.worker, row.fence > 0 && known < fence) {
        bodies = self::begun(step, attempt, peer, row.fence, at);
    }
    let step = step.to_owned();
    let fence_of = (row.fence > 0).then_some(fence);
    let failed = |step, error: StepError, r#final| Body::Failed { step, fence: fence_of, error, r#final };
    let failure = row.failure.clone().unwrap_or_else(|| TaskFailure {
        retryable: true,
        ..TaskFailure::new(FailureCode::Failed, "the tool did not say why")
    });
    let error = StepError::new(failure.code.name(), &failure.message);
    let last = match (row.state, &task.result) {
        (TaskState::Succeeded, Some(TaskResult::Inline(text))) => match serde_json::from_str(text) {
            Ok(result) => match Output::of(result) {
                output @ Output::Inline(_) => Body::Completed { step, fence, output },
                // Numbers may be longer there than as the tool wrote them.
                Output::Content(_) => {
                    let error = format!("in its canonical form the result has over {MAX_INLINE_RESULT} bytes");
                    failed(step, StepError::new("bad_output", &error), true)
                }
            },
            Err(_) => failed(step, StepError::new("bad_output", "the result is not JSON"), true),
        },
        (TaskState::Succeeded, Some(TaskResult::Cid(cid))) => match cid.parse() {
            Ok(content) => Body::Completed { step, fence, output: Output::Content(content) },
            Err(_) => failed(step, StepError::new("bad_output", "the result's content id is none of ours"), true),
        },
        (TaskState::Succeeded, _) => failed(step, StepError::new("bad_output", "there is no result"), true),
        (TaskState::Cancelled, _) => failed(step, StepError::new("cancelled", "its task was cancelled"), true),
        // A lost lease is no fault of the tool.
        _ if row.fence > 0 && failure.code == FailureCode::LeaseExpired => Body::Expired { step, fence },
        // Its attempts are the workflow's: the task had one.
        _ => failed(step, error, !failure.retryable),
    };
    bodies.push((last, ended));
    bodies
}
