//! What a workflow does next: decisions from the state and the time. And the readings of the state that need no event.
//!
//! Whoever holds the workflow's coordinator lease carries decisions out and writes [`Decision::body`] into the log,
//! in one transaction with the task where there is one; then asks again. A decision that was carried out and not
//! written (a crash between) comes again with the same key, and the queue answers with the task that is there.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::{
    Body, ContentId, Found, Outcome, Output, Plan, ResolveError, State, StepError, StepRecord, StepState,
    WorkflowState, plan::step_content, reference::resolve, state::key,
};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Hand an attempt of a step to the queue.
    Start(Start),
    /// Load this content, the result of a step that a ready one refers to, and ask again with it.
    Fetch {
        /// What to load.
        content: ContentId,
        /// The step that cannot start without it.
        step: String,
    },
    /// Write down that the step is skipped.
    Skip {
        /// The step.
        step: String,
        /// The failed or skipped step it depends on.
        because: String,
    },
    /// Write down that the step failed: its arguments cannot be made from the results.
    Fail {
        /// The step.
        step: String,
        /// Why.
        error: StepError,
    },
    /// The attempt took too long: cancel its task, then write it down.
    TimeOut {
        /// The step.
        step: String,
        /// Which attempt.
        attempt: u32,
        /// That of its claim.
        fence: u64,
        /// The step's limit.
        seconds: u64,
    },
    /// The workflow ended while this attempt was in the queue or running: cancel its task.
    Interrupt {
        /// The step.
        step: String,
        /// Which attempt.
        attempt: u32,
    },
    /// Write down that the workflow's time ran out.
    Expire,
    /// Write down how the workflow ended, after the interrupts before it.
    Finish {
        /// How.
        outcome: Outcome,
    },
}

/// An attempt to start.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The step.
    pub step: String,
    /// The tool to call.
    pub tool: String,
    /// Its arguments, an object, references filled in.
    pub arguments: Value,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The idempotency key of the task: workflow, step and attempt.
    pub key: String,
    /// The key of the choice of peers.
    pub content: ContentId,
    /// Seconds until this attempt must end: the step's own limit or what is left of the workflow's, whichever is
    /// less; at least 1.
    pub timeout_s: u64,
}

impl Decision {
    /// The event to write once the decision is carried out. None for [`Decision::Fetch`] and [`Decision::Interrupt`].
    #[must_use]
    pub fn body(&self) -> Option<Body> {
        Some(match self {
            Self::Fetch { .. } | Self::Interrupt { .. } => return None,
            Self::Start(start) => Body::Scheduled { step: start.step.clone(), attempt: start.attempt },
            Self::Skip { step, because } => Body::Skipped { step: step.clone(), because: because.clone() },
            Self::Fail { step, error } => {
                Body::Failed { step: step.clone(), fence: None, error: error.clone(), r#final: true }
            }
            Self::TimeOut { step, fence, seconds, .. } => Body::Failed {
                step: step.clone(),
                fence: Some(*fence),
                error: StepError::timeout(*seconds),
                r#final: false,
            },
            Self::Expire => Body::TimedOut {},
            Self::Finish { outcome } => Body::WorkflowFinished { outcome: *outcome },
        })
    }
}

impl State {
    /// What to do at `now` (milliseconds since the Unix epoch), in order. `loaded` gives the results that are kept by
    /// their id, as far as they are at hand.
    ///
    /// Nothing is remembered between two calls: what was decided and has left no event is decided again.
    #[must_use]
    pub fn next(&self, now: u64, loaded: &dyn Fn(&ContentId) -> Option<Arc<Value>>) -> Vec<Decision> {
        if self.finished_at.is_some() {
            return Vec::new();
        }
        if let Some(outcome) = self.outcome() {
            let interrupts = self.interrupted.iter().filter_map(|place| {
                let (step, record) = self.at(*place)?;
                Some(Decision::Interrupt { step: step.to_owned(), attempt: record.attempt })
            });
            return interrupts.chain([Decision::Finish { outcome }]).collect();
        }
        if now >= self.deadline() {
            return vec![Decision::Expire];
        }
        let mut decisions: Vec<_> = self.in_flight.iter().filter_map(|place| self.late(*place, now)).collect();
        decisions.extend(self.blocked.iter().filter_map(|(place, because)| {
            let (step, because) = (self.at(*place)?.0.to_owned(), self.at(*because)?.0.to_owned());
            Some(Decision::Skip { step, because })
        }));
        let free = self.plan.max_concurrency().saturating_sub(self.in_flight.len());
        let due = self.ready.iter().filter(|place| {
            self.steps.get(**place).is_some_and(|record| record.retry_at.is_none_or(|retry_at| now >= retry_at))
        });
        decisions.extend(due.take(free).filter_map(|place| self.start(*place, now, loaded)));
        decisions
    }

    /// The moment after `now` at which [`State::next`] may say more although nothing happened: a retry, a time-out,
    /// the deadline. None once the workflow has ended, or when there is something to do now.
    #[must_use]
    pub fn wake_at(&self, now: u64) -> Option<u64> {
        if self.open == 0 {
            return None;
        }
        let retries = self.ready.iter().filter_map(|place| self.steps.get(*place)?.retry_at);
        let ends = self.in_flight.iter().filter_map(|place| Some(self.times_out(*place)?.0));
        // A retry that is due and finds no place free waits for an event, not for a moment.
        retries.chain(ends).chain([self.deadline()]).filter(|moment| *moment > now).min()
    }

    fn start(&self, place: usize, now: u64, loaded: &dyn Fn(&ContentId) -> Option<Arc<Value>>) -> Option<Decision> {
        let step = &self.plan.node(place)?.spec;
        let attempt = self.steps.get(place)?.attempt.saturating_add(1);
        let left = self.deadline().saturating_sub(now).div_ceil(1_000).max(1);
        Some(match resolve(&step.arguments, &|from| self.found(from, loaded)) {
            Ok(arguments) => Decision::Start(Start {
                step: step.id.clone(),
                tool: step.tool.clone(),
                arguments,
                attempt,
                key: key(self.workflow, &step.id, attempt),
                content: step_content(self.workflow, step),
                timeout_s: step.timeout_s.map_or(left, |own| own.min(left)),
            }),
            Err(ResolveError::NotLoaded { content, .. }) => Decision::Fetch { content, step: step.id.clone() },
            Err(error) => Decision::Fail { step: step.id.clone(), error: StepError::unresolved(&error) },
        })
    }

    fn found(&self, from: &str, loaded: &dyn Fn(&ContentId) -> Option<Arc<Value>>) -> Found {
        let Some(record) = self.step(from) else { return Found::Nothing };
        match (&record.output, record.state) {
            (Some(Output::Inline(value)), _) => Found::Value(Arc::clone(value)),
            (Some(Output::Content(content)), _) => loaded(content).map_or(Found::Stored(*content), Found::Value),
            (None, StepState::Failed) => Found::Failed,
            (None, _) => Found::Nothing,
        }
    }

    fn late(&self, place: usize, now: u64) -> Option<Decision> {
        let (ends, seconds) = self.times_out(place)?;
        let (step, record) = self.at(place)?;
        (now >= ends).then(|| Decision::TimeOut {
            step: step.to_owned(),
            attempt: record.attempt,
            fence: record.fence,
            seconds,
        })
    }

    /// When the claim of a running step is too old, and the limit in seconds.
    fn times_out(&self, place: usize) -> Option<(u64, u64)> {
        let record = self.steps.get(place)?;
        let seconds = self.plan.node(place)?.spec.timeout_s?;
        let running = record.state == StepState::Running;
        Some((record.claimed_at.filter(|_| running)?.saturating_add(seconds * 1_000), seconds))
    }

    fn at(&self, place: usize) -> Option<(&str, &StepRecord)> {
        Some((self.plan.node(place)?.spec.id.as_str(), self.steps.get(place)?))
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The workflow's id.
    #[must_use]
    pub fn workflow(&self) -> Uuid {
        self.workflow
    }

    /// Where the workflow is. A cancelled one is `cancelled` at once, before its running steps are interrupted.
    #[must_use]
    pub fn state(&self) -> WorkflowState {
        let outcome = if self.finished_at.is_some() { self.outcome() } else { self.ended };
        match outcome {
            None => WorkflowState::Running,
            Some(Outcome::Completed) => WorkflowState::Completed,
            Some(Outcome::Failed) => WorkflowState::Failed,
            Some(Outcome::Cancelled) => WorkflowState::Cancelled,
        }
    }

    /// Whether nothing is left to do, not even to interrupt.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished_at.is_some()
    }

    /// The share of the steps that are terminal, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand steps")]
    pub fn progress(&self) -> f64 {
        (self.steps.len() - self.open) as f64 / self.steps.len() as f64
    }

    /// Steps that wait for no other and are not in flight, in the order in which they start.
    pub fn ready(&self) -> impl ExactSizeIterator<Item = &str> {
        self.ready.iter().map(|place| self.at(*place).map_or("", |(step, _)| step))
    }

    /// What is known of every step, by depth and id.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = (&str, &StepRecord)> {
        self.plan.steps().map(|step| step.id.as_str()).zip(&self.steps)
    }

    /// What is known of one step.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&StepRecord> {
        self.steps.get(self.plan.place(id)?)
    }

    /// When it was submitted, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn submitted_at(&self) -> u64 {
        self.submitted_at
    }

    /// When it ended.
    #[must_use]
    pub fn finished_at(&self) -> Option<u64> {
        self.finished_at
    }

    /// When it is given up.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        self.submitted_at.saturating_add(self.plan.timeout_ms())
    }

    /// Why it was cancelled, or that its time ran out.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Who decides, with the fence of its lease, where that was ever written down.
    #[must_use]
    pub fn coordinator(&self) -> Option<(&str, u64)> {
        self.coordinator.as_ref().map(|(peer, fence)| (peer.as_str(), *fence))
    }
}
