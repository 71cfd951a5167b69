//! What is read from memory is what the database holds: after each kind of write, every reading of a store that has read
//! all of it before is that of one that has read nothing.

use std::{fmt::Debug, sync::Arc, time::Duration};

use tandem_queue::{
    Append, ClaimReq, FailureCode, Filter, LeaseRef, ManualClock, NewEvent, NewTask, NewWorkflow, Outcome, Patch,
    Progress, ResubmitOpts, Retention, Scope, SqliteTasks, TaskFailure, TaskId, TaskState, TaskStore, Timestamp,
    WorkflowFilter, WorkflowId, WorkflowState,
};
use tandem_store::Store;
use tandem_types::{Access, Allow};
use tempfile::TempDir;

use crate::suite::{CAPS, TENANT, TOOL, ok, secs};

const OTHER: &str = "other";

struct Warm {
    tasks: SqliteTasks,
    store: Store,
    clock: Arc<ManualClock>,
    directory: TempDir,
    ids: Vec<TaskId>,
    workflows: Vec<WorkflowId>,
}

impl Warm {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open_with(&directory.path().join("store.db"), &[tandem_queue::TABLES]).unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_800_000_000_000)));
        let tasks = SqliteTasks::new(store.clone(), clock.clone(), CAPS);
        Self { tasks, store, clock, directory, ids: Vec::new(), workflows: Vec::new() }
    }

    async fn submit(&mut self, task: NewTask) -> TaskId {
        let id = task.id;
        self.ids.push(id);
        self.tasks.submit(vec![task]).await.unwrap();
        self.check("submit").await;
        id
    }

    async fn leased(&mut self, worker: &str) -> LeaseRef {
        let leased = self.tasks.claim(ClaimReq { max: 1, ..ClaimReq::new(worker, &[TOOL]) }).await.unwrap();
        self.check("claim").await;
        leased[0].lease
    }

    async fn finish(&mut self, lease: LeaseRef, outcome: Outcome) {
        let what = format!("finish with {outcome:?}");
        self.tasks.finish("w", vec![(lease, outcome)]).await.unwrap();
        self.check(&what).await;
    }

    /// Reads all there is, which also keeps it for the next time.
    async fn check(&self, after: &str) {
        let cold = SqliteTasks::new(self.store.clone(), self.clock.clone(), CAPS);
        for tenant in [TENANT, OTHER] {
            for id in &self.ids {
                same(after, self.tasks.get(tenant, *id).await, cold.get(tenant, *id).await);
                same(after, self.tasks.position(tenant, *id).await, cold.position(tenant, *id).await);
            }
            for id in &self.workflows {
                same(after, self.tasks.workflow(tenant, *id).await, cold.workflow(tenant, *id).await);
            }
            let all = Filter { tenant: tenant.into(), ..Filter::default() };
            let ended = Filter { states: vec![TaskState::Succeeded, TaskState::Cancelled], ..all.clone() };
            let mine = Filter { worker: Some("w".into()), ..all.clone() };
            for filter in [all, ended, mine] {
                same(after, self.tasks.list(filter.clone(), None, 50).await, cold.list(filter, None, 50).await);
            }
            let filter = WorkflowFilter { tenant: tenant.into(), ..WorkflowFilter::default() };
            let warm = self.tasks.workflows(filter.clone(), None, 50).await;
            same(after, warm, cold.workflows(filter, None, 50).await);
            let scope = Scope::Tenant(tenant.into());
            same(after, self.tasks.stats(scope.clone()).await, cold.stats(scope).await);
        }
        same(after, self.tasks.stats(Scope::All).await, cold.stats(Scope::All).await);
    }
}

fn same<T: PartialEq + Debug, E: Debug>(after: &str, warm: Result<T, E>, cold: Result<T, E>) {
    assert_eq!(warm.unwrap(), cold.unwrap(), "after {after}");
}

fn task() -> NewTask {
    NewTask::new(TENANT, TOOL, "{}")
}

#[tokio::test]
async fn tasks_are_read_as_they_were_written_last() {
    let mut w = Warm::new();
    let waiting = w.submit(task()).await;
    w.submit(NewTask::new(OTHER, TOOL, "{}")).await;
    w.submit(NewTask { run_at: Some(w.clock_now().plus(secs(60))), ..task() }).await;
    let patch = Patch { tags: Some(vec!["t".into()]), metadata: Some("{\"a\":1}".into()), ..Patch::default() };
    w.tasks.update(TENANT, waiting, patch, None).await.unwrap();
    w.check("update").await;
    w.tasks.pause("default", true).await.unwrap();
    w.check("pause").await;
    w.tasks.pause("default", false).await.unwrap();
    let first = w.leased("w").await;
    let progress = Progress { current: 1, total: None, message: Some("half".into()) };
    w.tasks.heartbeat("w", vec![(first, Some(progress))]).await.unwrap();
    w.check("heartbeat").await;
    w.finish(first, Outcome::Retry { failure: TaskFailure::new(FailureCode::Failed, "again"), delay: Some(secs(5)) })
        .await;
    w.clock.advance(secs(61));
    w.tasks.reap(10).await.unwrap();
    w.check("what was due is ready").await;
    let lease = w.leased("w").await;
    w.finish(lease, Outcome::Release).await;
    let lease = w.leased("w").await;
    w.finish(lease, ok("{\"done\":true}")).await;
    let lease = w.leased("w").await;
    w.tasks.cancel(if lease.id == w.ids[1] { OTHER } else { TENANT }, lease.id, "enough").await.unwrap();
    w.check("cancel of what runs").await;
    w.clock.advance(secs(31));
    w.tasks.reap(10).await.unwrap();
    w.check("a lost lease").await;
    let last = w.submit(task()).await;
    w.tasks.cancel(TENANT, last, "no").await.unwrap();
    w.check("cancel of what waits").await;
    let again = TaskId::new();
    w.ids.push(again);
    w.tasks.get(TENANT, again).await.unwrap();
    let options = ResubmitOpts { id: again, subject: "s".into(), access: None, arguments: None, priority: None };
    w.tasks.resubmit(TENANT, last, options).await.unwrap();
    w.check("resubmit of a task that was looked for before").await;
    let adopted = task();
    w.ids.push(adopted.id);
    w.tasks.adopt(adopted, "w", secs(30)).await.unwrap();
    w.check("adopt").await;
    w.tasks.end_leases("w").await.unwrap();
    w.check("end of a worker's leases").await;
    w.clock.advance(Duration::from_secs(40 * 86_400));
    w.check("a long time").await;
    assert!(w.tasks.prune(Retention::default(), 100).await.unwrap().count() > 0);
    w.check("prune").await;
}

impl Warm {
    fn clock_now(&self) -> Timestamp {
        self.tasks.now()
    }
}

#[tokio::test]
async fn workflows_are_read_as_they_were_written_last() {
    let mut w = Warm::new();
    let event = || NewEvent { kind: "k".into(), body: "{}".into(), cid: None };
    let id = WorkflowId::new();
    w.workflows.push(id);
    w.check("nothing").await;
    let new = NewWorkflow {
        id,
        tenant: TENANT.into(),
        subject: "s".into(),
        name: "n".into(),
        tags: Vec::new(),
        idempotency_key: None,
        events: vec![event()],
        then: Vec::new(),
        trace: None,
        access: Some(Access::everything().and(vec![Allow::Category("a".into()), Allow::Tool("b".into())])),
    };
    w.tasks.start_workflow(new).await.unwrap();
    w.check("start").await;
    let lease = w.tasks.claim_workflows("w", 1, secs(30)).await.unwrap().remove(0).lease;
    w.check("claim").await;
    w.clock.advance(secs(10));
    assert!(w.tasks.renew_workflow(id, lease.clone(), secs(30)).await.unwrap().is_some());
    w.check("renew").await;
    assert!(w.tasks.release_workflow(id, lease).await.unwrap());
    w.check("release").await;
    w.tasks.claim_workflows("w", 1, secs(30)).await.unwrap();
    w.check("claim again").await;
    assert_eq!(w.tasks.end_leases("w").await.unwrap(), 1);
    w.check("end of a worker's leases").await;
    let end = Some(WorkflowState::Succeeded);
    let append =
        Append { workflow: id, expect_seq: 1, lease: None, events: vec![event()], then: Vec::new(), state: end };
    w.tasks.append(append).await.unwrap();
    w.check("append").await;
    w.clock.advance(Duration::from_secs(40 * 86_400));
    assert!(w.tasks.prune(Retention::default(), 100).await.unwrap().count() > 0);
    w.check("prune").await;
}

#[tokio::test]
async fn what_was_read_is_answered_from_memory_until_it_changes() {
    let mut w = Warm::new();
    let (seen, changed) = (w.submit(task()).await, w.submit(task()).await);
    // Behind the store's back, as nobody may: only so is it seen where an answer comes from.
    let db = rusqlite::Connection::open(w.directory.path().join("store.db")).unwrap();
    db.execute("UPDATE tasks SET subject = 'forged'", []).unwrap();
    let subject = async |id| w.tasks.get(TENANT, id).await.unwrap().unwrap().row.subject;
    assert_ne!(subject(seen).await, "forged");
    w.tasks.cancel(TENANT, changed, "").await.unwrap();
    assert_eq!(subject(changed).await, "forged");
    assert_ne!(subject(seen).await, "forged", "a change of one task costs the reading of another");
}
