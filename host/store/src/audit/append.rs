//! Appending to the log: beside other writes, or inside of a transaction.

use std::sync::{Arc, OnceLock};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{
    log::AuditLog,
    record::{AuditRecord, EventRecord},
    retention::AuditRetention,
    write,
};
use crate::{
    error::StoreError,
    store::Store,
    worker::{job, reply},
};

/// Records of one append. More would hold the writer for too long.
pub const MAX_APPEND: usize = 1024;

/// Records what a transaction does inside that very transaction: neither is there without the other.
pub(crate) struct Auditor {
    log: Arc<AuditLog>,
    retention: AuditRetention,
}

impl Auditor {
    pub(crate) fn append(&self, db: &rusqlite::Connection, event: EventRecord) -> Result<(), StoreError> {
        write::append(db, &self.log.options(self.retention), &[AuditRecord::from(event).body()])
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
        let (sender, answer) = oneshot::channel();
        self.audit_queue(records, reply(sender)).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// As [`Store::audit_append`], and counts what could not be written as lost: for records of what has happened already.
    ///
    /// # Errors
    /// As there.
    pub async fn audit_record(&self, records: Vec<AuditRecord>) -> Result<(), StoreError> {
        let (sender, answer) = oneshot::channel();
        let told = count_losses(self.log.clone(), records.len() as u64, reply(sender));
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
        self.write(move |db| write::rotate(db, &log.options(retention))).await
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
        let permit: OwnedSemaphorePermit =
            self.log.waiting.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        // A marker of what was lost before comes first, and is settled with the fate of its transaction.
        let marking = Arc::new(OnceLock::new());
        let (log, retention, marked) = (self.log.clone(), self.retention, marking.clone());
        let append = move |db: &rusqlite::Connection| {
            let _permit = permit;
            if let Some(gap) = log.losses.take() {
                bodies.insert(0, AuditRecord::Gap(gap).body());
                let _first = marked.set(gap);
            }
            write::append(db, &log.options(retention), &bodies)
        };
        let log = self.log.clone();
        let answer = move |result: Result<(), StoreError>| {
            if let Some(gap) = marking.get() {
                log.losses.settle(*gap, result.is_ok());
            }
            answer(result);
        };
        self.worker.write_when_free(job(append, answer)).await
    }
}

/// Counts records as lost that cannot be written, and answers.
fn count_losses(
    log: Arc<AuditLog>,
    count: u64,
    answer: impl FnOnce(Result<(), StoreError>) + Send + 'static,
) -> impl FnOnce(Result<(), StoreError>) + Send + 'static {
    move |result| {
        if let Err(error) = &result {
            log.losses.add(count, (log.clock)());
            tracing::error!(%error, count, "audit: records lost");
        }
        answer(result);
    }
}
