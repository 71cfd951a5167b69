//! Jobs for the writer and the readers: each write is one transaction.

use std::sync::Arc;

use rusqlite::Connection;
use tandem_store::{Store, StoreError};

use super::{
    context::{TxContext, Whole},
    projection::{Key, Projection, Reading},
    tally::Tally,
};
use crate::{
    Caps, Clock, TaskId, TaskStoreError, Timestamp,
    hub::{Hub, TxEvents},
};

/// The task store in the host's database. Clones share it; a process makes one, since hints are told within it.
#[derive(Clone, Debug)]
pub struct SqliteTasks {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) caps: Arc<Caps>,
    pub(super) hub: Arc<Hub>,
    pub(super) projection: Arc<Projection>,
}

impl SqliteTasks {
    /// Over this store, with this clock and these caps for each tenant.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, caps: Caps) -> Self {
        Self { store, clock, caps: Arc::new(caps), hub: Arc::new(Hub::new()), projection: Arc::new(Projection::new()) }
    }

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
