//! A workflow's journal in the store: its plan, then its events, each with its content id.

use std::{iter::Peekable, sync::Arc, vec::IntoIter};

use tandem_queue::{
    Append, Appended, Event as StoredEvent, MAX_BATCH, MAX_EVENT, NewEvent, NewTask, NewWorkflow, SqliteTasks, Started,
    TaskStore as _, Timestamp, WorkflowId, WorkflowLease, WorkflowState as StoredState,
};
use tandem_types::Caller;
use tandem_workflow::{Body, Decision, Event, Log, Plan, Spec, State, WorkflowState};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::error::JournalError;
use crate::error::P2pError;

/// Bytes of a journal that is read and checked on the reactor's thread: a longer one takes over a millisecond.
const MAX_HERE: usize = 64 << 10;
/// Events that are read in one page.
const PAGE: u32 = 1_000;
/// The kind of the first event: the plan as it was submitted.
const PLAN: &str = "plan";
/// The kind of the first events where the plan is longer than one: its text in parts, each a JSON string.
const PART: &str = "plan-part";
/// Bytes of a part: escaped, it is within an event.
const PART_BYTES: usize = MAX_EVENT / 8;

/// A journal that was read.
pub(crate) struct Journal {
    pub(crate) id: WorkflowId,
    pub(crate) log: Log,
    pub(crate) state: State,
    /// The place of the last event in the store.
    seq: u64,
    /// How many of these are the plan.
    planned: u64,
    /// Of the events as they are stored.
    bytes: usize,
    /// Events that are in the log and the state, and not in the store.
    noted: Vec<NewEvent>,
}

fn uuid(id: WorkflowId) -> Uuid {
    Uuid::parse_str(&id.to_string()).unwrap_or_default()
}

fn stored(event: &Event) -> Result<NewEvent, JournalError> {
    let body = serde_json::to_string(event).map_err(JournalError::Encode)?;
    let value = serde_json::to_value(&event.body).unwrap_or_default();
    let kind = value.get("type").and_then(serde_json::Value::as_str).unwrap_or("event").to_owned();
    Ok(NewEvent { kind, body, cid: Some(event.cid.to_string()) })
}

/// The first events of a journal: its plan.
fn written(text: &str, plan: &Plan) -> Vec<NewEvent> {
    let cid = Some(plan.cid().to_string());
    if text.len() <= MAX_EVENT {
        return vec![NewEvent { kind: PLAN.to_owned(), body: text.to_owned(), cid }];
    }
    let (mut rest, mut events) = (text, Vec::new());
    while !rest.is_empty() {
        let (part, more) = rest.split_at(rest.floor_char_boundary(PART_BYTES));
        let body = serde_json::Value::from(part).to_string();
        events.push(NewEvent { kind: PART.to_owned(), body, cid: cid.clone() });
        rest = more;
    }
    events
}

/// The plan's text and when it came, from the first events; the others stay.
fn read_plan(all: &mut Peekable<IntoIter<StoredEvent>>) -> Result<(String, Timestamp), JournalError> {
    let first = all.next().ok_or(JournalError::NoPlan)?;
    let part = |body: &str| serde_json::from_str::<String>(body).map_err(JournalError::BrokenPlan);
    let mut text = match first.kind.as_str() {
        PLAN => return Ok((first.body, first.at)),
        PART => part(&first.body)?,
        _ => return Err(JournalError::NoPlan),
    };
    while let Some(next) = all.next_if(|event| event.kind == PART) {
        text.push_str(&part(&next.body)?);
    }
    Ok((text, first.at))
}

fn fold(id: WorkflowId, all: Vec<StoredEvent>) -> Result<Journal, JournalError> {
    let (seq, bytes) = (all.len() as u64, all.iter().map(|event| event.body.len()).sum());
    let mut all = all.into_iter().peekable();
    let (text, begun) = read_plan(&mut all)?;
    let spec: Spec = serde_json::from_str(&text).map_err(JournalError::UnreadablePlan)?;
    // The tools were there when it was submitted; whether they still are shows when they are called.
    let plan = Plan::new(spec, |_| Ok(())).map_err(JournalError::InvalidPlan)?;
    let planned = seq - all.len() as u64;
    let events: Result<Vec<Event>, _> = all.map(|event| serde_json::from_str(&event.body)).collect();
    let events = events.map_err(JournalError::UnreadableEvent)?;
    let log = match events.is_empty() {
        true => Log::begin(uuid(id), plan.cid(), begun.millis()),
        false => Log::from_events(events).map_err(JournalError::Unverified)?,
    };
    let state = State::fold(Arc::new(plan), &log)?;
    Ok(Journal { id, log, state, seq, planned, bytes, noted: Vec::new() })
}

/// What came of writing.
pub(super) enum Written {
    Yes,
    /// Somebody else wrote before; the journal must be read again.
    Behind,
}

impl Journal {
    /// The place of its last event in the store.
    pub(super) const fn seq(&self) -> u64 {
        self.seq
    }

    /// Bytes of its events as they were stored when it was read.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many steps have not ended.
    pub(super) fn open(&self) -> usize {
        self.state.steps().filter(|(_, record)| !record.state.is_terminal()).count()
    }

    /// Takes in what happened; the next [`Journal::write`] writes it down. `at` is when, for each.
    pub(super) fn note(&mut self, bodies: Vec<(Body, u64)>) -> Result<(), JournalError> {
        if self.seq == self.planned && self.noted.is_empty() {
            self.noted = self.log.events().map(stored).collect::<Result<_, _>>()?;
        }
        for (body, at) in bodies {
            let event = self.log.append(body, at).map_err(JournalError::Append)?;
            self.state.apply(event);
            self.noted.push(stored(event)?);
        }
        Ok(())
    }

    /// Whether something was noted and not written.
    pub(super) fn is_dirty(&self) -> bool {
        !self.noted.is_empty()
    }
}

/// A workflow that was submitted.
pub(crate) struct Submitted {
    pub(crate) id: WorkflowId,
    pub(crate) state: StoredState,
    pub(crate) steps: usize,
    /// Whether it was there before, under the same idempotency key.
    pub(crate) replayed: bool,
}

/// Where journals are.
pub(super) struct JournalStore {
    pub(super) tasks: SqliteTasks,
    /// Where long journals are read and verified.
    pub(super) general: Handle,
}

impl JournalStore {
    /// Milliseconds since the Unix epoch, by the store's clock.
    pub(super) fn now(&self) -> u64 {
        self.tasks.now().millis()
    }

    /// Checks a plan and starts its workflow.
    pub(super) async fn begin(
        &self,
        (caller, trace): (&Caller, Option<&str>),
        spec: Spec,
        key: Option<String>,
        known: impl Fn(&str) -> Result<(), Vec<String>>,
    ) -> Result<Submitted, P2pError> {
        let text = serde_json::to_string(&spec).map_err(|error| P2pError::Other(error.to_string()))?;
        let plan = Plan::new(spec, known).map_err(|error| P2pError::InvalidArgument(error.to_string()))?;
        let id = WorkflowId::new();
        // The plan alone: what is sent again under one key must be the same, and the first event has a time in it. That one is
        // written with those that follow.
        let events = written(&text, &plan);
        if events.len() > MAX_BATCH {
            let most = MAX_BATCH * PART_BYTES;
            return Err(P2pError::LimitExceeded(format!(
                "the workflow has {} bytes, at most {most} are kept; keep data out of the arguments",
                text.len()
            )));
        }
        let workflow = NewWorkflow {
            id,
            tenant: caller.tenant.to_string(),
            subject: caller.subject.to_string(),
            name: plan.name().to_owned(),
            tags: plan.tags().to_vec(),
            idempotency_key: key,
            events,
            then: Vec::new(),
            trace: trace.map(ToOwned::to_owned),
            access: Some(caller.access.clone()),
        };
        let steps = plan.steps().len();
        match self.tasks.start_workflow(workflow).await? {
            Started::Created => Ok(Submitted { id, state: StoredState::Pending, steps, replayed: false }),
            Started::Existing { id, state } => Ok(Submitted { id, state, steps, replayed: true }),
            Started::Conflict => {
                Err(P2pError::IdempotencyConflict("the idempotency key stands for another workflow".to_owned()))
            }
            Started::TaskConflict(task) => Err(P2pError::Conflict(format!("its task {task} exists already"))),
            Started::QuotaExceeded(which) => Err(P2pError::LimitExceeded(which)),
        }
    }

    /// Reads a journal and folds it.
    pub(super) async fn load(&self, id: WorkflowId) -> Result<Journal, JournalError> {
        let mut all = Vec::new();
        loop {
            let after = all.len() as u64;
            let page = self.tasks.events(id, after, PAGE).await?;
            let last = page.len() < PAGE as usize;
            all.extend(page);
            if last {
                break;
            }
        }
        if all.iter().map(|event| event.body.len()).sum::<usize>() <= MAX_HERE {
            return fold(id, all);
        }
        self.general.spawn_blocking(move || fold(id, all)).await?
    }

    /// Cancels a workflow that waits for a place. Where a coordinator writes meanwhile, nothing is changed.
    pub(super) async fn cancel(&self, id: WorkflowId, reason: Option<String>) -> Result<usize, P2pError> {
        let unavailable = |error: JournalError| P2pError::Unavailable(error.to_string());
        let other = |error: JournalError| P2pError::Other(error.to_string());
        let conflict = |error: JournalError| P2pError::Conflict(error.to_string());
        let mut journal = self.load(id).await.map_err(unavailable)?;
        let open = journal.open();
        let at = self.now();
        journal.note(vec![(Body::Cancelled { reason }, at)]).map_err(other)?;
        let follows = journal.state.next(at, &|_| None);
        // Steps that were begun before this host started anew are stopped by whoever takes it up; else this is its end.
        if !follows.iter().any(|decision| matches!(decision, Decision::Interrupt { .. })) {
            let bodies = follows.iter().filter_map(Decision::body).map(|body| (body, at)).collect();
            journal.note(bodies).map_err(other)?;
        }
        match self.write(&mut journal, None, Vec::new()).await.map_err(conflict)? {
            Written::Yes => Ok(open),
            Written::Behind => {
                Err(P2pError::Unavailable("a host takes the workflow up at this moment; try again".to_owned()))
            }
        }
    }

    /// Writes what was noted with the tasks that follow, all or nothing. A journal that could not be written is of no use any
    /// more: it says what never happened.
    pub(super) async fn write(
        &self,
        journal: &mut Journal,
        lease: Option<&WorkflowLease>,
        mut then: Vec<NewTask>,
    ) -> Result<Written, JournalError> {
        while journal.is_dirty() {
            // The tasks come with the events that say so, which were noted last.
            let count = journal.noted.len();
            let first = if count > MAX_BATCH { (count - MAX_BATCH).min(MAX_BATCH) } else { count };
            let events: Vec<_> = journal.noted.drain(..first).collect();
            let (added, last) = (events.len() as u64, journal.noted.is_empty());
            let append = Append {
                workflow: journal.id,
                expect_seq: journal.seq,
                lease: lease.cloned(),
                events,
                then: if last { std::mem::take(&mut then) } else { Vec::new() },
                state: Some(if last { stored_state(&journal.state) } else { StoredState::Running }),
            };
            match self.tasks.append(append).await? {
                Appended::At(seq) => {
                    debug_assert_eq!(seq, journal.seq + added, "places have no gaps");
                    journal.seq = seq;
                }
                Appended::SeqConflict { .. } => return Ok(Written::Behind),
                Appended::Stale => return Err(JournalError::Stale),
                Appended::Terminal(state) => return Err(JournalError::Terminal(state)),
                Appended::TaskConflict(task) => return Err(JournalError::TaskConflict(task)),
                Appended::NotFound => return Err(JournalError::Gone),
            }
        }
        Ok(Written::Yes)
    }
}

/// The state that lists show.
fn stored_state(state: &State) -> StoredState {
    match (state.is_finished(), state.state()) {
        (true, WorkflowState::Completed) => StoredState::Succeeded,
        (true, WorkflowState::Failed) => StoredState::Failed,
        (true, WorkflowState::Cancelled) => StoredState::Cancelled,
        _ => StoredState::Running,
    }
}
