//! The handle to the store: reads and writes as jobs of its threads, and the disk's reserve.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    audit::{AuditLog, AuditRetention},
    error::StoreError,
    room::{Room, Use},
    worker::{Worker, job, reply},
};

/// A handle to the store; clones share it. It closes when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) worker: Arc<Worker>,
    pub(crate) log: Arc<AuditLog>,
    pub(crate) room: Arc<Room>,
    pub(crate) retention: AuditRetention,
}

impl Store {
    /// The same store, that keeps so much of its audit log.
    #[must_use]
    pub fn with_retention(self, retention: AuditRetention) -> Self {
        Self { retention, ..self }
    }

    /// Takes room on the disk for so many bytes that somebody wants to have stored, or refuses: what is left is kept for the audit
    /// log.
    ///
    /// # Errors
    /// [`StoreError::NoRoom`].
    pub fn room_for_new(&self, bytes: usize) -> Result<(), StoreError> {
        self.room.take(bytes as u64, Use::New)
    }

    /// The same for what comes of work that was taken on already. It may use half of what is kept.
    ///
    /// # Errors
    /// [`StoreError::NoRoom`].
    pub fn room_for_results(&self, bytes: usize) -> Result<(), StoreError> {
        self.room.take(bytes as u64, Use::Results)
    }

    /// Waits until everything that was written before is on disk, records of calls among it. For a host that ends.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let (sender, answer) = oneshot::channel();
        self.worker.write_when_free(job(|_| Ok(()), reply(sender))).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs work in the writer's transaction; answers when it is on disk.
    pub async fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (sender, answer) = oneshot::channel();
        self.worker.write(job(work, reply(sender)))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// The same, and has something to tell once it is on disk, though nobody may wait for the answer any more.
    pub async fn write_then<R: Send + 'static, N: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<(R, N), StoreError> + Send + 'static,
        tell: impl FnOnce(N) + Send + 'static,
    ) -> Result<R, StoreError> {
        let (sender, answer) = oneshot::channel();
        let reply = reply(sender);
        let job = job(work, move |result| {
            reply(result.map(|(value, news)| {
                tell(news);
                value
            }));
        });
        self.worker.write(job)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs work that only reads.
    pub async fn read<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (sender, answer) = oneshot::channel();
        self.worker.read(Box::new(move |db| drop(sender.send(work(db)))))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}
