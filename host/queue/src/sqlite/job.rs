//! Jobs for the writer and the readers: each write is one transaction, which counts, tells and voids readings together.

use std::{mem, sync::Arc};

use rusqlite::Connection;
use tandem_store::StoreError;

use super::{
    SqliteTasks,
    projection::{Key, Projection, Reading, Subject},
    tally::{Lane, Tally},
    workflows::Whole,
};
use crate::{Caps, TaskId, TaskStoreError, Timestamp, hub::TxEvents};

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

impl SqliteTasks {
    /// A write that queues so many bytes where the disk has room for them; the work is told where it has not.
    pub(super) async fn write_new<R: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce(&Connection, &mut TxContext, &Caps) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, TaskStoreError> {
        let full = self.store.room_for_new(bytes).err().map(|error| error.to_string());
        let work = move |db: &Connection, moment: &mut TxContext, caps: &Caps| {
            moment.full = full;
            work(db, moment, caps)
        };
        self.write(work).await
    }

    pub(super) async fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &mut TxContext, &Caps) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, TaskStoreError> {
        let (clock, caps, hub) = (Arc::clone(&self.clock), Arc::clone(&self.caps), Arc::clone(&self.hub));
        let (projection, changing) = (Arc::clone(&self.projection), Arc::clone(&self.projection));
        let job = move |db: &Connection| {
            let mut moment = TxContext {
                now: clock.now(),
                tally: Tally::default(),
                news: TxEvents::default(),
                projection,
                changed: Vec::new(),
                changed_all: false,
                full: None,
            };
            let answer = work(db, &mut moment, &caps)?;
            moment.flush(db)?;
            Ok((answer, (moment.news, moment.changed, moment.changed_all, moment.now)))
        };
        // Whoever is woken reads what is new.
        let tell = move |(news, changed, all, now): (TxEvents, Vec<usize>, bool, Timestamp)| {
            changing.changed(&changed);
            if all {
                changing.changed_all();
            }
            hub.tell(news, now);
        };
        Ok(self.store.write_then(job, tell).await?)
    }

    pub(super) async fn read<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, TaskStoreError> {
        Ok(self.store.read(work).await?)
    }

    /// A read whose answer is kept until what it is about changes.
    pub(super) async fn look<R: Reading>(
        &self,
        key: Key,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, TaskStoreError> {
        let version = self.projection.version(&key);
        if let Some(reading) = self.projection.get(&key, version) {
            return Ok(reading);
        }
        let reading = self.read(work).await?;
        self.projection.keep(key, version, &reading);
        Ok(reading)
    }

    /// A write that a conflicting task undoes, with the tasks that belong to it.
    pub(super) async fn whole<R: Send + 'static>(
        &self,
        full: Option<String>,
        work: impl FnOnce(&Connection, &mut TxContext, &Caps) -> Result<Whole<R>, StoreError> + Send + 'static,
        conflict: impl FnOnce(TaskId) -> R,
    ) -> Result<R, TaskStoreError> {
        // The job must fail to be undone; which task it was is told beside it.
        let (tell, told) = tokio::sync::oneshot::channel();
        let job = move |db: &Connection, moment: &mut TxContext, caps: &Caps| {
            moment.full = full;
            match work(db, moment, caps)? {
                Whole::Done(answer) => Ok(answer),
                Whole::Conflict(id) => {
                    // Whoever waits for it is this very call.
                    let _ = tell.send(id);
                    Err(StoreError::Exists(format!("the task {id} conflicts with one that is there")))
                }
            }
        };
        match self.write(job).await {
            Err(error) => told.await.map(conflict).map_err(|_| error),
            answer => answer,
        }
    }
}
