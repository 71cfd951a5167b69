//! The task queue and the journal of workflows: who may run what, until when, and what came of it.
//!
//! **Promises.** A task runs at least once and is completed at most once: each claim has a *fence* that only grows,
//! and whoever renews or ends a lease shows it, so that a worker that lost its lease changes nothing. What was
//! answered is on disk. Every write is one transaction and may be sent again: by the task's id or idempotency key, by
//! (id, fence), or by the expected sequence number. The store's clock alone rules leases, and a lease ends at its
//! time whether or not [`TaskStore::reap`] has been there. A tenant sees its own tasks only.
//!
//! **Order.** Tenants take turns, one task each, whoever was served longest ago first. Within a tenant the highest
//! priority goes first, one more for each minute waited, so that nothing starves.
//!
//! **Bounds.** [`Caps`] for each tenant and the constants of `limits`; a task that is over retention goes with
//! [`TaskStore::prune`]. Back-off is bounded by [`MAX_BACKOFF`].
//!
//! **Refuses** malformed input with [`TaskStoreError::Invalid`]; what depends on what is stored (a quota, a conflict,
//! a stale fence) is an answer of its own, for each item of a batch.

mod backoff;
mod check;
mod clock;
mod error;
mod exchange;
mod failure;
mod filter;
mod hub;
mod ids;
mod limits;
mod outbox;
mod sqlite;
mod store;
mod tables;
mod task;
mod upkeep;
mod workflow;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use error::TaskStoreError;
pub use exchange::{
    Adopted, Beat, CancelState, ClaimReq, Finish, LeaseRef, Leased, Outcome, Patch, Reaped, Resubmit, ResubmitOpts,
    Submitted, Updated,
};
pub use failure::{FailureCode, TaskFailure};
pub use filter::{
    Cursor, Filter, Hold, Page, Pruned, QueueStats, ReadyLane, Retention, Scope, WorkerInfo, WorkerStats,
};
pub use hub::{Begun, CancelHint, Chore, Ended, Hint, Wakeups};
pub use ids::{TaskId, WorkflowId};
pub use limits::{
    AGEING, DEFAULT_LEASE, DEFAULT_PRIORITY, KEEP_OTHER, KEEP_SUCCEEDED, MAX_ACCESS, MAX_AHEAD, MAX_ARGUMENTS,
    MAX_ATTEMPTS, MAX_BACKOFF, MAX_BATCH, MAX_CLAIM, MAX_CONTENT, MAX_COUNT, MAX_ERROR, MAX_EVENT, MAX_EVENTS, MAX_KEY,
    MAX_LANES, MAX_LEASE, MAX_LIMIT, MAX_METADATA, MAX_NAME, MAX_PRIORITY, MAX_PROGRESS, MAX_QUEUES, MAX_RESULT,
    MAX_RETENTION, MAX_SCAN, MAX_TAG, MAX_TAGS, MAX_TIMEOUT, MAX_TOOLS, MAX_WAITERS, MAX_WORKERS, MIN_LEASE,
};
pub use outbox::{KeptOutcome, MAX_AGE, MAX_OF_HOST, MAX_OF_HOST_BYTES, MAX_OUTCOMES, Outbox};
pub use sqlite::SqliteTasks;
pub use store::{Caps, StoreCaps, TaskStore};
pub use tables::TABLES;
pub use task::{NewTask, Progress, RetryKind, RetryPolicy, StepRef, StoredTask, TaskResult, TaskRow, TaskState};
pub use upkeep::upkeep;
pub use workflow::{
    Append, Appended, Event, LeasedWorkflow, NewEvent, NewWorkflow, Started, WorkflowFilter, WorkflowLease,
    WorkflowRow, WorkflowState,
};
