//! Records that could not be written, until a record in the chain says so.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Gap;

/// What was lost and is not yet marked. A process that ends meanwhile forgets it: it could not write it down either.
#[derive(Debug, Default)]
pub(super) struct Losses(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Not yet marked.
    open: Option<Gap>,
    /// In a marker that is not yet on disk.
    marking: u64,
}

impl Losses {
    /// Notes that `count` records are lost.
    pub(super) fn add(&self, count: u64, now: u64) {
        if count > 0 {
            metrics::counter!("tandem_audit_records_lost_total").increment(count);
            self.state().merge(Gap { lost: count, since: now, until: now });
        }
    }

    /// How many are lost, as long as no marker of them is on disk.
    pub(super) fn count(&self) -> u64 {
        let state = self.state();
        state.marking + state.open.map_or(0, |gap| gap.lost)
    }

    /// What the next record has to be a marker of. [`Losses::settle`] says what became of it.
    pub(super) fn take(&self) -> Option<Gap> {
        let mut state = self.state();
        let gap = state.open.take()?;
        state.marking += gap.lost;
        Some(gap)
    }

    pub(super) fn settle(&self, gap: Gap, on_disk: bool) {
        let mut state = self.state();
        state.marking = state.marking.saturating_sub(gap.lost);
        if !on_disk {
            state.merge(gap);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn merge(&mut self, more: Gap) {
        let open = self.open.get_or_insert(Gap { lost: 0, ..more });
        open.lost += more.lost;
        open.since = open.since.min(more.since);
        open.until = open.until.max(more.until);
    }
}
