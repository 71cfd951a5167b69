//! Why a workflow cannot be coordinated.

use tandem_queue::{TaskId, TaskStoreError, WorkflowState};
use tandem_workflow::{FoldError, LogError, PlanError};
use tokio::task::JoinError;

/// Why a journal is not read or written, or its workflow does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum JournalError {
    #[error(transparent)]
    Store(#[from] TaskStoreError),
    /// The work on the general lane came to no end.
    #[error(transparent)]
    General(#[from] JoinError),
    #[error("its journal does not begin with a plan")]
    NoPlan,
    #[error("its plan is broken: {0}")]
    BrokenPlan(#[source] serde_json::Error),
    #[error("its plan cannot be read: {0}")]
    UnreadablePlan(#[source] serde_json::Error),
    #[error("its plan is not valid any more: {0}")]
    InvalidPlan(#[source] PlanError),
    #[error("an event of its journal cannot be read: {0}")]
    UnreadableEvent(#[source] serde_json::Error),
    #[error("its journal does not verify: {0}")]
    Unverified(#[source] LogError),
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// An event is none that a log takes.
    #[error(transparent)]
    Append(LogError),
    #[error(transparent)]
    Encode(serde_json::Error),
    #[error("its lease is another's")]
    Stale,
    #[error("its lease ended")]
    LeaseEnded,
    #[error("it has ended: {0}")]
    Terminal(WorkflowState),
    #[error("its task {0} exists already with another content")]
    TaskConflict(TaskId),
    #[error("the task {id} of step `{step}` is gone")]
    TaskGone { id: TaskId, step: String },
    #[error("it is gone")]
    Gone,
}
