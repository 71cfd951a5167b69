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

mod append;
mod chain;
mod head;
mod log;
mod losses;
mod note;
mod numbers;
mod read;
mod record;
mod retention;
mod row;
mod schema;
mod verify;
mod write;

pub use append::MAX_APPEND;
pub use chain::AuditKey;
pub use head::{AuditHead, HeadFormat, HeadMissing};
pub(crate) use log::AuditLog;
pub use log::MAX_WAITING;
pub use read::{AuditQuery, AuditReader, MAX_PAGE};
pub use record::{AuditRecord, CallRecord, Checkpoint, Denial, EventRecord, Gap, MAX_DENIALS, MAX_DETAILS, MAX_TEXT};
pub use retention::AuditRetention;
pub use row::AuditRow;
pub(crate) use schema::{ADDED, SCHEMA};
pub use verify::{AuditBroken, Verified};

#[cfg(test)]
mod tests;
