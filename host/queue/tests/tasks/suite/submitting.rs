use tandem_queue::{
    MAX_ARGUMENTS, MAX_BATCH, NewTask, Resubmit, ResubmitOpts, RetryKind, RetryPolicy, StepRef, Submitted, TaskId,
    TaskState, TaskStore, TaskStoreError, WorkflowId,
};

use super::{Fixture, TENANT, TOOL, ok};

pub(crate) async fn a_task_is_there_as_it_was_submitted<S: TaskStore + Clone>(f: Fixture<S>) {
    let new = NewTask {
        subject: "alice".into(),
        queue: "slow".into(),
        priority: 9,
        timeout_s: 60,
        retry: RetryPolicy { policy: RetryKind::Linear, max_attempts: 7, base_delay_ms: 250 },
        run_at: Some(f.store.now().plus(super::secs(60))),
        tags: vec!["a".into(), "b".into()],
        metadata: Some(r#"{"k":1}"#.into()),
        target_peer: Some("peer-1".into()),
        idempotency_key: Some("key".into()),
        retention_s: Some(30),
        step: Some(StepRef { workflow: WorkflowId::new(), step: "s1".into() }),
        ..NewTask::new(TENANT, TOOL, r#"{"text":"hi"}"#)
    };
    assert_eq!(f.submit(new.clone()).await, Submitted::Created { id: new.id, state: TaskState::Scheduled });
    let task = f.get(new.id).await;
    assert_eq!(task.arguments, new.arguments);
    assert_eq!(task.result, None);
    let row = task.row;
    assert_eq!((row.subject, row.queue, row.tool, row.priority), (new.subject, new.queue, new.tool, 9));
    assert_eq!((row.timeout_s, row.retry, row.run_at, row.tags), (60, new.retry, new.run_at, new.tags));
    assert_eq!((row.metadata, row.target_peer), (new.metadata, new.target_peer));
    assert_eq!((row.idempotency_key, row.step, row.created_at), (new.idempotency_key, new.step, f.store.now()));
    assert_eq!((row.attempt, row.fence, row.worker, row.resubmitted_from), (0, 0, None, None));
}

pub(crate) async fn the_same_key_gives_the_first_task_and_another_body_conflicts<S: TaskStore + Clone>(f: Fixture<S>) {
    let of = |arguments: &str| NewTask { idempotency_key: Some("k".into()), ..NewTask::new(TENANT, TOOL, arguments) };
    let id = f.created(of(r#"{"a":1,"b":[{"c":2,"d":3}]}"#)).await;
    // The order of members and blanks are no content; nor is who asks.
    let same = NewTask { subject: "bob".into(), ..of(r#"{ "b":[{"d":3,"c":2}], "a":1 }"#) };
    assert_eq!(f.submit(same.clone()).await, Submitted::Existing { id, state: TaskState::Ready });
    assert_eq!(f.submit(of(r#"{"a":2}"#)).await, Submitted::Conflict);
    assert_eq!(f.submit(NewTask { priority: 1, ..same.clone() }).await, Submitted::Conflict);
    // The key is the tenant's and the queue's.
    f.created(NewTask { tenant: "other".into(), ..of(r#"{"a":2}"#) }).await;
    f.created(NewTask { queue: "other".into(), ..of(r#"{"a":2}"#) }).await;
    // It holds while the task is kept.
    let lease = f.claim("w").await.unwrap().lease;
    f.finish(lease, ok("1")).await;
    let again = f.store.submit(vec![same]).await.unwrap();
    assert!(matches!(again[0], Submitted::Existing { .. }), "{again:?}");
}

pub(crate) async fn the_same_id_gives_the_first_task<S: TaskStore + Clone>(f: Fixture<S>) {
    let task = NewTask::new(TENANT, TOOL, "{}");
    let twice = f.store.submit(vec![task.clone(), task.clone()]).await.unwrap();
    let existing = Submitted::Existing { id: task.id, state: TaskState::Ready };
    assert_eq!(twice, [Submitted::Created { id: task.id, state: TaskState::Ready }, existing]);
    assert_eq!(f.submit(NewTask { priority: 1, ..task.clone() }).await, Submitted::Conflict);
    assert_eq!(f.submit(NewTask { tenant: "other".into(), ..task }).await, Submitted::Conflict);
}

pub(crate) async fn a_tenant_has_a_bounded_number_of_queued_tasks<S: TaskStore + Clone>(f: Fixture<S>) {
    let first = NewTask::new(TENANT, TOOL, "{}");
    f.created(first.clone()).await;
    for _ in 1..50 {
        f.queued(TENANT).await;
    }
    let refused = f.submit(NewTask::new(TENANT, TOOL, "{}")).await;
    assert!(matches!(&refused, Submitted::QuotaExceeded(why) if why.contains("50 queued")), "{refused:?}");
    // What is there already needs no room, and another tenant has its own.
    assert!(matches!(f.submit(first).await, Submitted::Existing { .. }));
    f.queued("other").await;
    // What runs is no longer queued.
    f.claim("w").await.unwrap();
    f.claim("w").await.unwrap();
    f.queued(TENANT).await;
}

pub(crate) async fn a_tenant_has_a_bounded_number_of_stored_tasks_and_bytes<S: TaskStore + Clone>(f: Fixture<S>) {
    let large = format!(r#"{{"x":"{}"}}"#, "y".repeat((1 << 18) - 8));
    for _ in 0..4 {
        f.created(NewTask::new(TENANT, TOOL, &large)).await;
    }
    let refused = f.submit(NewTask::new(TENANT, TOOL, &large)).await;
    assert!(matches!(&refused, Submitted::QuotaExceeded(why) if why.contains("bytes")), "{refused:?}");
    for _ in 0..100 {
        let id = f.queued("many").await;
        f.store.cancel("many", id, "").await.unwrap();
    }
    let refused = f.submit(NewTask::new("many", TOOL, "{}")).await;
    assert!(matches!(&refused, Submitted::QuotaExceeded(why) if why.contains("100 stored")), "{refused:?}");
}

pub(crate) async fn what_is_malformed_is_refused_by_name<S: TaskStore + Clone>(f: Fixture<S>) {
    let good = || NewTask::new(TENANT, TOOL, "{}");
    let cases = [
        ("arguments", NewTask { arguments: "[]".into(), ..good() }),
        ("arguments", NewTask { arguments: "{".into(), ..good() }),
        ("arguments", NewTask { arguments: format!("{{}}{}", " ".repeat(MAX_ARGUMENTS)), ..good() }),
        ("metadata", NewTask { metadata: Some("1".into()), ..good() }),
        ("priority", NewTask { priority: 11, ..good() }),
        ("timeout_s", NewTask { timeout_s: 0, ..good() }),
        ("tool", NewTask { tool: String::new(), ..good() }),
        ("queue", NewTask { queue: "a\nb".into(), ..good() }),
        ("tenant", NewTask { tenant: "t".repeat(129), ..good() }),
        ("tags", NewTask { tags: vec!["t".into(); 33], ..good() }),
        ("tag", NewTask { tags: vec![String::new()], ..good() }),
        ("idempotency_key", NewTask { idempotency_key: Some("k".repeat(257)), ..good() }),
        ("max_attempts", NewTask { retry: RetryPolicy { max_attempts: 0, ..RetryPolicy::default() }, ..good() }),
        (
            "base_delay_ms",
            NewTask { retry: RetryPolicy { base_delay_ms: 3_600_001, ..RetryPolicy::default() }, ..good() },
        ),
        ("retention_s", NewTask { retention_s: Some(u32::MAX), ..good() }),
        ("run_at", NewTask { run_at: Some(f.store.now().plus(super::secs(400 * 86_400))), ..good() }),
    ];
    for (name, task) in cases {
        match f.store.submit(vec![good(), task]).await {
            Err(TaskStoreError::Invalid(why)) => assert!(why.contains(name), "{name}: {why}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let many = (0..=MAX_BATCH).map(|_| good()).collect();
    assert!(matches!(f.store.submit(many).await, Err(TaskStoreError::Invalid(_))));
    // Nothing of a refused call is there.
    assert!(f.claim("w").await.is_none());
}

pub(crate) async fn tenants_do_not_meet<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = f.queued(TENANT).await;
    assert_eq!(f.store.get("other", id).await.unwrap(), None);
    assert_eq!(f.store.position("other", id).await.unwrap(), None);
    assert_eq!(f.store.cancel("other", id, "").await.unwrap(), tandem_queue::CancelState::NotFound);
    let patched = f.store.update("other", id, Default::default(), None).await.unwrap();
    assert_eq!(patched, tandem_queue::Updated::NotFound);
    let options =
        ResubmitOpts { id: TaskId::new(), subject: String::new(), access: None, arguments: None, priority: None };
    assert_eq!(f.store.resubmit("other", id, options).await.unwrap(), Resubmit::NotFound);
    assert_eq!(f.state(id).await, TaskState::Ready);
}

pub(crate) async fn what_ended_is_submitted_again_as_a_new_task<S: TaskStore + Clone>(f: Fixture<S>) {
    let old = f.created(NewTask { tags: vec!["t".into()], ..NewTask::new(TENANT, TOOL, r#"{"a":1}"#) }).await;
    let options = ResubmitOpts {
        id: TaskId::new(),
        subject: "bob".into(),
        access: None,
        arguments: Some(r#"{"a":2}"#.into()),
        priority: Some(8),
    };
    let refused = f.store.resubmit(TENANT, old, options.clone()).await.unwrap();
    assert_eq!(refused, Resubmit::NotTerminal(TaskState::Ready));
    f.store.cancel(TENANT, old, "").await.unwrap();
    let created = Submitted::Created { id: options.id, state: TaskState::Ready };
    assert_eq!(f.store.resubmit(TENANT, old, options.clone()).await.unwrap(), Resubmit::Submitted(created));
    // Sent again after a lost answer.
    let again = f.store.resubmit(TENANT, old, options.clone()).await.unwrap();
    assert!(matches!(again, Resubmit::Submitted(Submitted::Existing { .. })), "{again:?}");
    let new = f.get(options.id).await;
    assert_eq!((new.row.resubmitted_from, new.arguments.as_str(), new.row.priority), (Some(old), r#"{"a":2}"#, 8));
    assert_eq!((new.row.tags, new.row.subject.as_str()), (vec!["t".to_owned()], "bob"));
    assert_eq!(f.state(old).await, TaskState::Cancelled);
}
