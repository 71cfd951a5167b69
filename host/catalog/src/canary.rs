//! A canary, a new version on probation: it has a share of its category's calls until it has proved itself.
//!
//! It gets calls only of tools whose descriptors are the old version's: those are what clients were told. It serves
//! no prompts and resources. An error is a call without an answer (trap, timeout, answer against its own schema): a
//! tool's own error says nothing about its code.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use crate::{Category, Tool};

/// Promotion criteria.
#[derive(Clone, Debug, PartialEq)]
pub struct CanaryCriteria {
    /// Percent of calls that it gets.
    pub share: u8,
    /// How long it is a canary at least.
    pub duration: Duration,
    /// Calls without which there is no verdict for it.
    pub min_calls: u64,
    /// Percent of its calls that may fail.
    pub max_errors: f64,
}

/// What is to become of a canary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not known yet.
    Open,
    /// It serves all from now on.
    Promote,
    /// The old version serves all again, for this reason.
    RollBack(String),
}

/// A canary.
#[derive(Debug)]
pub struct Canary {
    /// What it is.
    pub category: Arc<Category>,
    /// Its promotion criteria.
    pub criteria: CanaryCriteria,
    /// Since when.
    pub since: SystemTime,
    started: Instant,
    turn: AtomicU64,
    calls: AtomicU64,
    errors: AtomicU64,
}

impl Canary {
    pub(crate) fn new(category: Arc<Category>, criteria: CanaryCriteria) -> Self {
        let [turn, calls, errors] = [const { AtomicU64::new(0) }; 3];
        Self { category, criteria, since: SystemTime::now(), started: Instant::now(), turn, calls, errors }
    }

    /// The canary's tool in the place of `old`, if this call is one of its share.
    #[must_use]
    pub fn takes(&self, old: &Tool) -> Option<&Arc<Tool>> {
        let tool = same_tool(&self.category, old)?;
        if self.over_budget() {
            return None;
        }
        let (turn, share) = (self.turn.fetch_add(1, Ordering::Relaxed), u64::from(self.criteria.share));
        // Its calls lie evenly among the others.
        (turn.wrapping_add(1).wrapping_mul(share) / 100 != turn.wrapping_mul(share) / 100).then_some(tool)
    }

    /// Counts one of its calls.
    pub fn count(&self, failed: bool) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if failed {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Calls, and how many of them failed.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.calls.load(Ordering::Relaxed), self.errors.load(Ordering::Relaxed))
    }

    /// Whether more calls failed than can be made good until the verdict.
    fn over_budget(&self) -> bool {
        let (calls, errors) = self.counts();
        errors as f64 * 100.0 > calls.max(self.criteria.min_calls) as f64 * self.criteria.max_errors
    }

    /// What is known now.
    #[must_use]
    pub fn verdict(&self, now: Instant) -> Verdict {
        let (calls, errors) = self.counts();
        if self.over_budget() {
            return Verdict::RollBack(format!(
                "{errors} of {calls} calls failed; plugins.canary.max-errors allows {} %",
                self.criteria.max_errors
            ));
        }
        let done = calls >= self.criteria.min_calls && now.duration_since(self.started) >= self.criteria.duration;
        if done { Verdict::Promote } else { Verdict::Open }
    }
}

/// The tool of a category that is the same to clients as `old`.
pub(crate) fn same_tool<'a>(category: &'a Category, old: &Tool) -> Option<&'a Arc<Tool>> {
    let name = &old.descriptor.name;
    let at = category.tools.binary_search_by(|tool| tool.descriptor.name.cmp(name)).ok()?;
    category.tools.get(at).filter(|tool| tool.descriptor == old.descriptor)
}
