//! The embedded backend as a [`TaskStore`]: what is asked is checked and bounded, and becomes one job.

use std::{mem, time::Duration};

use tokio::sync::broadcast;

use super::{
    change, claim, due, figures, job::SqliteTasks, projection::Key, prune, read, results, settle, submit, waiting,
    workflows,
};
use crate::{
    Adopted, Append, Appended, Beat, CancelState, Chore, ClaimReq, Cursor, Event, FailureCode, Filter, Finish, Hint,
    Hold, LeaseRef, Leased, LeasedWorkflow, MAX_BATCH, MAX_CLAIM, MAX_ERROR, MAX_LEASE, MAX_LIMIT, MAX_TOOLS,
    MIN_LEASE, NewTask, NewWorkflow, Outcome, Page, Patch, Progress, Pruned, QueueStats, ReadyLane, Reaped, Resubmit,
    ResubmitOpts, Retention, Scope, Started, StoreCaps, StoredTask, Submitted, TaskId, TaskResult, TaskRow, TaskStore,
    TaskStoreError, Timestamp, Updated, Wakeups, WorkerInfo, WorkerStats, WorkflowFilter, WorkflowId, WorkflowLease,
    WorkflowRow, check,
};

/// Most rows one call to reap or prune touches: other writers wait for it.
const MAX_SWEEP: u32 = 1_000;

impl SqliteTasks {
    /// An outcome as it can be kept: where the disk has no room for a result, its task fails by that. What is no longer than the
    /// reason of a failure takes no more room than that would.
    fn kept(&self, outcome: Outcome) -> Outcome {
        let bytes = match &outcome {
            Outcome::Ok(TaskResult::Inline(json)) => json.len(),
            Outcome::Kept { content, .. } => content.len(),
            _ => 0,
        };
        match self.store.room_for_results(bytes) {
            Err(full) if bytes > MAX_ERROR => {
                Outcome::fatal(FailureCode::LimitExceeded, format!("the result cannot be kept: {full}"))
            }
            _ => outcome,
        }
    }

    fn prepared(&self, tasks: Vec<NewTask>) -> Result<Vec<check::Prepared>, TaskStoreError> {
        check::batch("tasks", tasks.len())?;
        let now = self.clock.now();
        tasks.into_iter().map(|task| check::prepare(task, now)).collect()
    }
}

impl TaskStore for SqliteTasks {
    fn caps(&self) -> StoreCaps {
        StoreCaps { durable_ack: true, push_wakeup: false, max_batch: MAX_BATCH, shared: false }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn submit(&self, batch: Vec<NewTask>) -> Result<Vec<Submitted>, TaskStoreError> {
        let batch = self.prepared(batch)?;
        self.write_new(check::bytes(&batch), move |db, moment, caps| submit::all(db, moment, caps, &batch)).await
    }

    async fn claim(&self, request: ClaimReq) -> Result<Vec<Leased>, TaskStoreError> {
        check::claim(&request)?;
        let lease = request.lease.clamp(MIN_LEASE, MAX_LEASE);
        let request = ClaimReq { max: request.max.min(MAX_CLAIM), ..request };
        self.write(move |db, moment, caps| claim::claim(db, moment, caps, &request, lease)).await
    }

    async fn adopt(&self, task: NewTask, worker: &str, lease: Duration) -> Result<Adopted, TaskStoreError> {
        check::adopted(&task, worker)?;
        let task = check::prepare(task, self.clock.now())?;
        let (worker, lease) = (worker.to_owned(), lease.clamp(MIN_LEASE, MAX_LEASE));
        let bytes = check::bytes(std::slice::from_ref(&task));
        self.write_new(bytes, move |db, moment, caps| claim::adopt(db, moment, caps, &task, &worker, lease)).await
    }

    async fn heartbeat(
        &self,
        worker: &str,
        beats: Vec<(LeaseRef, Option<Progress>)>,
    ) -> Result<Vec<Beat>, TaskStoreError> {
        check::batch("leases", beats.len())?;
        let worker = worker.to_owned();
        let beats: Vec<_> = beats.into_iter().map(|(lease, progress)| (lease, progress.map(check::progress))).collect();
        self.write(move |db, moment, _| settle::heartbeat(db, moment, &worker, &beats)).await
    }

    async fn finish(&self, worker: &str, outcomes: Vec<(LeaseRef, Outcome)>) -> Result<Vec<Finish>, TaskStoreError> {
        check::batch("outcomes", outcomes.len())?;
        let worker = worker.to_owned();
        let outcomes = outcomes.into_iter().map(|(lease, outcome)| Ok((lease, self.kept(check::outcome(outcome)?))));
        let outcomes = outcomes.collect::<Result<Vec<_>, TaskStoreError>>()?;
        self.write(move |db, moment, caps| settle::finish(db, moment, caps, &worker, &outcomes)).await
    }

    async fn cancel(&self, tenant: &str, id: TaskId, reason: &str) -> Result<CancelState, TaskStoreError> {
        let (tenant, reason) = (tenant.to_owned(), check::cut(reason.to_owned(), MAX_ERROR));
        self.write(move |db, moment, _| change::cancel(db, moment, &tenant, id, &reason)).await
    }

    async fn update(
        &self,
        tenant: &str,
        id: TaskId,
        patch: Patch,
        expect: Option<u64>,
    ) -> Result<Updated, TaskStoreError> {
        check::patch(&patch, self.clock.now())?;
        self.store.room_for_new(patch.metadata.as_deref().map_or(0, str::len))?;
        let tenant = tenant.to_owned();
        self.write(move |db, moment, _| change::update(db, moment, (&tenant, id), &patch, expect)).await
    }

    async fn resubmit(&self, tenant: &str, id: TaskId, options: ResubmitOpts) -> Result<Resubmit, TaskStoreError> {
        let (tenant, bytes) = (tenant.to_owned(), options.arguments.as_deref().map_or(0, str::len));
        self.write_new(bytes, move |db, moment, caps| change::resubmit(db, moment, caps, (&tenant, id), &options)).await
    }

    async fn get(&self, tenant: &str, id: TaskId) -> Result<Option<StoredTask>, TaskStoreError> {
        let tenant = tenant.to_owned();
        self.look(Key::Task(tenant.clone(), id), move |db| read::get(db, &tenant, id)).await
    }

    async fn wait_end(&self, tenant: &str, id: TaskId, wait: Duration) -> Result<Option<StoredTask>, TaskStoreError> {
        let mut waiter = self.hub.wait(id)?;
        let task = self.get(tenant, id).await?;
        if wait.is_zero() || task.as_ref().is_none_or(|task| task.row.state.is_terminal()) {
            return Ok(task);
        }
        // Ended or out of time: either way the answer is as it is then.
        drop(tokio::time::timeout(wait, waiter.ended()).await);
        self.get(tenant, id).await
    }

    async fn position(&self, tenant: &str, id: TaskId) -> Result<Option<u64>, TaskStoreError> {
        let tenant = tenant.to_owned();
        self.look(Key::Position(tenant.clone(), id), move |db| read::position(db, &tenant, id)).await
    }

    async fn list(&self, filter: Filter, after: Option<Cursor>, limit: u32) -> Result<Page<TaskRow>, TaskStoreError> {
        let limit = limit.clamp(1, MAX_LIMIT);
        let key = Key::Tasks(filter.clone(), after, limit);
        let version = self.projection.version(&key);
        if let Some(page) = self.projection.get(&key, version) {
            return Ok(page);
        }
        let of = filter.clone();
        let mut page = self.read(move |db| read::list(db, &of, after, limit)).await?;
        // What matches may be far back; others read between two parts of the way.
        while let (true, Some(next)) = (page.rows.is_empty(), page.next) {
            let of = filter.clone();
            let (rows, next) = self.read(move |db| read::rows(db, &of, Some(next), limit)).await?;
            (page.rows, page.next) = (rows, next);
        }
        self.projection.keep(key, version, &page);
        Ok(page)
    }

    async fn stats(&self, scope: Scope) -> Result<QueueStats, TaskStoreError> {
        let now = self.clock.now();
        let key = Key::Stats(scope.clone(), now.millis() / 1000);
        self.look(key, move |db| figures::stats(db, &scope, now)).await
    }

    async fn ready(&self, scope: Scope, before: Timestamp) -> Result<Vec<ReadyLane>, TaskStoreError> {
        self.read(move |db| waiting::ready(db, &scope, before)).await
    }

    async fn hold(&self, tenant: &str, queue: &str) -> Result<Option<Hold>, TaskStoreError> {
        let (tenant, queue, most) = (tenant.to_owned(), queue.to_owned(), self.caps.leased);
        self.read(move |db| waiting::hold(db, &tenant, &queue, most)).await
    }

    async fn content(&self, cid: &str) -> Result<Option<String>, TaskStoreError> {
        let cid = cid.to_owned();
        self.read(move |db| results::content(db, &cid)).await
    }

    async fn pause(&self, queue: &str, paused: bool) -> Result<(), TaskStoreError> {
        check::name("queue", queue)?;
        let queue = queue.to_owned();
        self.write(move |db, moment, _| {
            moment.news.ready |= !paused;
            // Every tenant is shown which queues are paused.
            moment.changed_all = true;
            figures::pause(db, &queue, paused)
        })
        .await
    }

    async fn reap(&self, limit: u32) -> Result<Vec<Reaped>, TaskStoreError> {
        self.write(move |db, moment, _| due::reap(db, moment, limit.min(MAX_SWEEP))).await
    }

    async fn end_leases(&self, worker: &str) -> Result<u64, TaskStoreError> {
        check::name("worker", worker)?;
        let worker = worker.to_owned();
        self.write(move |db, moment, _| due::end(db, moment, &worker)).await
    }

    async fn renew_leases(&self, queue: &str, besides: &str) -> Result<u64, TaskStoreError> {
        let (queue, besides) = (queue.to_owned(), besides.to_owned());
        self.write(move |db, moment, _| due::renew(db, moment, &queue, &besides)).await
    }

    async fn due(&self, chore: Chore, longest: Duration) -> Result<(), TaskStoreError> {
        let mut timer = self.hub.timer(chore);
        let stored = self.read(move |db| due::next(db, chore)).await?;
        let end = tokio::time::Instant::now() + longest;
        loop {
            // What was told may be over, and stored, or gone: then a look too many is the cost.
            let told = Some(*timer.borrow_and_update()).filter(|told| *told > self.clock.now());
            let next = stored.into_iter().chain(told).min();
            let pause = next.map_or(longest, |next| next.since(self.clock.now()));
            let at = end.min(tokio::time::Instant::now() + pause.min(longest));
            tokio::select! {
                () = tokio::time::sleep_until(at) => return Ok(()),
                changed = timer.changed() => {
                    changed.map_err(|_| TaskStoreError::Closed)?;
                    if *timer.borrow() <= self.clock.now() {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn retention(&self) -> Retention {
        Retention { per_tenant: self.caps.ended }
    }

    async fn prune(&self, keep: Retention, limit: u32) -> Result<Pruned, TaskStoreError> {
        self.write(move |db, moment, _| prune::prune(db, moment, keep, limit.min(MAX_SWEEP))).await
    }

    async fn worker_seen(&self, worker: WorkerInfo, ttl: Duration) -> Result<(), TaskStoreError> {
        check::name("worker", &worker.worker)?;
        if worker.tools.len() > MAX_TOOLS {
            return Err(TaskStoreError::Invalid(format!("a worker has at most {MAX_TOOLS} tools")));
        }
        worker.tools.iter().try_for_each(|tool| check::name("tool", tool))?;
        self.write(move |db, moment, _| figures::seen(db, moment.now, &worker, moment.now.plus(ttl))).await
    }

    async fn workers(&self) -> Result<Vec<WorkerStats>, TaskStoreError> {
        let now = self.clock.now();
        self.read(move |db| figures::workers(db, now)).await
    }

    async fn start_workflow(&self, workflow: NewWorkflow) -> Result<Started, TaskStoreError> {
        let mut workflow = workflow;
        let hash = check::workflow(&workflow)?;
        let then = self.prepared(mem::take(&mut workflow.then))?;
        let full = self.store.room_for_new(check::bytes(&then) + check::event_bytes(&workflow.events)).err();
        self.whole(
            full.map(|error| error.to_string()),
            move |db, moment, caps| workflows::start(db, moment, caps, &workflow, &hash, &then),
            Started::TaskConflict,
        )
        .await
    }

    async fn append(&self, append: Append) -> Result<Appended, TaskStoreError> {
        let mut append = append;
        check::events(&append.events)?;
        let then = self.prepared(mem::take(&mut append.then))?;
        self.store.room_for_results(check::bytes(&then) + check::event_bytes(&append.events))?;
        self.whole(
            None,
            move |db, moment, caps| workflows::append(db, moment, caps, &append, &then),
            Appended::TaskConflict,
        )
        .await
    }

    async fn events(&self, workflow: WorkflowId, after: u64, limit: u32) -> Result<Vec<Event>, TaskStoreError> {
        self.read(move |db| workflows::events(db, workflow, after, limit.clamp(1, MAX_LIMIT))).await
    }

    async fn workflow(&self, tenant: &str, id: WorkflowId) -> Result<Option<WorkflowRow>, TaskStoreError> {
        let tenant = tenant.to_owned();
        self.look(Key::Workflow(tenant.clone(), id), move |db| workflows::get(db, &tenant, id)).await
    }

    async fn workflows(
        &self,
        filter: WorkflowFilter,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<WorkflowRow>, TaskStoreError> {
        let limit = limit.clamp(1, MAX_LIMIT);
        let key = Key::Workflows(filter.clone(), after, limit);
        self.look(key, move |db| workflows::list(db, &filter, after, limit)).await
    }

    async fn claim_workflows(
        &self,
        worker: &str,
        max: u32,
        lease: Duration,
    ) -> Result<Vec<LeasedWorkflow>, TaskStoreError> {
        check::name("worker", worker)?;
        let (worker, lease) = (worker.to_owned(), lease.clamp(MIN_LEASE, MAX_LEASE));
        self.write(move |db, moment, caps| workflows::claim(db, moment, caps, &worker, max.min(MAX_CLAIM), lease)).await
    }

    async fn renew_workflow(
        &self,
        id: WorkflowId,
        lease: WorkflowLease,
        extend: Duration,
    ) -> Result<Option<Timestamp>, TaskStoreError> {
        self.write(move |db, moment, _| {
            let until = moment.now.plus(extend.clamp(MIN_LEASE, MAX_LEASE));
            Ok(workflows::hold(db, moment, id, &lease, until)?.then_some(until))
        })
        .await
    }

    async fn release_workflow(&self, id: WorkflowId, lease: WorkflowLease) -> Result<bool, TaskStoreError> {
        self.write(move |db, moment, _| {
            moment.news.ready = true;
            workflows::hold(db, moment, id, &lease, Timestamp::from_millis(0))
        })
        .await
    }

    fn wakeups(&self) -> Wakeups {
        self.hub.wakeups()
    }

    fn hints(&self) -> broadcast::Receiver<Hint> {
        self.hub.hints()
    }
}
