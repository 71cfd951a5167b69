//! The contract of a task store. Every backend passes the same tests.

use std::{future::Future, time::Duration};

use super::{
    Adopted, Append, Appended, Beat, CancelState, Chore, ClaimReq, Cursor, Event, Filter, Finish, Hint, Hold, LeaseRef,
    Leased, LeasedWorkflow, NewTask, NewWorkflow, Outcome, Page, Patch, Progress, Pruned, QueueStats, ReadyLane,
    Reaped, Resubmit, ResubmitOpts, Retention, Scope, Started, StoredTask, Submitted, TaskId, TaskRow, TaskStoreError,
    Timestamp, Updated, Wakeups, WorkerInfo, WorkerStats, WorkflowFilter, WorkflowId, WorkflowLease, WorkflowRow,
};

/// What a backend can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreCaps {
    /// What it answered is on disk.
    pub durable_ack: bool,
    /// Hints also tell of what other hosts did.
    pub push_wakeup: bool,
    /// Most items in one call.
    pub max_batch: usize,
    /// Several hosts may use it at once.
    pub shared: bool,
}

/// What one tenant may have. Stops one tenant from filling the disk or taking all workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Tasks that wait.
    pub queued: u64,
    /// Tasks that run.
    pub leased: u64,
    /// Tasks that are stored, those that ended counted.
    pub stored: u64,
    /// Tasks that are kept after their end; see [`Retention`].
    pub ended: u64,
    /// Bytes of arguments, metadata and large results of these.
    pub bytes: u64,
    /// Claims of one task. Stops one that is snoozed or handed back for ever: those burn no attempt.
    pub claims: u64,
    /// Workflows that have not ended.
    pub open_workflows: u64,
    /// Workflows that are stored.
    pub stored_workflows: u64,
    /// Workflows that have a coordinator at a time.
    pub active_workflows: u64,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            queued: 10_000,
            leased: 1_000,
            stored: 200_000,
            ended: Retention::default().per_tenant,
            bytes: 1 << 30,
            claims: 10_000,
            open_workflows: 1_000,
            stored_workflows: 10_000,
            active_workflows: 1_000,
        }
    }
}

/// A result of the store, later.
pub trait Answer<T>: Future<Output = Result<T, TaskStoreError>> + Send {}

impl<T, F: Future<Output = Result<T, TaskStoreError>> + Send> Answer<T> for F {}

/// A durable task queue and journal of workflows. Every write is one transaction, and its answer comes when that is
/// on disk; it may be sent again after a lost answer. Batches hold at most [`MAX_BATCH`](super::MAX_BATCH) items
/// and answer in their order. Malformed input fails the whole call with [`TaskStoreError::Invalid`].
pub trait TaskStore: Send + Sync + 'static {
    /// What the backend can do.
    fn caps(&self) -> StoreCaps;

    /// The store's clock; it rules leases.
    fn now(&self) -> Timestamp;

    /// Queues tasks.
    fn submit(&self, batch: Vec<NewTask>) -> impl Answer<Vec<Submitted>>;

    /// Leases tasks to a worker. Gets none when none is ready; [`wakeups`](Self::wakeups) tells when to ask again.
    fn claim(&self, request: ClaimReq) -> impl Answer<Vec<Leased>>;

    /// Records a task that this worker runs already, leased to it from the first moment: nobody else can start it. When
    /// the worker is gone its lease ends as any other, and the retry policy says whether it may run again.
    fn adopt(&self, task: NewTask, worker: &str, lease: Duration) -> impl Answer<Adopted>;

    /// Renews a worker's leases and notes how far it is.
    fn heartbeat(&self, worker: &str, beats: Vec<(LeaseRef, Option<Progress>)>) -> impl Answer<Vec<Beat>>;

    /// Ends a worker's leases.
    fn finish(&self, worker: &str, outcomes: Vec<(LeaseRef, Outcome)>) -> impl Answer<Vec<Finish>>;

    /// Cancels a task.
    fn cancel(&self, tenant: &str, id: TaskId, reason: &str) -> impl Answer<CancelState>;

    /// Changes a task that has not ended, if it still has the revision expected.
    fn update(&self, tenant: &str, id: TaskId, patch: Patch, expect: Option<u64>) -> impl Answer<Updated>;

    /// Makes a new task of one that ended.
    fn resubmit(&self, tenant: &str, id: TaskId, options: ResubmitOpts) -> impl Answer<Resubmit>;

    /// A task with all there is of it.
    fn get(&self, tenant: &str, id: TaskId) -> impl Answer<Option<StoredTask>>;

    /// Waits until a task has ended, at most so long; answers as it is then. Wakes without polling for what happens
    /// through this host's store.
    fn wait_end(&self, tenant: &str, id: TaskId, wait: Duration) -> impl Answer<Option<StoredTask>>;

    /// The place of a ready task among its tenant's ready tasks of its queue, from 1: other tenants' load is not
    /// shown. None when it is not ready.
    fn position(&self, tenant: &str, id: TaskId) -> impl Answer<Option<u64>>;

    /// Tasks, newest first; `limit` is kept within 1..=[`MAX_LIMIT`](super::MAX_LIMIT).
    fn list(&self, filter: Filter, after: Option<Cursor>, limit: u32) -> impl Answer<Page<TaskRow>>;

    /// A result that is kept by its content id. Whoever asks has seen the task that names it.
    fn content(&self, cid: &str) -> impl Answer<Option<String>>;

    /// Figures.
    fn stats(&self, scope: Scope) -> impl Answer<QueueStats>;

    /// What is ready and waits for a worker, at most [`MAX_LANES`](super::MAX_LANES); `before` is the time that
    /// [`ReadyLane::long`] is about.
    fn ready(&self, scope: Scope, before: Timestamp) -> impl Answer<Vec<ReadyLane>>;

    /// Whether a tenant's tasks of a queue are held back from every worker.
    fn hold(&self, tenant: &str, queue: &str) -> impl Answer<Option<Hold>>;

    /// Pauses a queue, or ends that: while paused, nothing of it is claimed. Durable.
    fn pause(&self, queue: &str, paused: bool) -> impl Answer<()>;

    /// Puts tasks whose lease ended back or ends them, and readies those whose time has come; at most `limit` each.
    fn reap(&self, limit: u32) -> impl Answer<Vec<Reaped>>;

    /// Ends every lease of this worker, on tasks and workflows, as if its time were over: for a worker that starts anew, and
    /// so knows that its earlier self is gone. What that one still hands in is stale. Answers how many.
    fn end_leases(&self, worker: &str) -> impl Answer<u64>;

    /// Gives the leases of a queue that are not this worker's their time anew: for a host that starts. While its store was closed
    /// nobody could renew them, and who has them may have gone on. Answers how many.
    fn renew_leases(&self, queue: &str, besides: &str) -> impl Answer<u64>;

    /// Waits until a chore has something to do, at most so long. What this host's store does meanwhile counts, without polling.
    fn due(&self, chore: Chore, longest: Duration) -> impl Answer<()>;

    /// What is kept of tasks that ended, as this store was told.
    fn retention(&self) -> Retention;

    /// Drops at most `limit` of what is over retention.
    fn prune(&self, keep: Retention, limit: u32) -> impl Answer<Pruned>;

    /// Notes that a worker is there, for `ttl`.
    fn worker_seen(&self, worker: WorkerInfo, ttl: Duration) -> impl Answer<()>;

    /// Workers that are there.
    fn workers(&self) -> impl Answer<Vec<WorkerStats>>;

    /// Starts a workflow with its first events and tasks, all or nothing.
    fn start_workflow(&self, workflow: NewWorkflow) -> impl Answer<Started>;

    /// Adds events to a workflow's journal together with the tasks that follow, all or nothing.
    fn append(&self, append: Append) -> impl Answer<Appended>;

    /// Events after this place, in order; at most `limit`.
    fn events(&self, workflow: WorkflowId, after: u64, limit: u32) -> impl Answer<Vec<Event>>;

    /// A workflow's head.
    fn workflow(&self, tenant: &str, id: WorkflowId) -> impl Answer<Option<WorkflowRow>>;

    /// Workflows, newest first.
    fn workflows(&self, filter: WorkflowFilter, after: Option<Cursor>, limit: u32) -> impl Answer<Page<WorkflowRow>>;

    /// Becomes the coordinator of workflows that have not ended and have none, or one whose lease ended; at most
    /// `max`. Tenants take turns, who has the fewest with a coordinator first; of a tenant's, the oldest first.
    fn claim_workflows(&self, worker: &str, max: u32, lease: Duration) -> impl Answer<Vec<LeasedWorkflow>>;

    /// Goes on being it. None when the lease ended or is another's.
    fn renew_workflow(&self, id: WorkflowId, lease: WorkflowLease, extend: Duration) -> impl Answer<Option<Timestamp>>;

    /// Stops being it, so that another need not wait for the lease's end. Answers whether it was.
    fn release_workflow(&self, id: WorkflowId, lease: WorkflowLease) -> impl Answer<bool>;

    /// Tells when there may be something to claim. A hint: it may come twice or, across hosts, not at all.
    fn wakeups(&self) -> Wakeups;

    /// Tells of steps' tasks that were claimed, of tasks that ended and of cancellations wanted. A hint, bounded: who is too slow is told that some
    /// were missed and reads the store.
    fn hints(&self) -> tokio::sync::broadcast::Receiver<Hint>;
}
