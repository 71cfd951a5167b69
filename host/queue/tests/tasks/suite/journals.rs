use tandem_queue::{
    Append, Appended, Begun, Hint, NewEvent, NewTask, NewWorkflow, Started, StepRef, TaskState, TaskStore,
    TaskStoreError, WorkflowFilter, WorkflowId, WorkflowLease, WorkflowState,
};

use super::{Fixture, TENANT, TOOL, secs};

fn event(kind: &str) -> NewEvent {
    NewEvent { kind: kind.into(), body: r#"{"x":1}"#.into(), cid: Some("bafkrei".into()) }
}

fn new() -> NewWorkflow {
    NewWorkflow {
        id: WorkflowId::new(),
        tenant: TENANT.into(),
        subject: "alice".into(),
        name: "nightly".into(),
        tags: vec!["t".into()],
        idempotency_key: None,
        events: vec![event("submitted")],
        then: Vec::new(),
        trace: None,
        access: None,
    }
}

fn append(workflow: WorkflowId, expect_seq: u64) -> Append {
    Append { workflow, expect_seq, lease: None, events: vec![event("more")], then: Vec::new(), state: None }
}

async fn started<S: TaskStore + Clone>(f: &Fixture<S>) -> WorkflowId {
    let workflow = new();
    let id = workflow.id;
    assert_eq!(f.store.start_workflow(workflow).await.unwrap(), Started::Created);
    id
}

pub(crate) async fn tenants_take_turns_with_their_workflows<S: TaskStore + Clone>(f: Fixture<S>) {
    for tenant in ["many", "many", "many", "few"] {
        f.store.start_workflow(NewWorkflow { tenant: tenant.into(), ..new() }).await.unwrap();
    }
    let tenants = async |max| {
        let claimed = f.store.claim_workflows("w", max, secs(30)).await.unwrap();
        claimed.into_iter().map(|leased| leased.tenant).collect::<Vec<_>>()
    };
    assert_eq!(tenants(2).await, ["many", "few"]);
    f.store.start_workflow(NewWorkflow { tenant: "late".into(), ..new() }).await.unwrap();
    assert_eq!(tenants(1).await, ["late"], "who has none comes before those that have one");
    assert_eq!(tenants(9).await, ["many"], "two of a tenant are active, and a third waits while there is room");
    f.pass(secs(30));
    assert_eq!(tenants(9).await, ["many", "few", "late", "many"], "no lease is left");
}

pub(crate) async fn an_append_is_whole_or_not_at_all<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = started(&f).await;
    let task = |step: &str| NewTask {
        step: Some(StepRef { workflow: id, step: step.into() }),
        idempotency_key: Some(format!("{id}/{step}/1")),
        ..NewTask::new(TENANT, TOOL, "{}")
    };
    let (a, b) = (task("a"), task("b"));
    let both = Append { then: vec![a.clone(), b], state: Some(WorkflowState::Running), ..append(id, 1) };
    assert_eq!(f.store.append(both).await.unwrap(), Appended::At(2));
    assert_eq!(f.store.workflow(TENANT, id).await.unwrap().unwrap().state, WorkflowState::Running);
    let leased = f.claim("w").await.unwrap();
    assert_eq!(leased.step, a.step);
    // A task that conflicts or has no room takes the events with it.
    let c = task("c");
    let other = NewTask { priority: 1, ..a };
    let conflict = Append { then: vec![c.clone(), other.clone()], ..append(id, 2) };
    assert_eq!(f.store.append(conflict).await.unwrap(), Appended::TaskConflict(other.id));
    for _ in 0..49 {
        f.queued(TENANT).await;
    }
    let refused = f.store.append(Append { then: vec![c.clone()], ..append(id, 2) }).await;
    assert!(matches!(refused, Err(TaskStoreError::Quota(_))), "{refused:?}");
    assert_eq!(f.store.get(TENANT, c.id).await.unwrap(), None);
    assert_eq!(f.store.events(id, 0, 100).await.unwrap().len(), 2);
    // Nor does it leave a count behind.
    f.store.cancel(TENANT, leased.lease.id, "").await.unwrap();
    f.claim("w").await.unwrap();
    assert_eq!(f.store.append(Append { then: vec![c], ..append(id, 2) }).await.unwrap(), Appended::At(3));
}

pub(crate) async fn the_claim_of_a_step_is_told<S: TaskStore + Clone>(f: Fixture<S>) {
    let mut hints = f.store.hints();
    let step = StepRef { workflow: started(&f).await, step: "a".into() };
    f.leased().await;
    let id = f.created(NewTask { step: Some(step.clone()), ..NewTask::new(TENANT, TOOL, "{}") }).await;
    let lease = f.claim("w").await.unwrap().lease;
    // Of the task that carries out no step nothing is told.
    let begun = Hint::Begun(Begun { lease, worker: "w".into(), at: f.store.now(), step });
    assert_eq!((lease.id, hints.recv().await.unwrap()), (id, begun));
}

pub(crate) async fn only_the_next_event_is_taken<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = started(&f).await;
    let writers = (0..8).map(|_| {
        let store = f.store.clone();
        tokio::spawn(async move { store.append(append(id, 1)).await.unwrap() })
    });
    let mut answers = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        answers.push(writer.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| **answer == Appended::At(2)).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Appended::SeqConflict { current: 2 }).count(), 7);
    f.store.append(Append { events: vec![event("a"), event("b")], ..append(id, 2) }).await.unwrap();
    let events = f.store.events(id, 1, 2).await.unwrap();
    assert_eq!(
        events.iter().map(|event| (event.seq, event.kind.as_str())).collect::<Vec<_>>(),
        [(2, "more"), (3, "a")]
    );
    assert_eq!((events[0].at, events[0].cid.as_deref()), (f.store.now(), Some("bafkrei")));
    assert_eq!(f.store.append(append(WorkflowId::new(), 0)).await.unwrap(), Appended::NotFound);
    let no_json = NewEvent { body: "{".into(), ..event("x") };
    let refused = f.store.append(Append { events: vec![no_json], ..append(id, 4) }).await;
    assert!(matches!(refused, Err(TaskStoreError::Invalid(_))), "{refused:?}");
}

pub(crate) async fn a_workflow_is_started_once<S: TaskStore + Clone>(f: Fixture<S>) {
    let first = NewWorkflow { idempotency_key: Some("k".into()), ..new() };
    let id = first.id;
    let task = NewTask::new(TENANT, TOOL, "{}");
    let with_task = NewWorkflow { then: vec![task.clone()], ..first.clone() };
    assert_eq!(f.store.start_workflow(with_task).await.unwrap(), Started::Created);
    assert_eq!(f.state(task.id).await, TaskState::Ready);
    let existing = Started::Existing { id, state: WorkflowState::Pending };
    assert_eq!(f.store.start_workflow(first.clone()).await.unwrap(), existing);
    let again = NewWorkflow { id: WorkflowId::new(), subject: "bob".into(), ..first.clone() };
    assert_eq!(f.store.start_workflow(again.clone()).await.unwrap(), existing);
    let other = NewWorkflow { events: vec![event("other")], ..again.clone() };
    assert_eq!(f.store.start_workflow(other).await.unwrap(), Started::Conflict);
    let elsewhere = NewWorkflow { tenant: "other".into(), id: WorkflowId::new(), ..again };
    assert_eq!(f.store.start_workflow(elsewhere.clone()).await.unwrap(), Started::Created);
    assert_eq!(f.store.workflow(TENANT, elsewhere.id).await.unwrap(), None);
    assert_eq!(
        f.store.start_workflow(NewWorkflow { tenant: "other".into(), ..first }).await.unwrap(),
        existing_of(&elsewhere)
    );
    // So many may be under way.
    started(&f).await;
    started(&f).await;
    let refused = f.store.start_workflow(new()).await.unwrap();
    assert!(matches!(&refused, Started::QuotaExceeded(why) if why.contains('3')), "{refused:?}");
}

fn existing_of(workflow: &NewWorkflow) -> Started {
    Started::Existing { id: workflow.id, state: WorkflowState::Pending }
}

pub(crate) async fn one_coordinates_a_workflow_at_a_time<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = started(&f).await;
    let first = f.store.claim_workflows("a", 10, secs(30)).await.unwrap().remove(0);
    assert_eq!((first.id, first.tenant.as_str(), first.seq), (id, TENANT, 1));
    assert_eq!(first.until, f.store.now().plus(secs(30)));
    assert_eq!(f.store.claim_workflows("b", 10, secs(30)).await.unwrap(), []);
    f.pass(secs(20));
    let until = f.store.now().plus(secs(30));
    assert_eq!(f.store.renew_workflow(id, first.lease.clone(), secs(30)).await.unwrap(), Some(until));
    f.pass(secs(29));
    let held = Append { lease: Some(first.lease.clone()), ..append(id, 1) };
    assert_eq!(f.store.append(held.clone()).await.unwrap(), Appended::At(2));
    f.pass(secs(1));
    // Over: whatever the old one still believes, the new one's fence is higher.
    assert_eq!(f.store.append(Append { expect_seq: 2, ..held.clone() }).await.unwrap(), Appended::Stale);
    assert_eq!(f.store.renew_workflow(id, first.lease.clone(), secs(30)).await.unwrap(), None);
    let second = f.store.claim_workflows("b", 10, secs(30)).await.unwrap().remove(0);
    assert_eq!((second.lease.fence, second.seq), (first.lease.fence + 1, 2));
    assert_eq!(f.store.append(Append { expect_seq: 2, ..held }).await.unwrap(), Appended::Stale);
    let thief = WorkflowLease { worker: "a".into(), ..second.lease.clone() };
    assert_eq!(f.store.renew_workflow(id, thief, secs(30)).await.unwrap(), None);
    assert!(!f.store.release_workflow(id, first.lease).await.unwrap());
    assert!(f.store.release_workflow(id, second.lease).await.unwrap());
    let third = f.store.claim_workflows("c", 10, secs(30)).await.unwrap().remove(0);
    assert_eq!(third.lease.fence, 3);
}

pub(crate) async fn a_coordinator_that_starts_anew_goes_on_at_once<S: TaskStore + Clone>(f: Fixture<S>) {
    let (mine, other) = (started(&f).await, started(&f).await);
    let first = f.store.claim_workflows("a", 1, secs(30)).await.unwrap().remove(0);
    let theirs = f.store.claim_workflows("b", 1, secs(30)).await.unwrap().remove(0);
    assert_eq!((first.id, theirs.id), (mine, other));
    assert_eq!(f.store.end_leases("a").await.unwrap(), 1);
    let held = Append { lease: Some(first.lease.clone()), ..append(mine, 1) };
    assert_eq!(f.store.append(held).await.unwrap(), Appended::Stale);
    let again = f.store.claim_workflows("a", 10, secs(30)).await.unwrap();
    assert_eq!(again.iter().map(|leased| (leased.id, leased.lease.fence)).collect::<Vec<_>>(), [(mine, 2)]);
}

pub(crate) async fn workflows_are_listed<S: TaskStore + Clone>(f: Fixture<S>) {
    let (a, b) = (started(&f).await, started(&f).await);
    let tagged = NewWorkflow { tags: vec!["u".into()], ..new() };
    let c = tagged.id;
    f.store.start_workflow(tagged).await.unwrap();
    let ended = Append { state: Some(WorkflowState::Failed), ..append(b, 1) };
    f.store.append(ended).await.unwrap();
    let list = async |filter: WorkflowFilter| {
        let page = f.store.workflows(filter, None, 10).await.unwrap();
        (page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>(), page.total)
    };
    let all = || WorkflowFilter { tenant: TENANT.into(), ..WorkflowFilter::default() };
    assert_eq!(list(all()).await, (vec![c, b, a], 3));
    assert_eq!(list(WorkflowFilter { states: vec![WorkflowState::Failed], ..all() }).await, (vec![b], 1));
    assert_eq!(list(WorkflowFilter { tag: Some("t".into()), ..all() }).await, (vec![b, a], 2));
    assert_eq!(list(WorkflowFilter { tenant: "other".into(), ..WorkflowFilter::default() }).await, (vec![], 0));
    let first = f.store.workflows(all(), None, 2).await.unwrap();
    let second = f.store.workflows(all(), first.next, 2).await.unwrap();
    assert_eq!((first.rows.len(), second.rows.len(), second.rows[0].id, second.next), (2, 1, a, None));
    let row = f.store.workflow(TENANT, b).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), row.subject.as_str(), row.seq), ("nightly", "alice", 2));
    assert_eq!((row.created_at, row.finished_at), (f.store.now(), Some(f.store.now())));
}

pub(crate) async fn a_workflow_that_ended_takes_no_more<S: TaskStore + Clone>(f: Fixture<S>) {
    let id = started(&f).await;
    let lease = f.store.claim_workflows("a", 10, secs(30)).await.unwrap().remove(0).lease;
    let end = Append { lease: Some(lease.clone()), state: Some(WorkflowState::Succeeded), ..append(id, 1) };
    assert_eq!(f.store.append(end).await.unwrap(), Appended::At(2));
    assert_eq!(f.store.append(append(id, 2)).await.unwrap(), Appended::Terminal(WorkflowState::Succeeded));
    assert_eq!(f.store.renew_workflow(id, lease, secs(30)).await.unwrap(), None);
    f.pass(secs(60));
    assert_eq!(f.store.claim_workflows("b", 10, secs(30)).await.unwrap(), []);
    f.pass(secs(7 * 86_400));
    assert_eq!(f.store.prune(Default::default(), 100).await.unwrap().count(), 1);
    assert_eq!(f.store.workflow(TENANT, id).await.unwrap(), None);
    assert_eq!(f.store.events(id, 0, 10).await.unwrap(), []);
}
