//! Results of tools that are too large for a message, kept for a while under their content ids.
//!
//! **Promises.** What is kept for one tenant is unknown to every other. A file is there whole or not at all, and its name is
//! the content id of its bytes. The files are the only record: what another process of the same data directory adds or
//! removes counts at once.
//!
//! **Bounds.** Each tenant's bytes and results ([`ResultBounds`]): the oldest go first. Each result's time; what is over it is
//! not found, and [`ResultStore::sweep`] takes it from the disk. The disk's reserve, as for everything that tenants store.
//!
//! **Refuses.** A result that is larger than all that one tenant may keep, and any while the disk is almost full: the caller
//! has it in memory and loses nothing.

mod error;
mod files;
mod kept;

pub use error::ResultError;
pub use files::{ResultBounds, ResultStore};
pub use kept::{AboutResult, KeptResult};
