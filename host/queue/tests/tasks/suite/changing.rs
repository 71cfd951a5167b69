use tandem_queue::{NewTask, Patch, TaskState, TaskStore, TaskStoreError, Updated};

use super::{Fixture, TENANT, TOOL, ok, secs};

async fn change<S: TaskStore + Clone>(f: &Fixture<S>, id: tandem_queue::TaskId, patch: Patch) -> Updated {
    f.store.update(TENANT, id, patch, None).await.unwrap()
}

pub(crate) async fn a_task_is_changed_until_it_ends<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = f.created(NewTask { tags: vec!["old".into()], ..NewTask::new(TENANT, TOOL, "{}") }).await;
    let patch = Patch {
        tags: Some(vec!["new".into()]),
        timeout_s: Some(9),
        run_at: None,
        metadata: Some(r#"{"k":2}"#.into()),
        priority: Some(8),
        ..Patch::default()
    };
    let Updated::Changed { task, old_priority } = change(&f, id, patch.clone()).await else { panic!("not changed") };
    let row = task.row;
    assert_eq!((old_priority, row.priority, row.timeout_s, row.tags), (5, 8, 9, vec!["new".to_owned()]));
    assert_eq!(row.metadata, patch.metadata);
    let listed =
        |tag: &str| tandem_queue::Filter { tenant: TENANT.into(), tag: Some(tag.into()), ..Default::default() };
    assert_eq!(f.store.list(listed("old"), None, 10).await.unwrap().total, 0);
    assert_eq!(f.store.list(listed("new"), None, 10).await.unwrap().total, 1);
    // What changes its priority while it runs has it in the next attempt.
    let lease = f.claim("w").await.unwrap().lease;
    assert!(matches!(change(&f, id, patch.clone()).await, Updated::Changed { .. }));
    f.finish(lease, ok("1")).await;
    assert_eq!(change(&f, id, patch).await, Updated::Terminal(TaskState::Succeeded));
    let refused = f.store.update(TENANT, id, Patch { priority: Some(11), ..Patch::default() }, None).await;
    assert!(matches!(refused, Err(TaskStoreError::Invalid(_))), "{refused:?}");
}

pub(crate) async fn what_was_for_one_host_may_be_given_to_all<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = f.created(NewTask { target_peer: Some("peer".into()), ..NewTask::new(TENANT, TOOL, "{}") }).await;
    let other = f.queued(TENANT).await;
    assert_eq!(f.claim("w").await.map(|leased| leased.lease.id), Some(other));
    assert_eq!(f.claim("w").await, None);
    let to_anyone = || Patch { target_peer: Some(String::new()), ..Patch::default() };
    let Updated::Changed { task, .. } = change(&f, id, to_anyone()).await else { panic!("not changed") };
    assert_eq!((task.row.target_peer, task.row.state, task.row.attempt), (None, TaskState::Ready, 0));
    let lease = f.claim("w").await.expect("anyone may run it now").lease;
    assert_eq!(lease.id, id);
    f.finish(lease, ok("1")).await;
    // Nothing is counted where it is no more.
    assert_eq!(f.claim("w").await, None);
    assert_eq!(f.store.position(TENANT, id).await.unwrap(), None);
}

pub(crate) async fn a_change_of_an_old_revision_is_refused<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = f.queued(TENANT).await;
    let revision = f.get(id).await.row.revision;
    let patch = || Patch { priority: Some(1), ..Patch::default() };
    let first = f.store.update(TENANT, id, patch(), Some(revision)).await.unwrap();
    assert!(matches!(first, Updated::Changed { .. }));
    let current = f.get(id).await.row.revision;
    assert!(current > revision);
    let second = f.store.update(TENANT, id, patch(), Some(revision)).await.unwrap();
    assert_eq!(second, Updated::Revision { current });
}

pub(crate) async fn a_new_time_moves_a_task<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = f.queued(TENANT).await;
    let at = |seconds| Patch { run_at: Some(f.store.now().plus(secs(seconds))), ..Patch::default() };
    change(&f, id, at(60)).await;
    assert_eq!(f.state(id).await, TaskState::Scheduled);
    assert!(f.claim("w").await.is_none());
    // A change of something else leaves the time.
    change(&f, id, Patch { priority: Some(7), ..Patch::default() }).await;
    assert_eq!(f.get(id).await.row.run_at, Some(f.store.now().plus(secs(60))));
    change(&f, id, at(0)).await;
    let leased = f.claim("w").await.unwrap();
    assert_eq!((leased.lease.id, leased.priority), (id, 7));
    assert_eq!(change(&f, id, at(60)).await, Updated::Leased);
    // Nor does it end the lease.
    change(&f, id, Patch { priority: Some(6), ..Patch::default() }).await;
    assert_eq!(f.get(id).await.row.lease_until, Some(leased.until));
}
