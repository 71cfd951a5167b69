//! A task, and what may be asked about it and answered.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DEFAULT_LEASE, MAX_PRIORITY, TaskId, Timestamp, WorkflowId};

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
    /// Ended by an error that no further attempt would mend.
    Failed,
    /// Ended because its attempts are used up.
    Dead,
    /// Ended by a request.
    Cancelled,
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
            priority: 5,
            timeout_s: 3600,
            retry: RetryPolicy::default(),
            run_at: None,
            tags: Vec::new(),
            metadata: None,
            target_peer: None,
            idempotency_key: None,
            retention_s: None,
            step: None,
        }
    }
}

/// What became of a task that was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is queued.
    Created {
        /// Its id.
        id: TaskId,
        /// Scheduled or ready.
        state: TaskState,
    },
    /// It was there already, by its idempotency key or its id, with the same content.
    Existing {
        /// The first one's id.
        id: TaskId,
        /// The first one's state now.
        state: TaskState,
    },
    /// The idempotency key or the id is taken by one with another content.
    Conflict,
    /// The tenant has no room for it; which cap is named.
    QuotaExceeded(String),
}

/// Who claims what.
#[derive(Clone, Debug)]
pub struct ClaimReq {
    /// The worker's name; leases are its own and another cannot end them.
    pub worker: String,
    /// The peer the worker is; it also gets tasks with this `target_peer`.
    pub peer: Option<String>,
    /// Queues to take from.
    pub queues: Vec<String>,
    /// Tools it can run; it gets no others.
    pub tools: Vec<String>,
    /// Tenants it may serve; none means all.
    pub tenants: Option<Vec<String>>,
    /// Most tasks, at most [`MAX_CLAIM`](super::MAX_CLAIM).
    pub max: u32,
    /// How long it has them before it must renew; kept within [`MIN_LEASE`](super::MIN_LEASE) and
    /// [`MAX_LEASE`](super::MAX_LEASE).
    pub lease: Duration,
    /// The highest priority it is trusted with.
    pub max_priority: u8,
}

impl ClaimReq {
    /// A claim of one task from the queue `default`, with the default lease.
    #[must_use]
    pub fn new(worker: &str, tools: &[&str]) -> Self {
        Self {
            worker: worker.to_owned(),
            peer: None,
            queues: vec!["default".to_owned()],
            tools: tools.iter().map(|&tool| tool.to_owned()).collect(),
            tenants: None,
            max: 1,
            lease: DEFAULT_LEASE,
            max_priority: MAX_PRIORITY,
        }
    }
}

/// A lease, as its holder shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaseRef {
    /// The task.
    pub id: TaskId,
    /// The fence of the claim.
    pub fence: u64,
}

/// A task that was claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct Leased {
    /// The lease.
    pub lease: LeaseRef,
    /// Whose task it is.
    pub tenant: String,
    /// Who asked.
    pub subject: String,
    /// Its queue.
    pub queue: String,
    /// The tool to call.
    pub tool: String,
    /// With these arguments.
    pub arguments: String,
    /// Its priority.
    pub priority: u8,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many there may be.
    pub max_attempts: u32,
    /// Seconds this attempt may take.
    pub timeout_s: u32,
    /// When the lease ends, by the store's clock.
    pub until: Timestamp,
    /// How long from now that is; a worker counts this on its own clock.
    pub lease_for: Duration,
    /// The step it carries out.
    pub step: Option<StepRef>,
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

/// The answer to a renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beat {
    /// The lease goes on.
    Extended {
        /// Until then.
        until: Timestamp,
    },
    /// Somebody wants it cancelled: the lease is not extended any more.
    CancelRequested {
        /// It ends then.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// The lease ended before.
    Expired,
    /// There is no such lease: another fence, another worker, or the task is gone.
    Stale,
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

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Ok(TaskResult),
    /// Badly, and another attempt may help: after `delay`, or as the retry policy says.
    Retry {
        /// What went wrong.
        error: String,
        /// At least this long; at most [`MAX_BACKOFF`](super::MAX_BACKOFF).
        delay: Option<Duration>,
    },
    /// Badly, and no other attempt would help.
    Fatal {
        /// What went wrong.
        error: String,
    },
    /// Not yet: again after this, no attempt counted.
    Snooze(Duration),
    /// Not by this worker: at once for another, no attempt counted.
    Release,
}

/// The answer to an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It counts.
    Applied {
        /// The task's state now.
        state: TaskState,
        /// When it runs again, if it does.
        run_at: Option<Timestamp>,
    },
    /// An outcome under this fence counted before; this is what came of it.
    AlreadyDone {
        /// The task's state now.
        state: TaskState,
        /// Its result.
        result: Option<TaskResult>,
    },
    /// The lease ended before; the task runs again or is over.
    Expired,
    /// There is no such lease: another fence, another worker, or the task is gone.
    Stale,
}

/// The answer to a cancellation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelState {
    /// It was queued and is cancelled now.
    Done {
        /// What it was.
        was: TaskState,
    },
    /// It runs; its worker is told at the next renewal, and at its lease's end it is cancelled in any case.
    Requested,
    /// It had ended.
    Terminal(TaskState),
    /// The tenant has no such task.
    NotFound,
}

/// What to change of a task; none leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// New labels.
    pub tags: Option<Vec<String>>,
    /// A new bound of an attempt, from the next one on.
    pub timeout_s: Option<u32>,
    /// A new time to run at; not while it runs.
    pub run_at: Option<Timestamp>,
    /// New metadata.
    pub metadata: Option<String>,
    /// A new priority; the time waited still counts.
    pub priority: Option<u8>,
}

/// The answer to a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Updated {
    /// As it is now.
    Changed {
        /// The task.
        task: Box<StoredTask>,
        /// The priority it had.
        old_priority: u8,
    },
    /// It has another revision than expected.
    Revision {
        /// This one.
        current: u64,
    },
    /// It runs, and its time cannot be changed then.
    Leased,
    /// It had ended.
    Terminal(TaskState),
    /// The tenant has no such task.
    NotFound,
}

/// What a task that is submitted again has anew.
#[derive(Clone, Debug, PartialEq)]
pub struct ResubmitOpts {
    /// The new task's id, made by the caller.
    pub id: TaskId,
    /// Who asks.
    pub subject: String,
    /// Other arguments.
    pub arguments: Option<String>,
    /// Another priority.
    pub priority: Option<u8>,
}

/// The answer to a resubmission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resubmit {
    /// A new task that is linked to the old, or what stood in its way.
    Submitted(Submitted),
    /// The old one has not ended.
    NotTerminal(TaskState),
    /// The tenant has no such task.
    NotFound,
}

/// A lease that was found to have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaped {
    /// The task.
    pub id: TaskId,
    /// Who lost it.
    pub worker: String,
    /// Ready, dead or cancelled.
    pub state: TaskState,
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
    pub error: Option<String>,
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
