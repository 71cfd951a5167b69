//! One active workflow: takes news, decides, writes, and goes on until there is nothing left or its lease is lost.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use tandem_queue::{
    Filter, LeasedWorkflow, MAX_RETENTION, NewTask, Patch, RetryPolicy, StepRef, TaskId, TaskState, TaskStore as _,
    Timestamp, WorkflowLease,
};
use tandem_types::{Access, Caller};
use tandem_workflow::{Body, Decision, Start};

use super::{
    active::{ActorMessage, Inbox},
    contents::Contents,
    error::JournalError,
    journal::{Journal, JournalStore, Written},
    placement::{self, StepPlacement},
    settle,
};
use crate::{error::P2pError, limits::LEASE};

/// Decisions that are written at once: their events and tasks are one transaction.
const BATCH: usize = 64;
/// How long a step's task is kept after the workflow's own time.
const KEEP: Duration = Duration::from_secs(86_400);
/// Tasks of a workflow in one page.
const PAGE: u32 = 1_000;

struct Actor<'a> {
    journals: &'a JournalStore,
    placement: &'a StepPlacement,
    tenant: String,
    /// On whose behalf its steps run.
    caller: Caller,
    /// The trace within which they do.
    trace: Option<String>,
    /// What they may call.
    access: Option<Access>,
    lease: WorkflowLease,
    journal: Journal,
    /// The task of each step's newest attempt.
    tasks: HashMap<String, (TaskId, u32)>,
    chosen: BTreeMap<String, String>,
    /// Steps whose task is for one host alone, and until when.
    reservations: BTreeMap<String, u64>,
}

/// Coordinates a workflow to its end.
pub(super) async fn run(
    journals: &JournalStore,
    placement: &StepPlacement,
    leased: LeasedWorkflow,
    mut inbox: Inbox,
) -> Result<(), JournalError> {
    let row = journals.tasks.workflow(&leased.tenant, leased.id).await?;
    let (subject, trace, access) = row.map(|row| (row.subject, row.trace, row.access)).unwrap_or_default();
    let journal = journals.load(leased.id).await?;
    let LeasedWorkflow { tenant, lease, .. } = leased;
    let caller = Caller::new(&tenant, &subject);
    let (tasks, chosen, reservations) = (HashMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut actor =
        Actor { journals, placement, tenant, caller, trace, access, lease, journal, tasks, chosen, reservations };
    actor.begin()?;
    actor.read_tasks().await?;
    let mut renewal = tokio::time::interval_at(tokio::time::Instant::now() + LEASE / 3, LEASE / 3);
    loop {
        if inbox.take_missed() {
            actor.read_tasks().await?;
        }
        actor.advance().await?;
        if actor.journal.state.is_finished() {
            return Ok(());
        }
        actor.release_expired_reservations().await?;
        let now = journals.now();
        let due = actor.journal.state.wake_at(now).into_iter().chain(actor.reservations.values().copied()).min();
        let wake = due.map_or(LEASE, |at| Duration::from_millis(at.saturating_sub(journals.now())));
        tokio::select! {
            Some(message) = inbox.messages.recv() => {
                actor.handle(message).await?;
                // What came meanwhile is written down with it.
                for _ in 0..BATCH {
                    let Ok(message) = inbox.messages.try_recv() else { break };
                    actor.handle(message).await?;
                }
            }
            () = tokio::time::sleep(wake.max(Duration::from_millis(1))) => {}
            _ = renewal.tick() => actor.renew().await?,
        }
    }
}

impl Actor<'_> {
    /// Writes what was noted with the tasks that follow.
    async fn write(&mut self, then: Vec<NewTask>) -> Result<(), JournalError> {
        match self.journals.write(&mut self.journal, Some(&self.lease), then).await? {
            Written::Yes => Ok(()),
            Written::Behind => {
                self.journal = self.journals.load(self.journal.id).await?;
                self.read_tasks().await
            }
        }
    }

    /// Notes who coordinates, once for each lease.
    fn begin(&mut self) -> Result<(), JournalError> {
        let body = Body::CoordinatorChanged { peer: self.lease.worker.clone(), fence: self.lease.fence };
        self.journal.note(vec![(body, self.journals.now())])
    }

    async fn renew(&self) -> Result<(), JournalError> {
        let renewed = self.journals.tasks.renew_workflow(self.journal.id, self.lease.clone(), LEASE).await;
        match renewed? {
            Some(_) => Ok(()),
            None => Err(JournalError::LeaseEnded),
        }
    }

    async fn handle(&mut self, message: ActorMessage) -> Result<(), JournalError> {
        match message {
            ActorMessage::Begun(begun) => {
                self.begun(&begun.step.step, begun.lease.id, &begun.worker, begun.lease.fence, begun.at)
            }
            ActorMessage::Ended(id) => self.ended(id).await,
            // It is looked for at the next turn.
            ActorMessage::Missed => Ok(()),
            ActorMessage::Cancel(reason, reply) => {
                let open = self.journal.open();
                let noted = self.journal.note(vec![(Body::Cancelled { reason }, self.journals.now())]);
                let done = match noted {
                    Ok(()) => self.write(Vec::new()).await,
                    failed => failed,
                };
                let failed = |error: &JournalError| P2pError::Conflict(error.to_string());
                let answer = done.as_ref().map(|()| open).map_err(failed);
                drop(reply.send(answer));
                done
            }
            ActorMessage::Assign(to) => {
                self.chosen = to;
                Ok(())
            }
        }
    }

    /// Reads all tasks of the workflow: what began and ended while nobody listened is noted now.
    async fn read_tasks(&mut self) -> Result<(), JournalError> {
        let filter = Filter { tenant: self.tenant.clone(), workflow: Some(self.journal.id), ..Filter::default() };
        let (mut after, mut ended) = (None, Vec::new());
        loop {
            let page = self.journals.tasks.list(filter.clone(), after, PAGE).await?;
            for row in page.rows {
                let Some(step) = &row.step else { continue };
                let attempt = attempt_of(row.idempotency_key.as_deref());
                let known = self.tasks.entry(step.step.clone()).or_insert((row.id, attempt));
                if attempt >= known.1 {
                    *known = (row.id, attempt);
                }
                if row.state.is_terminal() {
                    ended.push(row.id);
                }
                if row.state == TaskState::Ready && row.target_peer.is_some() {
                    let until = row.created_at.millis() + millis(placement::CHOSEN);
                    self.reservations.entry(step.step.clone()).or_insert(until);
                }
                if let (TaskState::Leased, Some(worker), Some(at)) = (row.state, &row.worker, row.started_at) {
                    self.begun(&step.step, row.id, worker, row.fence, at)?;
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        for id in ended {
            self.ended(id).await?;
        }
        Ok(())
    }

    /// Notes that a worker has a step's task.
    fn begun(&mut self, step: &str, id: TaskId, worker: &str, fence: u64, at: Timestamp) -> Result<(), JournalError> {
        let attempt = self.tasks.get(step).filter(|(task, _)| *task == id).map(|(_, attempt)| *attempt);
        match attempt {
            Some(attempt) if self.is_current(step, attempt) => {
                let bodies = settle::begun(step, attempt, worker, fence, at.millis());
                let known = self.journal.state.step(step).map_or(0, |record| record.fence);
                if settle::step_fence(attempt, fence) > known { self.journal.note(bodies) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    fn is_current(&self, step: &str, attempt: u32) -> bool {
        self.journal.state.step(step).is_some_and(|record| record.in_flight && record.attempt == attempt)
    }

    /// Notes the end of a task, once: a step that has gone on does not look back.
    async fn ended(&mut self, id: TaskId) -> Result<(), JournalError> {
        let found =
            self.tasks.iter().find(|(_, (task, _))| *task == id).map(|(step, (_, attempt))| (step.clone(), *attempt));
        let Some((step, attempt)) = found else { return Ok(()) };
        if !self.is_current(&step, attempt) {
            return Ok(());
        }
        self.reservations.remove(&step);
        let task = self.journals.tasks.get(&self.tenant, id).await?;
        let Some(task) = task else { return Err(JournalError::TaskGone { id, step }) };
        let known = self.journal.state.step(&step).map_or(0, |record| record.fence);
        self.journal.note(settle::bodies(&step, attempt, known, &task))
    }

    /// Decides and writes until there is nothing to decide.
    async fn advance(&mut self) -> Result<(), JournalError> {
        let mut contents = Contents::default();
        loop {
            let at = self.journals.now();
            let decisions = self.journal.state.next(at, &|content| contents.get(content));
            let (mut bodies, mut then, mut wanted) = (Vec::new(), Vec::new(), None);
            for decision in decisions.into_iter().take(BATCH) {
                match &decision {
                    Decision::Start(start) => then.push(self.task(start)),
                    Decision::Interrupt { step, .. } | Decision::TimeOut { step, .. } => self.stop(step).await?,
                    Decision::Fetch { content, step } if wanted.is_none() => wanted = Some((step.clone(), *content)),
                    _ => {}
                }
                bodies.extend(decision.body().map(|body| (body, at)));
            }
            match wanted {
                Some((step, content)) if bodies.is_empty() => {
                    let Err(error) = contents.load(self.journals, &step, content).await? else { continue };
                    bodies.push((Body::Failed { step, fence: None, error, r#final: true }, at));
                }
                _ if bodies.is_empty() && !self.journal.is_dirty() => return Ok(()),
                _ => {}
            }
            self.journal.note(bodies)?;
            self.write(then).await?;
        }
    }

    fn task(&mut self, start: &Start) -> NewTask {
        let mut task = NewTask::new(&self.tenant, &start.tool, &start.arguments.to_string());
        task.subject = self.caller.subject.to_string();
        task.trace.clone_from(&self.trace);
        task.access.clone_from(&self.access);
        task.priority = self.placement.default_priority(&self.tenant);
        // Attempts are counted by the workflow.
        task.retry = RetryPolicy::ONCE;
        task.timeout_s = u32::try_from(start.timeout_s).unwrap_or(u32::MAX);
        task.idempotency_key = Some(start.key.clone());
        // A later step may refer to its result.
        let kept = self.journal.state.plan().timeout_ms() / 1_000 + KEEP.as_secs();
        task.retention_s = Some(u32::try_from(kept.min(MAX_RETENTION.as_secs())).unwrap_or(u32::MAX));
        task.step = Some(StepRef { workflow: self.journal.id, step: start.step.clone() });
        if let Some((peer, time)) = self.preferred_host(start) {
            task.target_peer = Some(peer);
            self.reservations.insert(start.step.clone(), self.journals.now() + millis(time));
        }
        self.tasks.insert(start.step.clone(), (task.id, start.attempt));
        task
    }

    /// Who has a step for itself at first, and how long.
    fn preferred_host(&self, start: &Start) -> Option<(String, Duration)> {
        let targets = self.journal.state.plan().target_peers();
        let may = |peer: &&String| self.placement.is_there(peer) && (targets.is_empty() || targets.contains(peer));
        if let Some(peer) = self.chosen.get(&start.step).filter(may) {
            return Some((peer.clone(), placement::CHOSEN));
        }
        let before = self.journal.state.step(&start.step).and_then(|record| record.peer.as_deref());
        if !targets.is_empty() {
            return Some((self.placement.first_target(targets, start, before)?, placement::CHOSEN));
        }
        self.placement.preferred_host(&self.caller, start, before)
    }

    async fn stop(&self, step: &str) -> Result<(), JournalError> {
        let Some((id, _)) = self.tasks.get(step) else { return Ok(()) };
        let done = self.journals.tasks.cancel(&self.tenant, *id, "its workflow ended, or its time ran out").await;
        Ok(done.map(|_| ())?)
    }

    /// Lets everybody have the tasks whose host had them for itself long enough: it did not come, or it may yet give them back.
    async fn release_expired_reservations(&mut self) -> Result<(), JournalError> {
        let at = self.journals.now();
        let late: Vec<_> = self.reservations.extract_if(.., |_, until| *until <= at).map(|(step, _)| step).collect();
        for step in late {
            self.chosen.remove(&step);
            let Some((id, _)) = self.tasks.get(&step) else { continue };
            let next = self.next_target(&step, *id).await?;
            if next.is_some() {
                self.reservations.insert(step, at + millis(placement::CHOSEN));
            }
            let patch = Patch { target_peer: Some(next.unwrap_or_default()), ..Patch::default() };
            let freed = self.journals.tasks.update(&self.tenant, *id, patch, None).await;
            freed?;
        }
        Ok(())
    }
}

impl Actor<'_> {
    /// Of the hosts that the workflow is for, the one after the one that has the step now.
    async fn next_target(&self, step: &str, id: TaskId) -> Result<Option<String>, JournalError> {
        let targets = self.journal.state.plan().target_peers();
        if targets.is_empty() {
            return Ok(None);
        }
        let task = self.journals.tasks.get(&self.tenant, id).await?;
        let now = task.and_then(|task| task.row.target_peer);
        let tool = self.journal.state.plan().step(step).map(|step| step.tool.as_str()).unwrap_or_default();
        Ok(self.placement.next_target(targets, tool, now.as_deref()))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The attempt at the end of a step's key.
fn attempt_of(key: Option<&str>) -> u32 {
    let last = key.and_then(|key| key.rsplit(|c: char| !c.is_ascii_digit()).next());
    last.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
