//! One transaction of a job: it counts, notifies and invalidates readings together.

use std::{mem, sync::Arc};

use rusqlite::Connection;
use tandem_store::StoreError;

use super::{
    projection::{Projection, Subject},
    tally::{Lane, Tally},
};
use crate::{TaskId, Timestamp, hub::TxEvents};

/// One transaction: its time, what it counts, what it has to tell.
pub(super) struct TxContext {
    pub(super) now: Timestamp,
    pub(super) tally: Tally,
    pub(super) news: TxEvents,
    pub(super) projection: Arc<Projection>,
    /// Of whose readings none serves any longer, by their place in the projection.
    pub(super) changed: Vec<usize>,
    pub(super) changed_all: bool,
    /// Why the disk takes nothing new.
    pub(super) full: Option<String>,
}

impl TxContext {
    /// A task that was in `from` is in `to` now; none is not stored.
    pub(super) fn moved(
        &mut self,
        db: &Connection,
        id: &[u8; 16],
        lane: &Lane,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<(), StoreError> {
        self.changed(&lane.tenant, id);
        self.tally.moved(db, lane, from, to)
    }

    /// A task or workflow of this tenant's is not as it was.
    pub(super) fn changed(&mut self, tenant: &str, id: &[u8; 16]) {
        let subjects = [Subject::One(id), Subject::Tenant(tenant), Subject::All];
        self.changed.extend(subjects.map(|subject| self.projection.slot(subject)));
    }

    /// Writes the counts so far.
    pub(super) fn flush(&mut self, db: &Connection) -> Result<(), StoreError> {
        self.news.ready |= mem::take(&mut self.tally).flush(db, self.now)?;
        Ok(())
    }
}

/// Undoes the write and says that a task stands in its way.
#[derive(Debug)]
pub(super) enum Whole<T> {
    Done(T),
    Conflict(TaskId),
}
