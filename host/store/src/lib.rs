//! Durable state of the host: the key-value store behind the `kv` interface of plugins, the audit log, and what
//! an operator decided at run time.
//!
//! **Promises.** A write that was answered is on disk (`SQLite`, WAL, `synchronous=FULL`) and survives
//! `kill -9`. A batch is written whole or not at all. A namespace (tenant, plugin) never sees another's keys.
//!
//! **Bounds.** One writer thread with a queue of [`QUEUE`] jobs commits up to [`GROUP`] of them in one
//! transaction, so that many small writers share one fsync; reads have a thread of their own. Keys, values
//! and each namespace's totals are bounded by [`Quota`] and by the constants here.
//!
//! **Refuses.** Jobs when its queue is full ([`StoreError::Busy`]): a caller that cannot be served soon is
//! told so and holds nothing.

mod audit;
mod grants;
mod installed;
mod key_file;
mod keys;
mod kv;
mod peers;
mod room;
mod worker;

pub use audit::{
    AuditBroken, AuditKey, AuditQuery, AuditReader, AuditRecord, AuditRetention, AuditRow, CallRecord, Checkpoint,
    Denial, EventRecord, Gap, MAX_APPEND, MAX_DENIALS, MAX_DETAILS, MAX_PAGE, MAX_TEXT, MAX_WAITING, Verified,
};
pub use grants::{GrantEdit, MAX_ROWS};
pub use key_file::{host_key, read_key};
pub use keys::{MAX_ALL_KEYS, MAX_KEYS, StoredKey};
pub use kv::{KeyPage, Namespace, Quota};
pub use peers::{MAX_PEERS, PeerFilter, PeerPage, PeerRow, PeerSort};

use std::{path::Path, sync::Arc};

use room::{Room, Use};
use rusqlite::Connection;
use tokio::sync::oneshot;
use worker::Worker;

/// Jobs that may wait. Stops one tenant's writes from piling up in memory while the disk is slow.
pub const QUEUE: usize = 1024;
/// Jobs that share one commit. More would only make the first of them wait.
pub const GROUP: usize = 256;
/// A key's bound in bytes: long enough for a path or a digest, short enough for an index page.
pub const MAX_KEY: usize = 512;
/// A value's bound in bytes: what a plugin reads is copied into its memory, which is bounded too.
pub const MAX_VALUE: usize = 1 << 20;
/// Entries in one batch.
pub const MAX_BATCH: usize = 256;

/// Tables of a part that lives in the host's database: made, or brought up to date, when the database is opened.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// What makes them: statements that change nothing where a table is there.
    pub schemas: &'static [&'static str],
    /// Columns that tables got after they were published, by table: a database of an older host gets them.
    pub columns: &'static [(&'static str, &'static [&'static str])],
}

/// The store's own.
const TABLES: Tables = Tables {
    schemas: &[kv::SCHEMA, audit::SCHEMA, installed::SCHEMA, grants::SCHEMA, keys::SCHEMA, peers::SCHEMA],
    columns: &[audit::ADDED],
};

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A key or value is too long, empty, or the batch is too large; the bound is named.
    #[error("{0}")]
    TooLarge(String),
    /// A quota of the namespace would be exceeded; it is named.
    #[error("{0}")]
    Quota(String),
    /// The disk is almost full: what is left is kept for the audit log.
    #[error(
        "the host's disk is almost full ({left} MiB left, {floor} MiB are kept for the audit log): nothing is stored \
         until the operator makes room"
    )]
    NoRoom {
        /// MiB that are free.
        left: u64,
        /// MiB that have to remain.
        floor: u64,
    },
    /// It is there already.
    #[error("{0}")]
    Exists(String),
    /// Too many jobs wait; trying again later helps.
    #[error("store busy: {QUEUE} jobs are queued")]
    Busy,
    /// The store is closed.
    #[error("store closed")]
    Closed,
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
}

/// A handle to the store; clones share it. It closes when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Store {
    worker: Arc<Worker>,
    log: Arc<audit::Log>,
    room: Arc<Room>,
    retention: AuditRetention,
}

impl Store {
    /// Opens the database file, making it (and its parent directory) when it is not there. Several processes may
    /// have it open: each write is a transaction of its own.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, &[])
    }

    /// The same, with the tables of others in it.
    pub fn open_with(path: &Path, others: &[Tables]) -> Result<Self, StoreError> {
        let worker = Arc::new(Worker::start(path, others)?);
        let log = Arc::new(audit::Log::open(path).map_err(worker::io)?);
        Ok(Self { worker, log, room: Arc::new(Room::new(path)), retention: AuditRetention::default() })
    }

    /// The same store, that keeps so much of its audit log.
    #[must_use]
    pub fn with_retention(self, retention: AuditRetention) -> Self {
        Self { retention, ..self }
    }

    /// The value, or none.
    pub async fn get(&self, ns: Namespace, key: String) -> Result<Option<Vec<u8>>, StoreError> {
        kv::check_key(&key)?;
        self.read(move |db| kv::get(db, &ns, &key)).await
    }

    /// Keys that start with `prefix`, sorted by bytes, after `after`, at most `limit`.
    pub async fn list(
        &self,
        ns: Namespace,
        prefix: String,
        limit: u32,
        after: Option<String>,
    ) -> Result<KeyPage, StoreError> {
        self.read(move |db| kv::list(db, &ns, &prefix, limit.clamp(1, 1000), after.as_deref())).await
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

    /// Writes all entries or none, durably. Refuses where that would leave too little disk for the audit log.
    pub async fn set_many(
        &self,
        ns: Namespace,
        quota: Quota,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        kv::check_entries(&entries)?;
        self.room.take(kv::bytes(&entries), Use::New)?;
        self.write(move |db| kv::set_many(db, &ns, quota, &entries)).await
    }

    /// Writes `value` only while the present value equals `expected`. Answers whether it did.
    pub async fn compare_and_set(
        &self,
        ns: Namespace,
        quota: Quota,
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let entry = (key, value);
        kv::check_entries(std::slice::from_ref(&entry))?;
        self.room.take(kv::bytes(std::slice::from_ref(&entry)), Use::New)?;
        self.write(move |db| kv::compare_and_set(db, &ns, quota, &entry, expected.as_deref())).await
    }

    /// Removes a key. Answers whether it was there.
    pub async fn delete(&self, ns: Namespace, key: String) -> Result<bool, StoreError> {
        kv::check_key(&key)?;
        self.write(move |db| kv::delete(db, &ns, &key)).await
    }

    /// Waits until everything that was written before is on disk, records of calls among it. For a host that ends.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.worker.write_when_free(worker::job(|_| Ok(()), worker::reply(reply))).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs work in the writer's transaction; answers when it is on disk.
    pub async fn write<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.worker.write(worker::job(work, worker::reply(reply)))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// The same, and has something to tell once it is on disk, though nobody may wait for the answer any more.
    pub async fn write_then<R: Send + 'static, N: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<(R, N), StoreError> + Send + 'static,
        tell: impl FnOnce(N) + Send + 'static,
    ) -> Result<R, StoreError> {
        let (reply, answer) = oneshot::channel();
        let reply = worker::reply(reply);
        let job = worker::job(work, move |result| {
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
        let (reply, answer) = oneshot::channel();
        self.worker.read(Box::new(move |db| drop(reply.send(work(db)))))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

#[cfg(test)]
mod tests;
