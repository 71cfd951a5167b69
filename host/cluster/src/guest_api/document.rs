//! Documents of guests, read strictly, and the texts of answers.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tandem_queue::{
    SqliteTasks, StoredTask, TaskId, TaskState, TaskStore as _, TaskStoreError, Timestamp, WorkflowState,
};
use tandem_types::Caller;

use crate::{error::P2pError, tools::ToolInfo};

/// What a function answers.
pub(super) type Answer = Result<Value, P2pError>;

/// Reads a document; what does not fit is named.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, P2pError> {
    serde_json::from_str(text).map_err(|error| P2pError::InvalidArgument(error.to_string()))
}

/// The text of a JSON object, as it was given.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, P2pError> {
    read(text)
}

/// An id. One that is none names nothing.
pub(super) fn id<T: std::str::FromStr<Err = TaskStoreError>>(text: &str) -> Result<T, P2pError> {
    text.parse().map_err(|error: TaskStoreError| P2pError::InvalidArgument(error.to_string()))
}

pub(super) fn no_task(id: &str) -> P2pError {
    P2pError::NotFound(format!("you have no task {id}"))
}

/// A task of the caller's tenant.
pub(super) async fn find_task(tasks: &SqliteTasks, caller: &Caller, text: &str) -> Result<StoredTask, P2pError> {
    let found = tasks.get(&caller.tenant, id::<TaskId>(text)?).await?;
    found.ok_or_else(|| no_task(text))
}

pub(super) fn system_time(at: SystemTime) -> String {
    DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(super) fn in_future(by: Duration) -> String {
    system_time(SystemTime::now() + by)
}

pub(super) fn timestamp(text: &str) -> Result<Timestamp, P2pError> {
    let wrong = |why: &dyn std::fmt::Display| P2pError::InvalidArgument(format!("`run_at`: `{text}`: {why}"));
    let at = DateTime::parse_from_rfc3339(text).map_err(|error| wrong(&error))?;
    let at = u64::try_from(at.timestamp_millis()).map_err(|_| wrong(&"it is before 1970"))?;
    Ok(Timestamp::from_millis(at))
}

/// An attempt may not take as long as was asked for.
pub(super) fn too_long(info: &ToolInfo, asked: u64) -> String {
    let most = info.deadline.as_secs_f64();
    format!(
        "`timeout_s` of {asked} s is longer than the deadline of `{}`, {most} s; ask for less or leave it out, or let the operator \
         raise `deadline` in the limits of its plugin",
        info.name
    )
}

/// The spec's word for a state.
pub(super) fn state(state: TaskState) -> &'static str {
    match state {
        TaskState::Scheduled | TaskState::Ready | TaskState::Retrying => "queued",
        TaskState::Leased => "running",
        TaskState::Succeeded => "completed",
        TaskState::Failed => "failed",
        TaskState::Cancelled => "cancelled",
        TaskState::Dead => "dead",
    }
}

/// The store's states behind the spec's word.
pub(super) fn states(word: &str) -> Result<Vec<TaskState>, P2pError> {
    let states: Vec<_> = TaskState::ALL.into_iter().filter(|known| state(*known) == word).collect();
    if states.is_empty() {
        let known = "queued, running, completed, failed, cancelled, dead";
        return Err(P2pError::InvalidArgument(format!("`{word}` is not a task state; use one of {known}")));
    }
    Ok(states)
}

pub(super) fn workflow_state(state: WorkflowState) -> &'static str {
    match state {
        WorkflowState::Pending => "pending",
        WorkflowState::Running => "running",
        WorkflowState::Succeeded => "succeeded",
        WorkflowState::Failed => "failed",
        WorkflowState::Cancelled => "cancelled",
    }
}

pub(super) fn workflow_states(word: &str) -> Result<Vec<WorkflowState>, P2pError> {
    let found: Vec<_> = WorkflowState::ALL.into_iter().filter(|known| workflow_state(*known) == word).collect();
    if found.is_empty() {
        let known = "pending, running, succeeded, failed, cancelled";
        return Err(P2pError::InvalidArgument(format!("`{word}` is not a workflow state; use one of {known}")));
    }
    Ok(found)
}

/// A text that stands for the place where a list goes on.
pub(super) fn cursor(next: tandem_queue::Cursor) -> String {
    format!("{:x}", next.0)
}

pub(super) fn read_cursor(text: Option<&str>) -> Result<Option<tandem_queue::Cursor>, P2pError> {
    let wrong = || P2pError::InvalidArgument("`cursor` is the `next_cursor` of the page before".to_owned());
    text.map(|text| u64::from_str_radix(text, 16).map(tandem_queue::Cursor).map_err(|_| wrong())).transpose()
}
