use std::{collections::HashSet, time::Duration};

use tandem_queue::{Adopted, ClaimReq, NewTask, Outcome, RetryKind, RetryPolicy, TaskState, TaskStore};

use super::{Fixture, TENANT, TOOL, applied, ok, secs};

pub(crate) async fn claimers_never_share_a_task<S: TaskStore + Clone>(f: Fixture<S>) {
    for tenant in ["a", "b"] {
        for _ in 0..20 {
            f.queued(tenant).await;
        }
    }
    let claimers = (0..8).map(|worker| {
        let store = f.store.clone();
        tokio::spawn(async move {
            let request = ClaimReq { max: 3, ..ClaimReq::new(&format!("w{worker}"), &[TOOL]) };
            let mut mine = Vec::new();
            loop {
                let leased = store.claim(request.clone()).await.unwrap();
                if leased.is_empty() {
                    return mine;
                }
                mine.extend(leased.into_iter().map(|leased| leased.lease));
            }
        })
    });
    let mut all = Vec::new();
    for claimer in claimers.collect::<Vec<_>>() {
        all.extend(claimer.await.unwrap());
    }
    let ids: HashSet<_> = all.iter().map(|lease| lease.id).collect();
    assert_eq!((all.len(), ids.len()), (40, 40));
}

pub(crate) async fn a_worker_gets_what_it_can_run<S: TaskStore + Clone>(f: Fixture<S>) {
    let of = |tool: &str| NewTask::new(TENANT, tool, "{}");
    let plain = f.created(of("a")).await;
    f.created(of("b")).await;
    f.created(NewTask { queue: "q".into(), ..of("a") }).await;
    let targeted = f.created(NewTask { target_peer: Some("peer".into()), ..of("a") }).await;
    let high = f.created(NewTask { priority: 9, ..of("a") }).await;
    let low = ClaimReq { max: 9, max_priority: 8, ..ClaimReq::new("w", &["a"]) };
    let ids = async |request: ClaimReq| -> Vec<_> {
        f.store.claim(request).await.unwrap().into_iter().map(|leased| leased.lease.id).collect()
    };
    assert_eq!(ids(ClaimReq { tenants: Some(vec!["other".into()]), ..low.clone() }).await, []);
    assert_eq!(ids(low.clone()).await, [plain]);
    assert_eq!(ids(ClaimReq { peer: Some("another".into()), ..low.clone() }).await, []);
    assert_eq!(ids(ClaimReq { peer: Some("peer".into()), ..low }).await, [targeted]);
    assert_eq!(ids(ClaimReq { max: 9, ..ClaimReq::new("w", &["a"]) }).await, [high]);
    let both = ClaimReq { max: 9, queues: vec!["default".into(), "q".into()], ..ClaimReq::new("w", &["a", "b"]) };
    assert_eq!(ids(both).await.len(), 2);
}

pub(crate) async fn a_scheduled_task_waits_for_its_time<S: TaskStore + Clone>(f: Fixture<S>) {
    let task = NewTask { run_at: Some(f.store.now().plus(secs(10))), ..NewTask::new(TENANT, TOOL, "{}") };
    let id = f.created(task).await;
    f.pass(Duration::from_millis(9_999));
    assert!(f.claim("w").await.is_none());
    f.pass(Duration::from_millis(1));
    assert_eq!(f.claim("w").await.unwrap().lease.id, id);
}

pub(crate) async fn a_noisy_tenant_delays_another_by_two_claims_at_most<S: TaskStore + Clone>(f: Fixture<S>) {
    for _ in 0..40 {
        f.created(NewTask { priority: 10, ..NewTask::new("noisy", TOOL, "{}") }).await;
    }
    for _ in 0..5 {
        f.claim("w").await.unwrap();
    }
    f.pass(secs(1));
    for _ in 0..3 {
        let quiet = f.created(NewTask { priority: 0, ..NewTask::new("quiet", TOOL, "{}") }).await;
        let two = [f.claim("w").await.unwrap(), f.claim("w").await.unwrap()];
        assert!(two.iter().any(|leased| leased.lease.id == quiet), "{two:?}");
    }
    // Nor within one claim of many.
    f.queued("quiet").await;
    let many = f.store.claim(ClaimReq { max: 4, ..ClaimReq::new("w", &[TOOL]) }).await.unwrap();
    assert!(many[..2].iter().any(|leased| leased.tenant == "quiet"), "{many:?}");
}

pub(crate) async fn a_tenant_has_a_bounded_number_of_leased_tasks<S: TaskStore + Clone>(f: Fixture<S>) {
    for _ in 0..25 {
        f.queued(TENANT).await;
    }
    f.queued("other").await;
    let leased = f.store.claim(ClaimReq { max: 64, ..ClaimReq::new("w", &[TOOL]) }).await.unwrap();
    assert_eq!(leased.iter().filter(|leased| leased.tenant == TENANT).count(), 20);
    assert_eq!(leased.len(), 21);
    assert!(f.claim("w").await.is_none());
    let lease = leased.iter().find(|leased| leased.tenant == TENANT).unwrap().lease;
    f.finish(lease, ok("1")).await;
    assert!(f.claim("w").await.is_some());
}

pub(crate) async fn the_highest_priority_goes_first_and_waiting_counts<S: TaskStore + Clone>(f: Fixture<S>) {
    let of = |priority| NewTask { priority, ..NewTask::new(TENANT, TOOL, "{}") };
    let old = f.created(of(3)).await;
    let older_peer = f.created(of(5)).await;
    f.pass(Duration::from_millis(119_999));
    let new = f.created(of(5)).await;
    let newest = f.created(of(6)).await;
    f.pass(Duration::from_millis(2));
    let late = f.created(of(5)).await;
    // Two minutes of waiting are worth two priorities: 3 + 2 stands just before a 5 that came now, and after one
    // that came a moment before.
    let mut order = Vec::new();
    while let Some(leased) = f.claim("w").await {
        order.push(leased.lease.id);
    }
    assert_eq!(order, [older_peer, newest, new, old, late]);
}

pub(crate) async fn a_paused_queue_is_left_alone<S: TaskStore + Clone>(f: Fixture<S>) {
    f.queued(TENANT).await;
    f.store.pause("default", true).await.unwrap();
    assert!(f.claim("w").await.is_none());
    f.store.pause("default", false).await.unwrap();
    assert!(f.claim("w").await.is_some());
}

pub(crate) async fn position_is_the_order_of_claims<S: TaskStore + Clone>(f: Fixture<S>) {
    let mut ids = Vec::new();
    for (tool, priority) in [("echo", 2), ("other", 7), ("echo", 5), ("echo", 5), ("other", 3), ("echo", 3)] {
        ids.push(f.created(NewTask { priority, ..NewTask::new(TENANT, tool, "{}") }).await);
        f.pass(secs(50));
        f.queued("another-tenant").await;
    }
    let mut positions = Vec::new();
    for id in ids {
        positions.push((f.store.position(TENANT, id).await.unwrap().unwrap(), id));
    }
    positions.sort_unstable();
    assert_eq!(positions.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    let own = ClaimReq { max: 9, tenants: Some(vec![TENANT.into()]), ..ClaimReq::new("w", &["echo", "other"]) };
    let claimed = f.store.claim(own).await.unwrap();
    let claimed: Vec<_> = claimed.into_iter().map(|leased| leased.lease.id).collect();
    assert_eq!(claimed, positions.iter().map(|(_, id)| *id).collect::<Vec<_>>());
    assert_eq!(f.store.position(TENANT, claimed[0]).await.unwrap(), None);
}

pub(crate) async fn position_is_exact_in_a_long_queue<S: TaskStore + Clone>(f: Fixture<S>) {
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(f.queued(TENANT).await);
    }
    // From either end it is far to the middle.
    for (place, id) in (1..).zip(ids) {
        assert_eq!(f.store.position(TENANT, id).await.unwrap(), Some(place));
    }
}

pub(crate) async fn claimers_are_woken<S: TaskStore + Clone>(f: Fixture<S>) {
    let mut wakeups = f.store.wakeups();
    let lease = f.leased().await;
    wakeups.changed().await.unwrap();
    f.finish(lease, Outcome::Release).await;
    wakeups.changed().await.unwrap();
    let lease = f.claim("w").await.unwrap().lease;
    // Nothing became ready: a claim wakes nobody.
    assert!(tokio::time::timeout(Duration::from_millis(20), wakeups.changed()).await.is_err());
    f.pass(secs(31));
    f.store.reap(10).await.unwrap();
    wakeups.changed().await.unwrap();
    assert_eq!(f.state(lease.id).await, TaskState::Ready);
}

pub(crate) async fn what_runs_already_is_never_for_another<S: TaskStore + Clone>(f: Fixture<S>) {
    let once = RetryPolicy { policy: RetryKind::None, ..RetryPolicy::default() };
    let task = NewTask { retry: once, ..NewTask::new(TENANT, TOOL, "{}") };
    let adopted = f.store.adopt(task.clone(), "w", secs(10)).await.unwrap();
    let Adopted::Leased { lease, .. } = adopted else { panic!("{adopted:?}") };
    assert_eq!((lease.id, f.state(lease.id).await), (task.id, TaskState::Leased));
    assert_eq!(f.store.adopt(task.clone(), "w", secs(10)).await.unwrap(), adopted, "sent again");
    assert_eq!(f.store.adopt(task, "v", secs(10)).await.unwrap(), Adopted::Conflict);
    assert!(f.claim("v").await.is_none());
    assert_eq!(f.finish(lease, ok("1")).await, applied(TaskState::Succeeded));

    // Nobody renews it: it is run again only where its policy has another attempt.
    let again = RetryPolicy { policy: RetryKind::Linear, ..once };
    for (retry, state) in [(once, TaskState::Failed), (again, TaskState::Ready)] {
        let task = NewTask { retry, ..NewTask::new(TENANT, TOOL, "{}") };
        let id = task.id;
        f.store.adopt(task, "w", secs(10)).await.unwrap();
        f.pass(secs(11));
        f.store.reap(10).await.unwrap();
        assert_eq!(f.state(id).await, state);
    }

    let many: Vec<_> = (0..21).map(|_| NewTask::new("b", TOOL, "{}")).collect();
    let mut refused = 0;
    for task in many {
        let adopted = f.store.adopt(task, "w", secs(10)).await.unwrap();
        refused += usize::from(matches!(adopted, Adopted::QuotaExceeded(_)));
    }
    assert_eq!(refused, 1, "a tenant has twenty running tasks");
}
