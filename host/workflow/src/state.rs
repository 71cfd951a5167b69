//! The state of a workflow: the fold of its log over its plan, and nothing else.
//!
//! An event that does not fit (a stale fence, a completion after the end, a claim before the dependencies are settled)
//! changes nothing: it stays in the log as history. Hence a log that two hosts wrote apart from each other and then
//! merged folds to one state on both, whichever of their claims lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use uuid::Uuid;

use super::{
    Body, ContentId, Event, Log, OnFailure, Outcome, Plan, RetryPolicy, StepError, StepRecord, StepState, backoff,
    graph::Node,
};

/// What an event did to the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It fits and was taken in.
    Changed,
    /// It is stale or does not fit; nothing changed.
    Ignored,
}

/// Why a log cannot be folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The log is of another plan.
    #[error("the log is of the plan {logged}, not of {given}; load the spec with that id")]
    OtherPlan {
        /// The id in the log.
        logged: ContentId,
        /// The id of the plan at hand.
        given: ContentId,
    },
}

/// What a workflow's log amounts to. [`State::next`] says what to do about it.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) plan: Arc<Plan>,
    pub(super) workflow: Uuid,
    pub(super) submitted_at: u64,
    pub(super) finished_at: Option<u64>,
    pub(super) coordinator: Option<(String, u64)>,
    /// Set once nothing more may start: cancelled or timed out.
    pub(super) ended: Option<Outcome>,
    pub(super) reason: Option<String>,
    pub(super) steps: Vec<StepRecord>,
    /// For each step, how many of those it depends on are not settled.
    waits: Vec<usize>,
    /// Ready and not in flight. A plan's places are sorted by depth and id, so this is the order of starting.
    pub(super) ready: BTreeSet<usize>,
    pub(super) in_flight: BTreeSet<usize>,
    /// To be skipped, each with the step it depends on that is the reason.
    pub(super) blocked: BTreeMap<usize, usize>,
    /// In flight when the workflow ended.
    pub(super) interrupted: BTreeSet<usize>,
    /// Steps that are not terminal.
    pub(super) open: usize,
    failed: bool,
}

impl State {
    /// The state that a log amounts to.
    ///
    /// # Errors
    ///
    /// [`FoldError::OtherPlan`].
    pub fn fold(plan: Arc<Plan>, log: &Log) -> Result<Self, FoldError> {
        if plan.cid() != log.plan() {
            return Err(FoldError::OtherPlan { logged: log.plan(), given: plan.cid() });
        }
        let submitted_at = log.events().next().map_or(0, |event| event.at);
        let waits: Vec<_> = plan.nodes().iter().map(|node| node.needs.len()).collect();
        let ready: BTreeSet<_> =
            waits.iter().enumerate().filter(|(_, waits)| **waits == 0).map(|(place, _)| place).collect();
        let record = |place| StepRecord {
            state: if ready.contains(&place) { StepState::Ready } else { StepState::Pending },
            ..StepRecord::default()
        };
        let open = waits.len();
        let mut state = Self {
            steps: (0..open).map(record).collect(),
            plan,
            workflow: log.workflow(),
            submitted_at,
            finished_at: None,
            coordinator: None,
            ended: None,
            reason: None,
            waits,
            ready,
            in_flight: BTreeSet::new(),
            blocked: BTreeMap::new(),
            interrupted: BTreeSet::new(),
            open,
            failed: false,
        };
        for event in log.events() {
            state.apply(event);
        }
        Ok(state)
    }

    /// Takes in the event that was just appended to the log. After a merge, fold anew: new events may come before
    /// those that are known.
    pub fn apply(&mut self, event: &Event) -> Applied {
        match self.take_in(event) {
            Some(()) => Applied::Changed,
            None => Applied::Ignored,
        }
    }

    fn take_in(&mut self, event: &Event) -> Option<()> {
        let at = event.at;
        match &event.body {
            Body::Submitted { .. } => None,
            Body::CoordinatorChanged { peer, fence } => self.coordinate(peer, *fence),
            Body::WorkflowFinished { outcome } => self.finish(*outcome, at),
            // What follows is about a workflow that goes on.
            _ if self.ended.is_some() => None,
            Body::Cancelled { reason } => {
                self.reason.clone_from(reason);
                self.end(Outcome::Cancelled, at)
            }
            Body::TimedOut {} => {
                self.reason = Some("the workflow did not finish within its timeout_s".to_owned());
                self.end(Outcome::Failed, at)
            }
            Body::Scheduled { step, attempt } => self.schedule(step, *attempt),
            Body::Claimed { step, attempt, peer, fence } => self.claim(step, *attempt, peer, *fence, at),
            Body::Started { step, fence } => {
                let place = self.held(step, *fence)?;
                self.steps.get_mut(place)?.started_at = Some(at);
                Some(())
            }
            Body::Completed { step, fence, output } => {
                let place = self.held(step, *fence)?;
                let record = self.steps.get_mut(place)?;
                record.output = Some(output.clone());
                record.error = None;
                self.settle(place, StepState::Succeeded, at)
            }
            Body::Failed { step, fence, error, r#final } => self.fail(step, *fence, error, *r#final, at),
            Body::Expired { step, fence } => self.expire(step, *fence, at),
            Body::Skipped { step, because } => self.skip(step, because, at),
        }
    }

    fn coordinate(&mut self, peer: &str, fence: u64) -> Option<()> {
        if self.coordinator.as_ref().is_some_and(|(_, held)| *held >= fence) {
            return None;
        }
        self.coordinator = Some((peer.to_owned(), fence));
        Some(())
    }

    fn schedule(&mut self, step: &str, attempt: u32) -> Option<()> {
        let place = self.plan.place(step)?;
        let record = self.steps.get_mut(place)?;
        if record.state != StepState::Ready || record.in_flight || attempt != record.attempt.saturating_add(1) {
            return None;
        }
        record.attempt = attempt;
        record.in_flight = true;
        record.retry_at = None;
        self.ready.remove(&place);
        self.in_flight.insert(place);
        Some(())
    }

    /// A claim is taken from a ready step, and from a running one whose fence is older: the queue gave it on.
    fn claim(&mut self, step: &str, attempt: u32, peer: &str, fence: u64, at: u64) -> Option<()> {
        let place = self.plan.place(step)?;
        let record = self.steps.get_mut(place)?;
        let open = matches!(record.state, StepState::Ready | StepState::Running);
        if !open || fence <= record.fence || attempt == 0 || attempt < record.attempt {
            return None;
        }
        record.state = StepState::Running;
        record.attempt = attempt;
        record.fence = fence;
        record.in_flight = true;
        record.peer = Some(peer.to_owned());
        record.claimed_at = Some(at);
        record.started_at = None;
        record.retry_at = None;
        self.ready.remove(&place);
        self.in_flight.insert(place);
        Some(())
    }

    /// The step, if it is running under this very claim.
    fn held(&self, step: &str, fence: u64) -> Option<usize> {
        let place = self.plan.place(step)?;
        let record = self.steps.get(place)?;
        (record.state == StepState::Running && record.fence == fence).then_some(place)
    }

    fn fail(&mut self, step: &str, fence: Option<u64>, error: &StepError, is_final: bool, at: u64) -> Option<()> {
        let place = match fence {
            Some(fence) => self.held(step, fence)?,
            None => self.plan.place(step)?,
        };
        let retry = self.plan.node(place)?.spec.retry;
        let record = self.steps.get_mut(place)?;
        if fence.is_none() {
            if record.state != StepState::Ready {
                return None;
            }
            // An attempt that did not even reach the queue is one, else it would be made for ever.
            record.attempt = record.attempt.saturating_add(u32::from(!record.in_flight));
        }
        record.error = Some(error.clone());
        let attempt = record.attempt;
        if is_final || retry.policy == RetryPolicy::None || attempt >= retry.max_attempts {
            return self.settle(place, StepState::Failed, at);
        }
        let delay = backoff::delay_ms(&retry, attempt, &key(self.workflow, step, attempt));
        self.again(place, Some(at.saturating_add(delay)))
    }

    fn expire(&mut self, step: &str, fence: u64, at: u64) -> Option<()> {
        let place = self.held(step, fence)?;
        let most = self.plan.node(place)?.spec.retry.max_attempts;
        let record = self.steps.get_mut(place)?;
        record.error = Some(StepError::lease_expired());
        // The lease was the wait.
        if record.attempt >= most { self.settle(place, StepState::Failed, at) } else { self.again(place, None) }
    }

    fn again(&mut self, place: usize, retry_at: Option<u64>) -> Option<()> {
        let record = self.steps.get_mut(place)?;
        record.state = StepState::Ready;
        record.in_flight = false;
        record.retry_at = retry_at;
        self.in_flight.remove(&place);
        self.ready.insert(place);
        Some(())
    }

    fn skip(&mut self, step: &str, because: &str, at: u64) -> Option<()> {
        let place = self.plan.place(step)?;
        self.blocked.get(&place)?;
        let message = format!("step `{because}` did not succeed");
        self.steps.get_mut(place)?.error = Some(StepError::new("skipped", &message));
        self.settle(place, StepState::Skipped, at)
    }

    /// Nothing more starts; what is in flight is to be interrupted.
    fn end(&mut self, outcome: Outcome, at: u64) -> Option<()> {
        if self.open == 0 {
            return None;
        }
        self.ended = Some(outcome);
        self.interrupted = std::mem::take(&mut self.in_flight);
        self.ready.clear();
        self.blocked.clear();
        for record in self.steps.iter_mut().filter(|record| !record.state.is_terminal()) {
            record.state = StepState::Cancelled;
            record.finished_at = Some(at);
            record.in_flight = false;
            record.retry_at = None;
        }
        self.open = 0;
        Some(())
    }

    fn finish(&mut self, outcome: Outcome, at: u64) -> Option<()> {
        if self.finished_at.is_some() || self.outcome() != Some(outcome) {
            return None;
        }
        self.finished_at = Some(at);
        self.interrupted.clear();
        Some(())
    }

    /// Makes a step terminal and tells those that depend on it.
    fn settle(&mut self, place: usize, state: StepState, at: u64) -> Option<()> {
        let plan = Arc::clone(&self.plan);
        let node = plan.node(place)?;
        let record = self.steps.get_mut(place)?;
        record.state = state;
        record.finished_at = Some(at);
        record.in_flight = false;
        record.retry_at = None;
        self.open = self.open.saturating_sub(1);
        self.ready.remove(&place);
        self.in_flight.remove(&place);
        self.blocked.remove(&place);
        match (state, node.spec.on_failure) {
            (StepState::Succeeded, _) | (StepState::Failed, OnFailure::Continue) => self.release(node),
            (StepState::Failed, OnFailure::Fail) => {
                self.failed = true;
                self.block(place);
            }
            _ => {}
        }
        Some(())
    }

    fn release(&mut self, node: &Node) {
        for &fed in &node.feeds {
            let (Some(waits), Some(record)) = (self.waits.get_mut(fed), self.steps.get_mut(fed)) else { continue };
            *waits = waits.saturating_sub(1);
            if *waits == 0 && record.state == StepState::Pending && !self.blocked.contains_key(&fed) {
                record.state = StepState::Ready;
                self.ready.insert(fed);
            }
        }
    }

    /// Marks everything downstream as to be skipped.
    fn block(&mut self, place: usize) {
        let plan = Arc::clone(&self.plan);
        let mut from = vec![place];
        while let Some(place) = from.pop() {
            for &fed in plan.node(place).into_iter().flat_map(|node| &node.feeds) {
                let pending = self.steps.get(fed).is_some_and(|record| record.state == StepState::Pending);
                if pending && !self.blocked.contains_key(&fed) {
                    self.blocked.insert(fed, place);
                    from.push(fed);
                }
            }
        }
    }

    /// How the workflow ends, once every step is terminal.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let by_steps = if self.failed { Outcome::Failed } else { Outcome::Completed };
        (self.open == 0).then_some(self.ended.unwrap_or(by_steps))
    }
}

/// The key that makes a step's attempt one: a submit that is sent twice is one task.
pub(super) fn key(workflow: Uuid, step: &str, attempt: u32) -> String {
    format!("{workflow}:{step}:{attempt}")
}
