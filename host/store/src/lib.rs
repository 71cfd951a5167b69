//! Durable state of the host: the key-value store of plugins, the audit log, and what
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
mod columns;
mod error;
mod grants;
mod installed;
mod key_file;
mod key_value;
mod keys;
mod limits;
mod open;
mod peers;
mod policy_version;
mod results;
mod room;
mod store;
mod tables;
mod usage;
mod worker;

pub use audit::{
    AuditBroken, AuditHead, AuditKey, AuditQuery, AuditReader, AuditRecord, AuditRetention, AuditRow, CallRecord,
    Checkpoint, Denial, EventRecord, Gap, HeadFormat, HeadMissing, MAX_APPEND, MAX_DENIALS, MAX_DETAILS, MAX_PAGE,
    MAX_TEXT, MAX_WAITING, Verified,
};
pub use error::StoreError;
pub use grants::{GrantEdit, MAX_ROWS};
pub use key_file::{host_key, read_key};
pub use key_value::{KeyPage, Namespace, Quota};
pub use keys::{MAX_ALL_KEYS, MAX_KEYS, StoredKey};
pub use limits::{GROUP, MAX_BATCH, MAX_KEY, MAX_VALUE, QUEUE};
pub use peers::{MAX_PEERS, PeerFilter, PeerPage, PeerRow, PeerSort};
pub use results::{AboutResult, KeptResult, ResultBounds, ResultError, ResultStore};
pub use store::Store;
pub use tables::Tables;

#[cfg(test)]
mod tests;
