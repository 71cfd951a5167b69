use std::time::Duration;

use tandem_queue::{
    Beat, CancelState, FailureCode, Finish, Hint, MAX_BACKOFF, MAX_ERROR, MAX_RESULT, NewTask, Outcome, Retention,
    RetryKind, RetryPolicy, TaskFailure, TaskResult, TaskState, TaskStore, TaskStoreError, WorkerInfo,
};
use tandem_types::ContentId;

use super::{Fixture, TENANT, TOOL, applied, ok, secs};

fn retry(delay: Option<Duration>) -> Outcome {
    Outcome::Retry { failure: TaskFailure::new(FailureCode::Failed, "try again"), delay }
}

pub(crate) async fn a_repeated_completion_gets_the_first_result<S: TaskStore + Clone>(f: Fixture<S>) {
    let lease = f.leased().await;
    assert_eq!(f.finish(lease, ok(r#"{"n":1}"#)).await, applied(TaskState::Succeeded));
    let first = Some(TaskResult::Inline(r#"{"n":1}"#.into()));
    let done = Finish::AlreadyDone { state: TaskState::Succeeded, result: first.clone() };
    for outcome in [ok(r#"{"n":1}"#), ok(r#"{"n":2}"#), Outcome::Release, Outcome::fatal(FailureCode::Failed, "e")] {
        assert_eq!(f.finish(lease, outcome).await, done);
    }
    f.pass(secs(3600));
    assert_eq!(f.finish(lease, ok(r#"{"n":1}"#)).await, done);
    let task = f.get(lease.id).await;
    assert_eq!((task.result, task.row.state), (first, TaskState::Succeeded));
    // A failure sent again does not fail the next attempt as well.
    let lease = f.leased().await;
    f.finish(lease, retry(Some(secs(0)))).await;
    assert_eq!(f.finish(lease, retry(None)).await, Finish::AlreadyDone { state: TaskState::Ready, result: None });
    let next = f.claim("w").await.unwrap();
    assert_eq!((next.attempt, f.finish(lease, retry(None)).await), (2, Finish::Stale));
}

pub(crate) async fn a_failed_attempt_is_made_again_after_a_bounded_wait<S: TaskStore + Clone>(f: Fixture<S>) {
    let policy = RetryPolicy { policy: RetryKind::Exponential, max_attempts: 5, base_delay_ms: 60_000 };
    let id = f.created(NewTask { retry: policy, ..NewTask::new(TENANT, TOOL, "{}") }).await;
    for attempt in 1..=5_u32 {
        let leased = f.claim("w").await.unwrap();
        assert_eq!((leased.lease.id, leased.attempt, leased.max_attempts), (id, attempt, 5));
        let done = f.finish(leased.lease, retry(None)).await;
        let failure = f.get(id).await.row.failure.unwrap();
        assert_eq!((failure.code, &*failure.message, failure.retryable), (FailureCode::Failed, "try again", true));
        if attempt == 5 {
            assert_eq!(done, applied(TaskState::Dead));
            break;
        }
        let ceiling = secs(60 << (attempt - 1));
        if let Finish::Applied { run_at: Some(run_at), state } = done {
            assert_eq!(state, TaskState::Retrying);
            assert!(run_at.since(f.store.now()) <= ceiling, "{attempt}: {:?}", run_at.since(f.store.now()));
            f.pass(run_at.since(f.store.now()) - Duration::from_millis(1));
            assert!(f.claim("w").await.is_none());
        }
        f.pass(ceiling);
    }
    // A wait asked for is kept, up to the bound.
    let lease = f.leased().await;
    let run_at = Some(f.store.now().plus(secs(7)));
    assert_eq!(f.finish(lease, retry(Some(secs(7)))).await, Finish::Applied { state: TaskState::Retrying, run_at });
    f.pass(secs(7));
    let lease = f.claim("w").await.unwrap().lease;
    let run_at = Some(f.store.now().plus(MAX_BACKOFF));
    let long = f.finish(lease, retry(Some(secs(1_000_000)))).await;
    assert_eq!(long, Finish::Applied { state: TaskState::Retrying, run_at });
}

pub(crate) async fn a_fatal_error_ends_a_task<S: TaskStore + Clone>(f: Fixture<S>) {
    let lease = f.leased().await;
    assert_eq!(
        f.finish(lease, Outcome::fatal(FailureCode::NotFound, "no such thing")).await,
        applied(TaskState::Failed)
    );
    let row = f.get(lease.id).await.row;
    let failure = Some(TaskFailure::new(FailureCode::NotFound, "no such thing"));
    assert_eq!((row.failure, row.attempt, row.finished_at), (failure, 1, Some(f.store.now())));
    assert!(f.claim("w").await.is_none());
}

pub(crate) async fn snoozing_and_handing_back_burn_no_attempt<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = f.queued(TENANT).await;
    for fence in 1..=10 {
        let leased = f.claim("w").await.unwrap();
        assert_eq!((leased.lease.id, leased.lease.fence, leased.attempt), (id, fence, 1));
        if fence % 2 == 0 {
            assert_eq!(f.finish(leased.lease, Outcome::Release).await, applied(TaskState::Ready));
        } else {
            let run_at = Some(f.store.now().plus(secs(5)));
            let done = f.finish(leased.lease, Outcome::Snooze(secs(5))).await;
            assert_eq!(done, Finish::Applied { state: TaskState::Scheduled, run_at });
            assert!(f.claim("w").await.is_none());
            f.pass(secs(5));
        }
    }
}

pub(crate) async fn a_task_that_is_handed_back_for_ever_dies<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = f.queued(TENANT).await;
    for _ in 1..20 {
        let lease = f.claim("w").await.unwrap().lease;
        assert_eq!(f.finish(lease, Outcome::Release).await, applied(TaskState::Ready));
    }
    let lease = f.claim("w").await.unwrap().lease;
    assert_eq!(f.finish(lease, Outcome::Release).await, applied(TaskState::Dead));
    assert_eq!(f.state(id).await, TaskState::Dead);
}

pub(crate) async fn cancelling_ends_what_waits_and_asks_what_runs<S: TaskStore + Clone>(f: Fixture<S>) {
    let queued = f.queued(TENANT).await;
    let done = CancelState::Done { was: TaskState::Ready };
    assert_eq!(f.store.cancel(TENANT, queued, "not needed").await.unwrap(), done);
    assert_eq!(f.get(queued).await.row.cancel_reason.as_deref(), Some("not needed"));
    let terminal = CancelState::Terminal(TaskState::Cancelled);
    assert_eq!(f.store.cancel(TENANT, queued, "").await.unwrap(), terminal);

    let mut hints = f.store.hints();
    let lease = f.leased().await;
    f.pass(secs(10));
    assert_eq!(f.store.cancel(TENANT, lease.id, "stop").await.unwrap(), CancelState::Requested);
    assert!(matches!(hints.recv().await.unwrap(), Hint::Cancel(hint) if hint.lease == lease && hint.worker == "w"));
    // The lease is not extended, so that a deaf worker ends with it.
    let until = f.store.now().plus(secs(20));
    let beat = Beat::CancelRequested { until, reason: "stop".into() };
    assert_eq!(f.store.heartbeat("w", vec![(lease, None)]).await.unwrap(), [beat]);
    assert_eq!(f.finish(lease, retry(None)).await, applied(TaskState::Cancelled));

    let deaf = f.leased().await;
    f.store.cancel(TENANT, deaf.id, "stop").await.unwrap();
    f.pass(secs(30));
    assert_eq!(f.store.reap(10).await.unwrap()[0].state, TaskState::Cancelled);

    // What was done by then is done.
    let quick = f.leased().await;
    f.store.cancel(TENANT, quick.id, "stop").await.unwrap();
    assert_eq!(f.finish(quick, ok("1")).await, applied(TaskState::Succeeded));
}

pub(crate) async fn who_waits_for_the_end_is_woken<S: TaskStore + Clone>(f: Fixture<S>) {
    let lease = f.leased().await;
    let waiting = (0..3).map(|_| {
        let store = f.store.clone();
        tokio::spawn(async move { store.wait_end(TENANT, lease.id, secs(300)).await.unwrap().unwrap() })
    });
    let waiting: Vec<_> = waiting.collect();
    tokio::task::yield_now().await;
    let running = f.store.wait_end(TENANT, lease.id, Duration::from_millis(5)).await.unwrap().unwrap();
    assert_eq!(running.row.state, TaskState::Leased);
    f.finish(lease, ok("7")).await;
    for task in waiting {
        assert_eq!(task.await.unwrap().result, Some(TaskResult::Inline("7".into())));
    }
    // Another tenant does not wait for it, and who comes late does not wait either.
    assert_eq!(f.store.wait_end("other", lease.id, secs(300)).await.unwrap(), None);
    let late = f.store.wait_end(TENANT, lease.id, secs(300)).await.unwrap().unwrap();
    assert_eq!(late.row.state, TaskState::Succeeded);
}

pub(crate) async fn results_and_errors_are_bounded<S: TaskStore + Clone>(f: Fixture<S>) {
    let lease = f.leased().await;
    for result in [format!(r#""{}""#, "x".repeat(MAX_RESULT)), "no json".to_owned()] {
        let refused = f.store.finish("w", vec![(lease, ok(&result))]).await;
        assert!(matches!(refused, Err(TaskStoreError::Invalid(_))), "{refused:?}");
    }
    f.finish(lease, Outcome::Ok(TaskResult::Cid("bafkrei".into()))).await;
    assert_eq!(f.get(lease.id).await.result, Some(TaskResult::Cid("bafkrei".into())));
    let lease = f.leased().await;
    f.finish(lease, Outcome::fatal(FailureCode::Failed, "é".repeat(MAX_ERROR))).await;
    let error = f.get(lease.id).await.row.failure.unwrap().message;
    assert!(error.len() <= MAX_ERROR && error.ends_with('…'), "{}", error.len());
}

pub(crate) async fn a_large_result_is_kept_once_and_goes_with_its_last_task<S: TaskStore + Clone>(f: Fixture<S>) {
    let content = format!(r#""{}""#, "x".repeat(3 * MAX_RESULT));
    let kept = || Outcome::done(content.clone());
    let cid = ContentId::of_bytes(content.as_bytes()).to_string();
    let task = |retention| NewTask { retention_s: Some(retention), ..NewTask::new(TENANT, TOOL, "{}") };
    for retention in [60, 120] {
        let id = f.created(task(retention)).await;
        let lease = f.claim("w").await.unwrap().lease;
        assert_eq!(f.finish(lease, kept()).await, applied(TaskState::Succeeded));
        assert_eq!(f.get(id).await.result, Some(TaskResult::Cid(cid.clone())));
    }
    assert_eq!(f.store.content(&cid).await.unwrap().as_ref(), Some(&content));
    f.pass(secs(61));
    f.store.prune(Retention::default(), 10).await.unwrap();
    assert_eq!(f.store.content(&cid).await.unwrap().as_ref(), Some(&content), "another task names it");
    f.pass(secs(60));
    f.store.prune(Retention::default(), 10).await.unwrap();
    assert_eq!(f.store.content(&cid).await.unwrap(), None);
}

pub(crate) async fn large_results_count_as_the_tenant_s_bytes<S: TaskStore + Clone>(f: Fixture<S>) {
    let half = || Outcome::Kept { cid: "bafkrei".into(), content: format!(r#""{}""#, "x".repeat(600 << 10)) };
    let first = f.leased().await;
    assert_eq!(f.finish(first, half()).await, applied(TaskState::Succeeded));
    let second = f.leased().await;
    assert_eq!(f.finish(second, half()).await, applied(TaskState::Failed));
    assert_eq!(f.get(second.id).await.row.failure.unwrap().code, FailureCode::LimitExceeded);
}

pub(crate) async fn workers_are_counted<S: TaskStore + Clone>(f: Fixture<S>) {
    let info = WorkerInfo { worker: "w".into(), capacity: 4, tools: vec![TOOL.into()] };
    f.store.worker_seen(info, secs(60)).await.unwrap();
    let lease = f.leased().await;
    f.pass(secs(2));
    f.finish(lease, ok("1")).await;
    let lease = f.leased().await;
    f.finish(lease, Outcome::fatal(FailureCode::Failed, "e")).await;
    f.leased().await;
    f.pass(secs(31));
    f.store.reap(10).await.unwrap();
    let again = f.claim("w").await.unwrap();
    let workers = f.store.workers().await.unwrap();
    let w = &workers[0];
    assert_eq!((w.worker.as_str(), w.capacity, w.tools.as_slice()), ("w", 4, &[TOOL.to_owned()][..]));
    assert_eq!((w.running, w.completed, w.failed, w.lost_leases, w.completed_ms), (1, 1, 1, 1, 2000));
    assert_eq!(w.last_seen, f.store.now());
    f.finish(again.lease, ok("1")).await;
    // It is there while it is heard of, however long ago it came.
    for _ in 0..4 {
        f.pass(secs(1800));
        f.store.reap(10).await.unwrap();
        let lease = f.leased().await;
        f.finish(lease, ok("1")).await;
    }
    assert_eq!(f.store.workers().await.unwrap()[0].worker, "w");
    // One that is silent and has nothing is there no longer.
    f.pass(secs(7200));
    f.store.reap(10).await.unwrap();
    assert_eq!(f.store.workers().await.unwrap(), []);
}
