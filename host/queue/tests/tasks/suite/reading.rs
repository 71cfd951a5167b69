use std::{collections::HashSet, time::Duration};

use tandem_queue::{
    Chore, ClaimReq, FailureCode, Filter, Hold, MIN_LEASE, NewTask, Outcome, Patch, Retention, Scope, StepRef,
    TaskFailure, TaskId, TaskRow, TaskState, TaskStore, WorkflowId,
};

use super::{Fixture, TENANT, TOOL, ok, secs};

fn all() -> Filter {
    Filter { tenant: TENANT.into(), ..Filter::default() }
}

async fn ids<S: TaskStore + Clone>(f: &Fixture<S>, filter: Filter) -> (Vec<TaskId>, u64) {
    let page = f.store.list(filter, None, 100).await.unwrap();
    assert_eq!(page.next, None);
    (page.rows.into_iter().map(|row| row.id).collect(), page.total)
}

pub(crate) async fn pages_follow_each_other_while_tasks_come<S: TaskStore + Clone>(f: Fixture<S>) {
    let mut there = HashSet::new();
    for _ in 0..10 {
        there.insert(f.queued(TENANT).await);
        f.queued("other").await;
    }
    let (mut seen, mut after): (Vec<TaskRow>, _) = (Vec::new(), None);
    loop {
        let page = f.store.list(all(), after, 3).await.unwrap();
        assert!(page.rows.len() <= 3 && page.total >= 10);
        seen.extend(page.rows);
        // What comes and what changes its state meanwhile moves nothing.
        f.queued(TENANT).await;
        f.claim("w").await.unwrap();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 10);
    assert_eq!(seen.iter().map(|row| row.id).collect::<HashSet<_>>(), there);
    assert!(seen.is_sorted_by(|newer, older| newer.id > older.id));
}

pub(crate) async fn lists_are_narrowed<S: TaskStore + Clone>(f: Fixture<S>) {
    let workflow = WorkflowId::new();
    let a = f.created(NewTask { tags: vec!["x".into(), "y".into()], ..NewTask::new(TENANT, "a", "{}") }).await;
    let b = f.created(NewTask { tags: vec!["x".into()], queue: "q".into(), ..NewTask::new(TENANT, "b", "{}") }).await;
    let step = Some(StepRef { workflow, step: "s".into() });
    let c = f.created(NewTask { step, ..NewTask::new(TENANT, "a", "{}") }).await;
    f.created(NewTask { tags: vec!["x".into()], ..NewTask::new("other", "a", "{}") }).await;
    let own = ClaimReq { tenants: Some(vec![TENANT.into()]), ..ClaimReq::new("w", &["a"]) };
    let lease = f.store.claim(own).await.unwrap()[0].lease;
    assert_eq!(lease.id, a);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(ids(&f, all()).await, (vec![c, b, a], 3));
    assert_eq!(ids(&f, Filter { tool: some("a"), ..all() }).await, (vec![c, a], 2));
    assert_eq!(ids(&f, Filter { queue: some("q"), ..all() }).await, (vec![b], 1));
    assert_eq!(ids(&f, Filter { tag: some("x"), ..all() }).await, (vec![b, a], 2));
    assert_eq!(ids(&f, Filter { tag: some("x"), tool: some("a"), ..all() }).await, (vec![a], 1));
    assert_eq!(ids(&f, Filter { worker: some("w"), ..all() }).await, (vec![a], 1));
    assert_eq!(ids(&f, Filter { worker: some("w"), tag: some("y"), ..all() }).await, (vec![a], 1));
    assert_eq!(ids(&f, Filter { worker: some("v"), ..all() }).await, (vec![], 0));
    assert_eq!(ids(&f, Filter { workflow: Some(workflow), ..all() }).await, (vec![c], 1));
    assert_eq!(ids(&f, Filter { states: vec![TaskState::Leased], ..all() }).await, (vec![a], 1));
    let waiting = Filter { states: vec![TaskState::Ready, TaskState::Scheduled], ..all() };
    assert_eq!(ids(&f, waiting).await, (vec![c, b], 2));
    let tagged = Filter { states: vec![TaskState::Ready], tag: some("x"), ..all() };
    assert_eq!(ids(&f, tagged).await, (vec![b], 1));
    let stranger = Filter { tenant: "other".into(), workflow: Some(workflow), ..Filter::default() };
    assert_eq!(ids(&f, stranger).await, (vec![], 0));
}

pub(crate) async fn figures_count_what_is_there<S: TaskStore + Clone>(f: Fixture<S>) {
    let since = f.store.now();
    f.created(NewTask { priority: 2, ..NewTask::new(TENANT, "b", "{}") }).await;
    f.pass(secs(5));
    f.created(NewTask { run_at: Some(f.store.now().plus(secs(900))), ..NewTask::new(TENANT, TOOL, "{}") }).await;
    let lease = f.leased().await;
    f.finish(lease, ok("1")).await;
    let lease = f.leased().await;
    f.finish(lease, Outcome::fatal(FailureCode::Failed, "e")).await;
    f.leased().await;
    f.queued("other").await;
    f.store.pause("q", true).await.unwrap();
    let stats = f.store.stats(Scope::Tenant(TENANT.into())).await.unwrap();
    let expected = [
        (TaskState::Scheduled, 1),
        (TaskState::Ready, 1),
        (TaskState::Leased, 1),
        (TaskState::Succeeded, 1),
        (TaskState::Failed, 1),
    ];
    assert_eq!(stats.states.clone().into_iter().collect::<Vec<_>>(), expected);
    assert_eq!((stats.queued(), stats.count(TaskState::Dead)), (2, 0));
    assert_eq!(stats.by_tool["b"][&TaskState::Ready], 1);
    assert_eq!(stats.by_tool[TOOL].values().sum::<u64>(), 4);
    assert_eq!(stats.by_priority.clone().into_iter().collect::<Vec<_>>(), [(2, 1), (5, 2)]);
    assert_eq!((stats.oldest_ready, stats.ended_last_minute), (Some(since), 2));
    assert_eq!(stats.paused, ["q"]);
    assert_eq!(f.store.stats(Scope::All).await.unwrap().count(TaskState::Ready), 2);
    f.pass(secs(61));
    assert_eq!(f.store.stats(Scope::All).await.unwrap().ended_last_minute, 0);
}

pub(crate) async fn what_is_ready_is_told_by_lanes<S: TaskStore + Clone>(f: Fixture<S>) {
    let since = f.store.now();
    f.created(NewTask { priority: 2, ..NewTask::new(TENANT, "b", "{}") }).await;
    f.created(NewTask { target_peer: Some("p".into()), ..NewTask::new("other", "b", "{}") }).await;
    f.pass(secs(100));
    let id = f.created(NewTask { priority: 2, ..NewTask::new(TENANT, "b", "{}") }).await;
    f.created(NewTask { run_at: Some(f.store.now().plus(secs(900))), ..NewTask::new(TENANT, "b", "{}") }).await;
    assert_eq!(f.get(id).await.row.ready_since, Some(f.store.now()));
    let before = f.store.now().minus(secs(60));
    let all = f.store.ready(Scope::All, before).await.unwrap();
    let told: Vec<_> = all
        .iter()
        .map(|lane| {
            (lane.tenant.as_str(), lane.target_peer.as_deref(), lane.priority, lane.tasks, lane.long, lane.oldest)
        })
        .collect();
    assert!(told.contains(&(TENANT, None, 2, 2, 1, since)), "{told:?}");
    assert!(told.contains(&("other", Some("p"), 5, 1, 1, since)), "{told:?}");
    assert_eq!(told.len(), 2, "what waits for its time waits for no worker: {told:?}");
    let own = f.store.ready(Scope::Tenant(TENANT.into()), before).await.unwrap();
    assert_eq!(own, all.into_iter().filter(|lane| lane.tenant == TENANT).collect::<Vec<_>>());
    assert_eq!(f.store.ready(Scope::All, since.minus(secs(1))).await.unwrap().iter().map(|l| l.long).sum::<u64>(), 0);
}

pub(crate) async fn what_holds_tasks_back_is_told<S: TaskStore + Clone>(f: Fixture<S>) {
    f.queued(TENANT).await;
    assert_eq!(f.store.hold(TENANT, "default").await.unwrap(), None);
    f.store.pause("default", true).await.unwrap();
    assert_eq!(f.store.hold(TENANT, "default").await.unwrap(), Some(Hold::Paused));
    assert_eq!(f.store.hold(TENANT, "another").await.unwrap(), None);
    f.store.pause("default", false).await.unwrap();
    assert_eq!(f.store.hold(TENANT, "default").await.unwrap(), None);
}

pub(crate) async fn what_is_over_retention_goes<S: TaskStore + Clone>(f: Fixture<S>) {
    let keep = Retention::default();
    let brief =
        NewTask { retention_s: Some(60), idempotency_key: Some("k".into()), ..NewTask::new(TENANT, TOOL, "{}") };
    let brief = NewTask { tags: vec!["t".into()], ..brief };
    let first = f.created(brief.clone()).await;
    let lease = f.claim("w").await.unwrap().lease;
    f.finish(lease, ok("1")).await;
    let good = f.leased().await;
    f.finish(good, ok("1")).await;
    let bad = f.leased().await;
    f.finish(bad, Outcome::fatal(FailureCode::Failed, "e")).await;
    let waiting = f.queued(TENANT).await;
    f.pass(secs(60));
    assert_eq!(f.store.prune(keep, 100).await.unwrap().count(), 1);
    assert_eq!(f.store.get(TENANT, first).await.unwrap(), None);
    assert_eq!(ids(&f, Filter { tag: Some("t".into()), ..all() }).await, (vec![], 0));
    // Its key is free again.
    f.created(NewTask { id: TaskId::new(), priority: 0, ..brief }).await;
    f.pass(secs(86_400));
    assert_eq!(f.store.prune(keep, 100).await.unwrap().count(), 1);
    assert_eq!(f.store.get(TENANT, good.id).await.unwrap(), None);
    f.pass(secs(6 * 86_400));
    assert_eq!(f.store.prune(keep, 100).await.unwrap().count(), 1);
    assert_eq!(f.store.get(TENANT, bad.id).await.unwrap(), None);
    assert_eq!(f.state(waiting).await, TaskState::Ready);
    // Of many the oldest go, however young.
    let mut ended = Vec::new();
    for _ in 0..6 {
        ended.push(f.queued(TENANT).await);
        f.store.cancel(TENANT, ended[ended.len() - 1], "").await.unwrap();
    }
    let pruned = f.store.prune(Retention { per_tenant: 2 }, 3).await.unwrap();
    assert_eq!((pruned.expired, pruned.over_cap.get(TENANT)), (0, Some(&3)), "it says whose went before their time");
    assert_eq!(f.store.prune(Retention { per_tenant: 2 }, 3).await.unwrap().count(), 1);
    let left = Filter { states: vec![TaskState::Cancelled], ..all() };
    assert_eq!(ids(&f, left).await, (vec![ended[5], ended[4]], 2));
}

/// Whether a chore is due within moments, of which none pass by the store's clock.
async fn is_due<S: TaskStore + Clone>(f: &Fixture<S>, chore: Chore) -> bool {
    let due = f.store.due(chore, secs(600));
    tokio::time::timeout(Duration::from_millis(400), due).await.is_ok_and(|done| done.is_ok())
}

pub(crate) async fn due_tells_when_to_look_again<S: TaskStore + Clone>(f: Fixture<S>) {
    assert!(!is_due(&f, Chore::Reap).await && !is_due(&f, Chore::Prune).await);
    let run_at = f.store.now().plus(secs(20));
    f.created(NewTask { run_at: Some(run_at), retention_s: Some(60), ..NewTask::new(TENANT, TOOL, "{}") }).await;
    assert!(!is_due(&f, Chore::Reap).await);
    f.pass(secs(20));
    assert!(is_due(&f, Chore::Reap).await, "its time came");
    let mut wakeups = f.store.wakeups();
    f.store.reap(10).await.unwrap();
    wakeups.changed().await.unwrap();
    assert!(!is_due(&f, Chore::Reap).await);
    let lease = f.claim("w").await.unwrap().lease;
    f.pass(secs(30));
    assert!(is_due(&f, Chore::Reap).await, "the lease is over");
    f.store.reap(10).await.unwrap();
    let again = f.claim("w").await.unwrap().lease;
    assert_ne!(again, lease);
    let failure = TaskFailure::new(FailureCode::Failed, "e");
    f.finish(again, Outcome::Retry { failure, delay: Some(secs(5)) }).await;
    assert!(!is_due(&f, Chore::Reap).await);
    f.pass(secs(5));
    assert!(is_due(&f, Chore::Reap).await, "its next attempt comes");
    f.store.reap(10).await.unwrap();
    let last = f.claim("w").await.unwrap().lease;
    f.finish(last, ok("1")).await;
    assert!(!is_due(&f, Chore::Prune).await);
    f.pass(secs(60));
    assert!(is_due(&f, Chore::Prune).await, "it is over retention");
    f.store.prune(Retention::default(), 10).await.unwrap();
    assert!(!is_due(&f, Chore::Prune).await && !is_due(&f, Chore::Reap).await);
}

pub(crate) async fn who_waits_hears_of_what_is_due_sooner<S: TaskStore + Clone>(f: Fixture<S>) {
    let soon = || Some(f.store.now().plus(Duration::from_millis(200)));
    let wakes = async |chore, change: std::pin::Pin<Box<dyn Future<Output = ()> + '_>>| {
        let waiting = tokio::time::timeout(secs(20), f.store.due(chore, secs(600)));
        // It waits already when the change comes.
        let changing = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            change.await;
        };
        tokio::join!(waiting, changing).0.expect("it wakes soon").unwrap();
    };
    let task = || NewTask::new(TENANT, TOOL, "{}");
    let short = f.queued(TENANT).await;
    let claim = ClaimReq { lease: MIN_LEASE, ..ClaimReq::new("short", &[TOOL]) };
    let claims = async {
        let leased = f.store.claim(claim).await.unwrap();
        assert_eq!(leased.first().map(|leased| leased.lease.id), Some(short));
    };
    wakes(Chore::Reap, Box::pin(claims)).await;
    f.store.cancel(TENANT, short, "").await.unwrap();
    f.pass(MIN_LEASE);
    f.store.reap(10).await.unwrap();
    let lost = f.leased().await;
    wakes(Chore::Reap, Box::pin(async { assert_eq!(f.store.end_leases("w").await.unwrap(), 1) })).await;
    f.store.reap(10).await.unwrap();
    f.store.cancel(TENANT, lost.id, "").await.unwrap();
    let (scheduled, leased) = (TaskId::new(), f.leased().await);
    // The lease ends in 30 s.
    let submit = NewTask { id: scheduled, run_at: soon(), ..task() };
    wakes(Chore::Reap, Box::pin(async { _ = f.created(submit).await })).await;
    let retry =
        Outcome::Retry { failure: TaskFailure::new(FailureCode::Failed, "e"), delay: Some(Duration::from_millis(200)) };
    f.pass(secs(1));
    f.store.reap(10).await.unwrap();
    wakes(Chore::Reap, Box::pin(async { drop(f.finish(leased, retry).await) })).await;
    f.pass(secs(1));
    f.store.reap(10).await.unwrap();
    let later = f.created(NewTask { run_at: Some(f.store.now().plus(secs(3_600))), ..task() }).await;
    let patch = Patch { run_at: soon(), ..Patch::default() };
    wakes(Chore::Reap, Box::pin(async { drop(f.store.update(TENANT, later, patch, None).await.unwrap()) })).await;
    let short = f.created(NewTask { retention_s: Some(0), priority: 10, ..task() }).await;
    let lease = f.claim("w").await.unwrap().lease;
    assert_eq!(lease.id, short);
    wakes(Chore::Prune, Box::pin(async { drop(f.finish(lease, ok("1")).await) })).await;
}
