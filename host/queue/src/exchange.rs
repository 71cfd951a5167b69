//! What may be asked about tasks, and what is answered.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tandem_types::{Access, ContentId};

use super::{
    DEFAULT_LEASE, FailureCode, MAX_PRIORITY, MAX_RESULT, StepRef, StoredTask, TaskFailure, TaskId, TaskResult,
    TaskState, Timestamp,
};

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
    /// The W3C `traceparent` of who submitted it.
    pub trace: Option<String>,
    /// What who submitted it may call; none: the task's tool.
    pub access: Option<Access>,
}

/// What became of a task that runs already and was to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adopted {
    /// It is recorded, and leased to the one that runs it.
    Leased {
        /// The lease.
        lease: LeaseRef,
        /// When it was recorded.
        at: Timestamp,
    },
    /// The id or the idempotency key is taken.
    Conflict,
    /// The tenant has no room for it; which cap is named.
    QuotaExceeded(String),
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

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Well.
    Ok(TaskResult),
    /// Well, with a result that is too large to keep inline: it is kept once for all tasks that have the same, and with the
    /// last of them it goes. Its bytes count as the tenant's.
    ///
    /// [`Outcome::done`] makes it.
    Kept {
        /// Its content id. The caller has made sure that it is the content's.
        cid: String,
        /// The JSON text, at most [`MAX_CONTENT`](super::MAX_CONTENT) bytes.
        content: String,
    },
    /// Badly, and another attempt may help: after `delay`, or as the retry policy says.
    Retry {
        /// What went wrong.
        failure: TaskFailure,
        /// At least this long; at most [`MAX_BACKOFF`](super::MAX_BACKOFF).
        delay: Option<Duration>,
    },
    /// Badly, and no other attempt would help.
    Fatal {
        /// What went wrong.
        failure: TaskFailure,
    },
    /// Not yet: again after this, no attempt counted.
    Snooze(Duration),
    /// Not by this worker: at once for another, no attempt counted.
    Release,
}

impl Outcome {
    /// Badly, and another attempt may help, when the retry policy says.
    #[must_use]
    pub fn retry(code: FailureCode, message: impl Into<String>) -> Self {
        Self::Retry { failure: TaskFailure::new(code, message), delay: None }
    }

    /// Badly, and no other attempt would help.
    #[must_use]
    pub fn fatal(code: FailureCode, message: impl Into<String>) -> Self {
        Self::Fatal { failure: TaskFailure::new(code, message) }
    }

    /// Well, with this JSON text: inline where it is short, and by its content id otherwise. To name a large one takes
    /// milliseconds, for which nothing else should wait.
    #[must_use]
    pub fn done(json: String) -> Self {
        if json.len() <= MAX_RESULT {
            return Self::Ok(TaskResult::Inline(json));
        }
        Self::Kept { cid: ContentId::of_bytes(json.as_bytes()).to_string(), content: json }
    }
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
    /// Who alone may run it from now on, whomever it was for; an empty text is anybody. It holds also after who runs it gives it
    /// back.
    pub target_peer: Option<String>,
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
    /// What who asks may call.
    pub access: Option<Access>,
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
