//! From the rows of the task store to what the protocol shows.

use std::time::Duration;

use rmcp::model::{DetailedTask, JsonObject, Task, TaskPayload, TaskStatus};
use tandem_queue::{Progress, StoredTask, TaskId, TaskState, Timestamp};

use super::{outcome::error_of, running::RunningTask};

/// How often a client should ask: a task takes seconds at least, and asking costs one read.
const POLL: Duration = Duration::from_secs(1);

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A task that has just begun.
pub(super) fn begun(id: TaskId, at: Timestamp, keep: Duration) -> Task {
    let at = time(at);
    Task::new(id.to_string(), TaskStatus::Working, at.clone(), at)
        .with_ttl_ms(millis(keep))
        .with_poll_interval_ms(millis(POLL))
}

/// A task as it is stored, and as it runs here if it does. `result` is that of one which ended well.
pub(super) fn detailed(
    stored: &StoredTask,
    live: Option<&RunningTask>,
    result: Option<JsonObject>,
    keep: Duration,
) -> DetailedTask {
    let row = &stored.row;
    let payload = match row.state {
        TaskState::Succeeded => TaskPayload::Completed { result: result.unwrap_or_default() },
        TaskState::Failed | TaskState::Dead => TaskPayload::Failed { error: error_of(row.failure.as_ref()) },
        TaskState::Cancelled => TaskPayload::Cancelled,
        TaskState::Scheduled | TaskState::Ready | TaskState::Leased | TaskState::Retrying => {
            let questions = live.map(RunningTask::questions).unwrap_or_default();
            match questions.is_empty() {
                true => TaskPayload::Working,
                false => TaskPayload::InputRequired { input_requests: questions },
            }
        }
    };
    let running = live.filter(|_| !row.state.is_terminal()).map(RunningTask::progress);
    let (progress, changed) = running.unwrap_or((None, row.finished_at.or(row.started_at).unwrap_or(row.created_at)));
    let mut task =
        Task::new(row.id.to_string(), payload.status(), time(row.created_at), time(changed.max(row.created_at)));
    task.status_message = match row.state {
        TaskState::Cancelled => row.cancel_reason.clone(),
        state if state.is_terminal() => None,
        _ => progress.or_else(|| row.progress.clone()).as_ref().map(words),
    };
    // One that has ended is kept for so long from then on.
    task.ttl_ms = Some(millis(row.expires_at.map_or(keep, |expires| expires.since(row.created_at))));
    task.poll_interval_ms = Some(millis(POLL));
    DetailedTask::new(task, payload)
}

fn words(progress: &Progress) -> String {
    let far = match progress.total {
        Some(total) => format!("{} of {total}", progress.current),
        None => progress.current.to_string(),
    };
    match progress.message.as_deref().filter(|message| !message.is_empty()) {
        Some(message) => format!("{far}: {message}"),
        None => far,
    }
}

/// A time as the protocol writes it.
fn time(at: Timestamp) -> String {
    let at = i64::try_from(at.millis()).ok().and_then(chrono::DateTime::<chrono::Utc>::from_timestamp_millis);
    at.unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
