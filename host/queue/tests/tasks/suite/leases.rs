use std::time::Duration;

use tandem_queue::{
    Beat, ClaimReq, FailureCode, Finish, LeaseRef, MAX_LEASE, MIN_LEASE, NewTask, Outcome, Progress, Reaped, RetryKind,
    RetryPolicy, TaskId, TaskState, TaskStore,
};

use super::{Fixture, TENANT, TOOL, ok, secs};

async fn beat<S: TaskStore + Clone>(f: &Fixture<S>, lease: LeaseRef) -> Beat {
    f.store.heartbeat("w", vec![(lease, None)]).await.unwrap().remove(0)
}

pub(crate) async fn a_lease_is_renewed_and_keeps_progress<S: TaskStore + Clone>(f: Fixture<S>) {
    let lease = f.leased().await;
    let progress = Progress { current: 3, total: Some(9), message: Some("m".repeat(1000)) };
    for _ in 0..5 {
        f.pass(secs(20));
        let until = f.store.now().plus(secs(30));
        let beats = f.store.heartbeat("w", vec![(lease, Some(progress.clone()))]).await.unwrap();
        assert_eq!(beats, [Beat::Extended { until }]);
        assert_eq!(f.get(lease.id).await.row.lease_until, Some(until));
    }
    // A renewal that says nothing leaves what was said.
    beat(&f, lease).await;
    let kept = f.get(lease.id).await.row.progress.unwrap();
    assert_eq!((kept.current, kept.total), (3, Some(9)));
    assert!(kept.message.unwrap().len() <= 256);
    // A lease has bounds.
    for (asked, got) in [(secs(0), MIN_LEASE), (secs(100_000), MAX_LEASE)] {
        f.queued(TENANT).await;
        let leased = f.store.claim(ClaimReq { lease: asked, ..ClaimReq::new("w", &[TOOL]) }).await.unwrap();
        assert_eq!((leased[0].lease_for, leased[0].until), (got, f.store.now().plus(got)));
    }
}

pub(crate) async fn a_lost_lease_makes_a_task_ready_and_then_dead<S: TaskStore + Clone>(f: Fixture<S>) {
    let lease = f.leased().await;
    f.pass(secs(29));
    assert_eq!(f.store.reap(10).await.unwrap(), []);
    for attempt in 1..=3 {
        f.pass(secs(30));
        let state = if attempt < 3 { TaskState::Ready } else { TaskState::Dead };
        assert_eq!(f.store.reap(10).await.unwrap(), [Reaped { id: lease.id, worker: "w".into(), state }]);
        let row = f.get(lease.id).await.row;
        assert_eq!((row.state, row.attempt), (state, attempt));
        assert_eq!(
            row.failure.map(|failure| (failure.code, failure.retryable)),
            Some((FailureCode::LeaseExpired, true))
        );
        let next = f.claim("w").await;
        assert_eq!(next.as_ref().map(|leased| leased.lease.fence), (attempt < 3).then_some(u64::from(attempt) + 1));
    }
    // A task that may be tried once only may have had its effect.
    let once = RetryPolicy { policy: RetryKind::None, ..RetryPolicy::default() };
    let id = f.created(NewTask { retry: once, ..NewTask::new(TENANT, TOOL, "{}") }).await;
    f.claim("w").await.unwrap();
    f.pass(secs(31));
    assert_eq!(f.store.reap(10).await.unwrap()[0].state, TaskState::Failed);
    let row = f.get(id).await.row;
    assert_eq!((row.state, row.failure.unwrap().code), (TaskState::Failed, FailureCode::LeaseExpired));
}

pub(crate) async fn a_worker_that_starts_anew_gives_up_what_it_had<S: TaskStore + Clone>(f: Fixture<S>) {
    let mine = f.leased().await;
    f.queued(TENANT).await;
    let other = f.claim("v").await.unwrap().lease;
    assert_eq!(f.store.end_leases("w").await.unwrap(), 1);
    assert_eq!(f.store.end_leases("w").await.unwrap(), 0);
    // At once, for nobody's time passed: the old lease is worth nothing, and others' are as they were.
    assert_eq!(beat(&f, mine).await, Beat::Expired);
    let reaped = f.store.reap(10).await.unwrap();
    assert_eq!(reaped, [Reaped { id: mine.id, worker: "w".into(), state: TaskState::Ready }]);
    let again = f.claim("w").await.unwrap();
    assert_eq!((again.lease.id, again.lease.fence, again.attempt), (mine.id, mine.fence + 1, 2));
    assert_eq!(f.finish(mine, ok("1")).await, Finish::Stale);
    let beats = f.store.heartbeat("v", vec![(other, None)]).await.unwrap();
    assert!(matches!(beats[..], [Beat::Extended { .. }]), "{beats:?}");
}

pub(crate) async fn a_lease_ends_at_its_time_though_nobody_reaps<S: TaskStore + Clone>(f: Fixture<S>) {
    let lease = f.leased().await;
    f.pass(Duration::from_millis(30_000));
    assert_eq!(beat(&f, lease).await, Beat::Expired);
    assert_eq!(f.finish(lease, ok("1")).await, Finish::Expired);
    f.store.reap(10).await.unwrap();
    assert_eq!(f.finish(lease, ok("1")).await, Finish::Expired);
    let again = f.claim("w").await.unwrap().lease;
    assert_eq!(again, LeaseRef { id: lease.id, fence: 2 });
    assert_eq!(f.finish(lease, ok("1")).await, Finish::Stale);
    assert_eq!(f.state(lease.id).await, TaskState::Leased);
}

/// A worker says no time anywhere; what it does an hour too early or too late by its own clock is judged by ours.
pub(crate) async fn only_the_store_s_clock_counts<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = f.queued(TENANT).await;
    let leased = f.claim("w").await.unwrap();
    assert_eq!(leased.until, f.store.now().plus(leased.lease_for));
    f.pass(secs(15));
    let until = f.store.now().plus(secs(30));
    assert_eq!(beat(&f, leased.lease).await, Beat::Extended { until });
    let done = f.finish(leased.lease, Outcome::Snooze(secs(60))).await;
    let run_at = Some(f.store.now().plus(secs(60)));
    assert_eq!(done, Finish::Applied { state: TaskState::Scheduled, run_at });
    assert_eq!(f.get(id).await.row.run_at, run_at);
}

pub(crate) async fn a_stale_fence_changes_nothing<S: TaskStore + Clone>(f: Fixture<S>) {
    let lease = f.leased().await;
    for fence in [0, 2, u64::MAX] {
        let wrong = LeaseRef { fence, ..lease };
        assert_eq!(beat(&f, wrong).await, Beat::Stale);
        assert_eq!(f.finish(wrong, ok("1")).await, Finish::Stale);
    }
    let unknown = LeaseRef { id: TaskId::new(), fence: 1 };
    assert_eq!(f.finish(unknown, ok("1")).await, Finish::Stale);
    // A task that nobody has claimed has fence 0, which is nobody's.
    let ready = LeaseRef { id: f.queued(TENANT).await, fence: 0 };
    assert_eq!(f.store.finish("", vec![(ready, ok("1"))]).await.unwrap(), [Finish::Stale]);
    assert_eq!(f.state(ready.id).await, TaskState::Ready);
    let row = f.get(lease.id).await.row;
    assert_eq!((row.state, row.fence), (TaskState::Leased, 1));
}

pub(crate) async fn another_worker_cannot_end_a_lease<S: TaskStore + Clone>(f: Fixture<S>) {
    let lease = f.leased().await;
    assert_eq!(f.store.finish("thief", vec![(lease, ok("1"))]).await.unwrap(), [Finish::Stale]);
    assert_eq!(f.store.heartbeat("thief", vec![(lease, None)]).await.unwrap(), [Beat::Stale]);
    assert_eq!(f.finish(lease, ok("2")).await, super::applied(TaskState::Succeeded));
    // Nor learn what came of it.
    assert_eq!(f.store.finish("thief", vec![(lease, ok("1"))]).await.unwrap(), [Finish::Stale]);
}
