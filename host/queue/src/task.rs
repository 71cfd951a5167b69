//! A task.

use serde::{Deserialize, Serialize};
use tandem_types::Access;

use super::{DEFAULT_PRIORITY, TaskFailure, TaskId, Timestamp, WorkflowId};

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// Waits for its time; shown to callers as queued.
    Scheduled,
    /// Waits for a worker; shown to callers as queued.
    Ready,
    /// A worker has it; shown to callers as running.
    Leased,
    /// An attempt failed, it waits for the next; shown to callers as queued.
    Retrying,
    /// Ended well; shown to callers as completed.
    Succeeded,
    /// Ended by an error after which no further attempt was to be made, or would help.
    Failed,
    /// Was to be tried again, and its attempts are used up.
    Dead,
    /// Ended by a request.
    Cancelled,
}

impl std::fmt::Display for TaskState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Scheduled => "scheduled",
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        })
    }
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Scheduled,
        Self::Ready,
        Self::Leased,
        Self::Retrying,
        Self::Succeeded,
        Self::Failed,
        Self::Dead,
        Self::Cancelled,
    ];

    /// It will not change any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Dead | Self::Cancelled)
    }

    /// It waits, for its time or for a worker.
    #[must_use]
    pub const fn is_queued(self) -> bool {
        matches!(self, Self::Scheduled | Self::Ready | Self::Retrying)
    }
}

/// How the wait grows from one attempt to the next; each wait is drawn between zero and its ceiling (full jitter).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetryKind {
    /// One attempt only.
    None,
    /// The base delay, twice, three times it, …
    Linear,
    /// The base delay, doubled each time.
    Exponential,
}

/// When a failed attempt is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// How the wait grows.
    pub policy: RetryKind,
    /// Attempts in all, a lost lease counted: 1..=[`MAX_ATTEMPTS`](super::MAX_ATTEMPTS).
    pub max_attempts: u32,
    /// The first ceiling in milliseconds, at most [`MAX_BACKOFF`](super::MAX_BACKOFF).
    pub base_delay_ms: u64,
}

impl RetryPolicy {
    /// One attempt only.
    pub const ONCE: Self = Self { policy: RetryKind::None, max_attempts: 1, base_delay_ms: 0 };

    /// Whether a failed attempt may be followed by another.
    #[must_use]
    pub const fn retries(self) -> bool {
        !matches!(self.policy, RetryKind::None) && self.max_attempts > 1
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { policy: RetryKind::Exponential, max_attempts: 3, base_delay_ms: 500 }
    }
}

/// The step of a workflow that a task carries out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StepRef {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The step's id in it.
    pub step: String,
}

/// A task to be queued.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTask {
    /// Made by the caller.
    pub id: TaskId,
    /// Whose it is.
    pub tenant: String,
    /// Who asked, within the tenant.
    pub subject: String,
    /// The queue it waits in.
    pub queue: String,
    /// The tool to call.
    pub tool: String,
    /// Its arguments, the text of a JSON object.
    pub arguments: String,
    /// 0..=10, 10 first.
    pub priority: u8,
    /// Seconds one attempt may take; whoever runs it enforces this.
    pub timeout_s: u32,
    /// When it is tried again.
    pub retry: RetryPolicy,
    /// Not before this.
    pub run_at: Option<Timestamp>,
    /// Labels to list it by.
    pub tags: Vec<String>,
    /// Whatever the caller likes, the text of a JSON object.
    pub metadata: Option<String>,
    /// The only peer that may run it.
    pub target_peer: Option<String>,
    /// The same key in the same tenant and queue gives the first task again.
    pub idempotency_key: Option<String>,
    /// Seconds it is kept after its end; none is [`KEEP_SUCCEEDED`](super::KEEP_SUCCEEDED) or
    /// [`KEEP_OTHER`](super::KEEP_OTHER).
    pub retention_s: Option<u32>,
    /// The step it carries out.
    pub step: Option<StepRef>,
    /// The W3C `traceparent` of who submits it, within which it runs. It is no part of what an idempotency key stands for.
    pub trace: Option<String>,
    /// What who submits it may call, as its call may; none: the task's tool. It is no part of what an idempotency key stands for.
    pub access: Option<Access>,
}

impl NewTask {
    /// A task with a new id, in the queue `default`, with the defaults of the submit tool: priority 5, an hour for
    /// an attempt, three attempts.
    #[must_use]
    pub fn new(tenant: &str, tool: &str, arguments: &str) -> Self {
        Self {
            id: TaskId::new(),
            tenant: tenant.to_owned(),
            subject: String::new(),
            queue: "default".to_owned(),
            tool: tool.to_owned(),
            arguments: arguments.to_owned(),
            priority: DEFAULT_PRIORITY,
            timeout_s: 3600,
            retry: RetryPolicy::default(),
            run_at: None,
            tags: Vec::new(),
            metadata: None,
            target_peer: None,
            idempotency_key: None,
            retention_s: None,
            step: None,
            trace: None,
            access: None,
        }
    }
}

/// How far a task is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// So much is done.
    pub current: u64,
    /// Of so much, when that is known.
    pub total: Option<u64>,
    /// In words.
    pub message: Option<String>,
}

/// A result: JSON inline up to [`MAX_RESULT`](super::MAX_RESULT), larger by its CID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskResult {
    /// The JSON text itself.
    Inline(String),
    /// Where it is.
    Cid(String),
}

/// A task, as lists show it. Times are the store's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskRow {
    /// Its id.
    pub id: TaskId,
    /// Whose it is.
    pub tenant: String,
    /// Who asked.
    pub subject: String,
    /// Its queue.
    pub queue: String,
    /// The tool.
    pub tool: String,
    /// Where it is in its life.
    pub state: TaskState,
    /// 0..=10.
    pub priority: u8,
    /// Attempts so far.
    pub attempt: u32,
    /// The fence of its last claim; 0 before the first.
    pub fence: u64,
    /// Grows with each change.
    pub revision: u64,
    /// Who has it or had it last.
    pub worker: Option<String>,
    /// When its lease ends.
    pub lease_until: Option<Timestamp>,
    /// How far it is.
    pub progress: Option<Progress>,
    /// When it came.
    pub created_at: Timestamp,
    /// Not before this, when it waits for its time.
    pub run_at: Option<Timestamp>,
    /// Since when it waits for a worker, when it does.
    pub ready_since: Option<Timestamp>,
    /// When its last attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Until when it is kept.
    pub expires_at: Option<Timestamp>,
    /// Seconds one attempt may take.
    pub timeout_s: u32,
    /// When it is tried again.
    pub retry: RetryPolicy,
    /// Labels.
    pub tags: Vec<String>,
    /// The text of a JSON object.
    pub metadata: Option<String>,
    /// The only peer that may run it.
    pub target_peer: Option<String>,
    /// Its idempotency key.
    pub idempotency_key: Option<String>,
    /// The task this one was made from.
    pub resubmitted_from: Option<TaskId>,
    /// The step it carries out.
    pub step: Option<StepRef>,
    /// Why it was cancelled, or is to be.
    pub cancel_reason: Option<String>,
    /// What went wrong last.
    pub failure: Option<TaskFailure>,
}

/// A task with all there is of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredTask {
    /// What lists show.
    #[serde(flatten)]
    pub row: TaskRow,
    /// Its arguments, the text of a JSON object.
    pub arguments: String,
    /// Its result.
    pub result: Option<TaskResult>,
}
