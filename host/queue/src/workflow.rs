//! A workflow's head, its journal and its coordinator's lease. What the events mean is the coordinator's affair:
//! the state of a workflow is a fold of them; the head repeats what lists need.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tandem_types::Access;

use super::{NewTask, Timestamp, WorkflowId};

/// Where a workflow is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkflowState {
    /// Nothing of it has started.
    Pending,
    /// Some of it has.
    Running,
    /// All of it ended well.
    Succeeded,
    /// It ended badly.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl std::fmt::Display for WorkflowState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

impl WorkflowState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// It will not change any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// An event to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What happened, in a word.
    pub kind: String,
    /// All of it, a JSON text.
    pub body: String,
    /// Its content address, when it has one.
    pub cid: Option<String>,
}

/// An event of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its place, from 1, without gaps.
    pub seq: u64,
    /// When it was written, by the store's clock.
    pub at: Timestamp,
    /// What happened, in a word.
    pub kind: String,
    /// All of it, a JSON text.
    pub body: String,
    /// Its content address, when it has one.
    pub cid: Option<String>,
}

/// A workflow to be started.
#[derive(Clone, Debug, PartialEq)]
pub struct NewWorkflow {
    /// Made by the caller.
    pub id: WorkflowId,
    /// Whose it is.
    pub tenant: String,
    /// Who asked, within the tenant.
    pub subject: String,
    /// What it is called.
    pub name: String,
    /// Labels to list it by.
    pub tags: Vec<String>,
    /// The same key in the same tenant gives the first workflow again.
    pub idempotency_key: Option<String>,
    /// Its first events; their bodies and the name are the content that the key stands for.
    pub events: Vec<NewEvent>,
    /// Its first tasks.
    pub then: Vec<NewTask>,
    /// The W3C `traceparent` of who submits it, within which its steps run. It is no part of what the key stands for.
    pub trace: Option<String>,
    /// What who submits it may call, as its steps may; none: the tool of each. It is no part of what the key stands for.
    pub access: Option<Access>,
}

/// What became of a workflow that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// It is there, with its events and tasks.
    Created,
    /// It was there already, by its idempotency key or its id, with the same content.
    Existing {
        /// The first one's id.
        id: WorkflowId,
        /// The first one's state now.
        state: WorkflowState,
    },
    /// The idempotency key or the id is taken by one with another content.
    Conflict,
    /// One of the tasks has the id or idempotency key of one with another content.
    TaskConflict(super::TaskId),
    /// The tenant has no room for it; which cap is named.
    QuotaExceeded(String),
}

/// The lease of a workflow's coordinator, as it shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowLease {
    /// The coordinator's name.
    pub worker: String,
    /// The fence of its claim.
    pub fence: u64,
}

/// A workflow whose coordinator one has become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedWorkflow {
    /// The workflow.
    pub id: WorkflowId,
    /// Whose it is.
    pub tenant: String,
    /// The lease.
    pub lease: WorkflowLease,
    /// When it ends, by the store's clock.
    pub until: Timestamp,
    /// How long from now that is.
    pub lease_for: Duration,
    /// The last event's place.
    pub seq: u64,
}

/// An addition to a journal: all of it or nothing.
#[derive(Clone, Debug)]
pub struct Append {
    /// To which.
    pub workflow: WorkflowId,
    /// The place of the last event that the writer knows.
    pub expect_seq: u64,
    /// The coordinator's lease; none for who only asks for something, such as a cancellation.
    pub lease: Option<WorkflowLease>,
    /// What happened.
    pub events: Vec<NewEvent>,
    /// Tasks that follow from it.
    pub then: Vec<NewTask>,
    /// The workflow's state from then on.
    pub state: Option<WorkflowState>,
}

/// The answer to an addition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is written; this is the last event's place.
    At(u64),
    /// Somebody wrote before: read from `expect_seq` on, fold and try again.
    SeqConflict {
        /// The last event's place.
        current: u64,
    },
    /// The lease ended or is another's.
    Stale,
    /// The workflow had ended.
    Terminal(WorkflowState),
    /// One of the tasks has the id or idempotency key of one with another content.
    TaskConflict(super::TaskId),
    /// There is no such workflow.
    NotFound,
}

/// Which workflows of a tenant; what is none or empty does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorkflowFilter {
    /// Whose.
    pub tenant: String,
    /// In one of these states.
    pub states: Vec<WorkflowState>,
    /// With this label.
    pub tag: Option<String>,
}

/// A workflow's head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkflowRow {
    /// Its id.
    pub id: WorkflowId,
    /// Whose it is.
    pub tenant: String,
    /// Who asked.
    pub subject: String,
    /// What it is called.
    pub name: String,
    /// Where it is in its life.
    pub state: WorkflowState,
    /// Labels.
    pub tags: Vec<String>,
    /// Its idempotency key.
    pub idempotency_key: Option<String>,
    /// When it came.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The last event's place.
    pub seq: u64,
    /// Who coordinates it or did last.
    pub coordinator: Option<String>,
    /// The fence of the coordinator's claim; 0 before the first.
    pub fence: u64,
    /// When that lease ends.
    pub lease_until: Option<Timestamp>,
    /// The W3C `traceparent` of who submitted it.
    pub trace: Option<String>,
    /// What who submitted it may call; none: the tool of each step.
    pub access: Option<Access>,
}
