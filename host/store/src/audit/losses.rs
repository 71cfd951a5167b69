//! Records that could not be written, until a record in the chain says so.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{chain::AuditKey, note::Note, record::Gap};

/// What was lost and is not yet marked.
#[derive(Debug, Default)]
pub(super) struct Losses(Mutex<LossState>);

#[derive(Debug, Default)]
struct LossState {
    /// Not yet marked.
    open: Option<Gap>,
    /// In a marker that is not yet on disk.
    marking: Option<Gap>,
    note: Option<Note>,
}

impl Losses {
    /// With what an earlier process noted beside the store and did not live to mark.
    pub(super) fn open(store: &Path, key: &AuditKey) -> Self {
        let note = Note::take(store, key).unwrap_or_else(|error| {
            let path = Note::path(store);
            tracing::warn!(path = %path.display(), %error, "audit: no gap file; lost records are forgotten if this process is killed");
            None
        });
        let open = note.as_ref().and_then(|note| {
            note.read().unwrap_or_else(|error| {
                let path = Note::path(store);
                tracing::error!(path = %path.display(), %error, "audit: cannot read the gap file");
                None
            })
        });
        if let Some(gap) = open {
            tracing::warn!(lost = gap.lost, "audit: records were lost before the last stop; marking the gap");
        }
        Self(Mutex::new(LossState { open, marking: None, note }))
    }

    /// Notes that `count` records are lost.
    pub(super) fn add(&self, count: u64, now: u64) {
        if count > 0 {
            metrics::counter!("tandem_audit_records_lost_total").increment(count);
            let mut state = self.state();
            let first = state.all().is_none();
            merge(&mut state.open, Gap { lost: count, since: now, until: now });
            state.note(first);
        }
    }

    /// How many are lost, as long as no marker of them is on disk.
    pub(super) fn count(&self) -> u64 {
        self.state().all().map_or(0, |gap| gap.lost)
    }

    /// What the next record has to be a marker of. [`Losses::settle`] says what became of it.
    pub(super) fn take(&self) -> Option<Gap> {
        let mut state = self.state();
        let gap = state.open.take()?;
        merge(&mut state.marking, gap);
        Some(gap)
    }

    pub(super) fn settle(&self, gap: Gap, on_disk: bool) {
        let mut state = self.state();
        state.marking = state.marking.and_then(|all| {
            let lost = all.lost.saturating_sub(gap.lost);
            (lost > 0).then_some(Gap { lost, ..all })
        });
        if on_disk {
            state.note(true);
        } else {
            merge(&mut state.open, gap);
        }
    }

    fn state(&self) -> MutexGuard<'_, LossState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LossState {
    /// All that no marker on disk tells of.
    fn all(&self) -> Option<Gap> {
        let mut all = self.open;
        if let Some(marking) = self.marking {
            merge(&mut all, marking);
        }
        all
    }

    /// Brings the note up to date. The first loss and the last mark are worth a wait for the disk.
    fn note(&self, now: bool) {
        let Some(note) = &self.note else { return };
        let all = self.all();
        if let Err(error) = if now { note.write(all) } else { note.put(all) } {
            tracing::error!(%error, "audit: cannot write the gap file; lost records are forgotten if this process is killed");
        }
    }
}

fn merge(into: &mut Option<Gap>, more: Gap) {
    let open = into.get_or_insert(Gap { lost: 0, ..more });
    open.lost += more.lost;
    open.since = open.since.min(more.since);
    open.until = open.until.max(more.until);
}
