//! How values are written: states as numbers, times as milliseconds, and rows read column after column.

use rusqlite::{Row, types::FromSql};
use tandem_store::StoreError;
use tandem_types::Access;

use crate::{RetryKind, StepRef, TaskState, Timestamp, WorkflowId, WorkflowState};

pub(super) const SCHEDULED: i64 = 0;
pub(super) const READY: i64 = 1;
pub(super) const LEASED: i64 = 2;
pub(super) const RETRYING: i64 = 3;
/// Terminal states start here.
pub(super) const SUCCEEDED: i64 = 4;
pub(super) const FAILED: i64 = 5;
pub(super) const DEAD: i64 = 6;
pub(super) const CANCELLED: i64 = 7;

pub(super) const fn state_code(state: TaskState) -> i64 {
    match state {
        TaskState::Scheduled => SCHEDULED,
        TaskState::Ready => READY,
        TaskState::Leased => LEASED,
        TaskState::Retrying => RETRYING,
        TaskState::Succeeded => SUCCEEDED,
        TaskState::Failed => FAILED,
        TaskState::Dead => DEAD,
        TaskState::Cancelled => CANCELLED,
    }
}

/// What cannot be read allows no more than a row without it.
pub(super) fn access(text: Option<String>) -> Option<Access> {
    serde_json::from_str(&text?).ok()
}

pub(super) fn state(code: i64) -> Result<TaskState, StoreError> {
    TaskState::ALL.into_iter().find(|state| state_code(*state) == code).ok_or_else(|| unreadable("a task's state"))
}

pub(super) const fn workflow_state_code(state: WorkflowState) -> i64 {
    match state {
        WorkflowState::Pending => 0,
        WorkflowState::Running => 1,
        WorkflowState::Succeeded => 2,
        WorkflowState::Failed => 3,
        WorkflowState::Cancelled => 4,
    }
}

pub(super) fn workflow_state(code: i64) -> Result<WorkflowState, StoreError> {
    let found = WorkflowState::ALL.into_iter().find(|state| workflow_state_code(*state) == code);
    found.ok_or_else(|| unreadable("a workflow's state"))
}

pub(super) const fn retry_code(kind: RetryKind) -> i64 {
    match kind {
        RetryKind::None => 0,
        RetryKind::Linear => 1,
        RetryKind::Exponential => 2,
    }
}

/// What cannot be read is not tried again.
pub(super) const fn retry_kind(code: i64) -> RetryKind {
    match code {
        1 => RetryKind::Linear,
        2 => RetryKind::Exponential,
        _ => RetryKind::None,
    }
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

pub(super) fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

pub(super) fn millis(time: Timestamp) -> i64 {
    signed(time.millis())
}

pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(unsigned(millis))
}

pub(super) fn strings(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_default()
}

pub(super) fn unreadable(what: &str) -> StoreError {
    StoreError::Database(rusqlite::Error::ToSqlConversionFailure(format!("{what} cannot be read").into()))
}

/// Reads a row's columns one after the other.
pub(super) struct Columns<'a, 'r> {
    row: &'a Row<'r>,
    at: usize,
}

impl<'a, 'r> Columns<'a, 'r> {
    pub(super) const fn of(row: &'a Row<'r>) -> Self {
        Self { row, at: 0 }
    }

    pub(super) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let value = self.row.get(self.at);
        self.at += 1;
        value
    }

    pub(super) fn time(&mut self) -> rusqlite::Result<Option<Timestamp>> {
        Ok(self.next::<Option<i64>>()?.map(time))
    }

    pub(super) fn unsigned(&mut self) -> rusqlite::Result<u64> {
        self.next().map(unsigned)
    }

    pub(super) fn small(&mut self) -> rusqlite::Result<u32> {
        self.next().map(small)
    }
}

/// The columns `workflow` and `step`.
pub(super) fn step(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Option<StepRef>> {
    let (workflow, step): (Option<[u8; 16]>, Option<String>) = (columns.next()?, columns.next()?);
    Ok(workflow.zip(step).map(|(id, step)| StepRef { workflow: WorkflowId::from_bytes(id), step }))
}
