//! Why the store refused or failed.

use crate::limits::QUEUE;

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
