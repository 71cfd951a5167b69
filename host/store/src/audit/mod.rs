//! The audit log: who did what, in which order, and proof that nobody changed it afterwards.
//!
//! **Promises.** Records are only added. Each carries the hash of the one before, and an HMAC under a key that
//! lies beside the store's file (`audit.key`, mode 0600), so that whoever can write the database but not read
//! the key can neither change a record nor make the chain anew; the newest record is authenticated as such, so
//! that none can be cut off. A record is either on disk or its writer is told that it is not, and the first record
//! after it that could be written says how many are missing ([`Gap`]), also where the host was killed in between.
//!
//! **Bounds.** Every text and list of a record ([`MAX_TEXT`], [`MAX_DENIALS`]); records that wait for the disk
//! ([`MAX_WAITING`]), beyond which writers wait; the log itself by age and bytes ([`AuditRetention`]): the
//! oldest records are dropped after a look at their hashes, and a checkpoint record says so. Age is counted along the
//! chain, not by the clock's word: a clock that is wrong makes no record old (`clock.stepped` marks that it jumped).
//!
//! **Refuses.** `UPDATE` and `DELETE` by triggers: a mistake is told at once. **Does not see** that the whole
//! file, note of the newest record included, was put back to an older state; note the head that
//! `tandem audit verify` prints elsewhere to see that too. Who can read the key can write anything.

mod chain;
mod losses;
mod note;
mod read;
mod record;
mod verify;
mod write;

use std::{
    io,
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub use chain::AuditKey;
use losses::Losses;
pub use read::{AuditQuery, AuditReader, AuditRow, MAX_PAGE};
pub use record::{AuditRecord, CallRecord, Checkpoint, Denial, EventRecord, Gap, MAX_DENIALS, MAX_DETAILS, MAX_TEXT};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
pub use verify::{AuditBroken, Verified};
use write::Terms;

use crate::{Store, StoreError, worker};

/// Appends that may wait for the disk: half of the store's queue, so that a storm of calls leaves the other
/// half to plugins' own writes.
pub const MAX_WAITING: usize = crate::QUEUE / 2;
/// Records of one append. More would hold the writer for too long.
pub const MAX_APPEND: usize = 1024;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS audit (
        sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, bytes INTEGER NOT NULL, body TEXT NOT NULL,
        previous BLOB NOT NULL, hash BLOB NOT NULL, mac BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS audit_head (
        id INTEGER PRIMARY KEY CHECK (id = 0), sequence INTEGER NOT NULL, hash BLOB NOT NULL, mac BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS audit_rotation (id INTEGER PRIMARY KEY CHECK (id = 0), first INTEGER NOT NULL);
    CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;
    CREATE TRIGGER IF NOT EXISTS audit_is_not_deleted BEFORE DELETE ON audit
        WHEN NOT EXISTS (SELECT 1 FROM audit_rotation WHERE OLD.sequence < first)
        BEGIN SELECT RAISE(ABORT, 'audit records are dropped by rotation only'); END;
";

/// What the table of older hosts lacks.
pub(crate) const ADDED: (&str, &[&str]) = ("audit", &["age INTEGER"]);

/// How much of the log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditRetention {
    /// Older records are dropped. A time without records counts as a day at most.
    pub keep: Duration,
    /// The oldest records are dropped when all of them take more.
    pub max_bytes: u64,
}

impl Default for AuditRetention {
    fn default() -> Self {
        Self { keep: Duration::from_secs(90 * 24 * 3600), max_bytes: 1 << 30 }
    }
}

/// What the store keeps for its log.
#[derive(Debug)]
pub(crate) struct Log {
    key: AuditKey,
    waiting: Arc<Semaphore>,
    losses: Losses,
    /// Milliseconds since 1970.
    clock: fn() -> u64,
}

impl Log {
    /// The log of this store.
    pub(crate) fn open(store: &Path) -> io::Result<Self> {
        let key = AuditKey::open(store)?;
        let losses = Losses::open(store, &key);
        Ok(Self { key, waiting: Arc::new(Semaphore::new(MAX_WAITING)), losses, clock: now })
    }

    fn terms(&self, retention: AuditRetention) -> Terms<'_> {
        Terms { key: &self.key, retention, now: (self.clock)() }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, write::millis)
}

/// Records what a transaction does inside that very transaction: neither is there without the other.
pub(crate) struct Auditor {
    log: Arc<Log>,
    retention: AuditRetention,
}

impl Auditor {
    pub(crate) fn append(&self, db: &rusqlite::Connection, event: EventRecord) -> Result<(), StoreError> {
        write::append(db, &self.log.terms(self.retention), &[AuditRecord::from(event).body()])
    }
}

impl Store {
    pub(crate) fn auditor(&self) -> Auditor {
        Auditor { log: self.log.clone(), retention: self.retention }
    }

    /// Adds records, in this order, and answers when they are on disk. Waits while too many others do.
    ///
    /// # Errors
    /// There are more than [`MAX_APPEND`], or the database failed; then none was added.
    pub async fn audit_append(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.audit_queue(records, worker::reply(reply)).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// As [`Store::audit_append`], and counts what could not be written as lost: for records of what has happened already.
    ///
    /// # Errors
    /// As there.
    pub async fn audit_record(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let told = count_losses(self.log.clone(), records.len() as u64, worker::reply(reply));
        self.audit_queue(records, told).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// As [`Store::audit_record`], but answers when the records have their place in the queue: they will be on
    /// disk with the next commit, a few milliseconds later, and a crash before it loses them. A failure of the
    /// disk is logged as an error.
    ///
    /// # Errors
    /// There are more than [`MAX_APPEND`], or store closed.
    pub async fn audit_send(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        let answer = count_losses(self.log.clone(), records.len() as u64, drop);
        self.audit_queue(records, answer).await
    }

    /// Records that were lost and of which no record tells yet; 0 as long as all is well.
    #[must_use]
    pub fn audit_lost(&self) -> u64 {
        self.log.losses.count()
    }

    /// Whether records can be written, as far as is known: none was lost since the last one that could be, and the disk
    /// has room for more.
    #[must_use]
    pub fn audit_writable(&self) -> bool {
        self.audit_lost() == 0 && self.room.for_records()
    }

    /// Drops what is older or more than the retention allows, a bounded part of it at a time. Answers how many
    /// records; 0 when there is nothing more to drop.
    pub async fn audit_rotate(&self) -> Result<u64, StoreError> {
        let (log, retention) = (self.log.clone(), self.retention);
        self.write(move |db| write::rotate(db, &log.terms(retention))).await
    }

    async fn audit_queue(
        &self,
        records: Vec<AuditRecord>,
        answer: impl FnOnce(Result<(), StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        if records.len() > MAX_APPEND {
            return Err(StoreError::TooLarge(format!("an append is limited to {MAX_APPEND} records")));
        }
        let mut bodies: Vec<String> = records.into_iter().map(AuditRecord::body).collect();
        let place: OwnedSemaphorePermit =
            self.log.waiting.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        // A marker of what was lost before comes first, and is settled with the fate of its transaction.
        let marking = Arc::new(OnceLock::new());
        let (log, retention, marked) = (self.log.clone(), self.retention, marking.clone());
        let append = move |db: &rusqlite::Connection| {
            let _place = place;
            if let Some(gap) = log.losses.take() {
                bodies.insert(0, AuditRecord::Gap(gap).body());
                let _first = marked.set(gap);
            }
            write::append(db, &log.terms(retention), &bodies)
        };
        let log = self.log.clone();
        let answer = move |result: Result<(), StoreError>| {
            if let Some(gap) = marking.get() {
                log.losses.settle(*gap, result.is_ok());
            }
            answer(result);
        };
        self.worker.write_when_free(worker::job(append, answer)).await
    }
}

/// Counts records as lost that cannot be written, and answers.
fn count_losses(
    log: Arc<Log>,
    count: u64,
    answer: impl FnOnce(Result<(), StoreError>) + Send + 'static,
) -> impl FnOnce(Result<(), StoreError>) + Send + 'static {
    move |result| {
        if let Err(error) = &result {
            log.losses.add(count, (log.clock)());
            tracing::error!(%error, count, "audit records were lost");
        }
        answer(result);
    }
}

#[cfg(test)]
mod tests;
