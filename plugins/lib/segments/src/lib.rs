//! Durable collections of immutable segments over a key-value store.
//!
//! **Promises.** A collection is one small *head* and any number of *segments*. A segment never changes after it
//! is written; every change of a collection is one compare-and-set of its head. So a change that was acknowledged
//! is never lost, whatever else ran at the same time, a reader always sees one consistent state, and a call that
//! dies half-way leaves nothing but unreferenced keys, which a later merge sweeps away.
//!
//! **Bounds.** A head lists at most [`MAX_SEGMENTS`] segments; a value is at most [`MAX_VALUE_BYTES`]; a change is
//! tried at most [`MAX_ATTEMPTS`] times; one merge never takes in more than one full segment's weight.
//!
//! **Refuses.** Names outside `[A-Za-z0-9_.-]{1,64}`, filters that are too deep or too long, and stored bytes that
//! do not decode: each with its own [`Error`].
//!
//! What a segment holds is its owner's affair; this crate offers the parts that index plugins share: rows packed
//! into pages ([`rows`]), rows found by id ([`ids`]), a merge policy ([`policy`]) and filters ([`filter`]).

pub mod bits;
pub mod collection;
pub mod environment;
pub mod error;
pub mod files;
pub mod filter;
pub mod head;
pub mod host;
pub mod ids;
pub mod json;
pub mod policy;
pub mod rows;
pub mod segment;
pub mod storage;

pub use collection::{Collections, Replacement};
pub use environment::{Environment, SystemEnvironment};
pub use error::{Error, Result};
pub use head::{Head, SegmentRef};
pub use segment::{SegmentReader, SegmentWriter};
pub use storage::{KeyPage, MemoryStorage, Storage, StorageError};

/// The bound of the host's store on one value.
pub const MAX_VALUE_BYTES: usize = 1 << 20;
/// A head is read and written by every change: this many segments keep it far below [`MAX_VALUE_BYTES`].
pub const MAX_SEGMENTS: usize = 128;
/// Each failed attempt means that another call succeeded, so this many outlast every call that a plugin's
/// concurrency lets run at once.
pub const MAX_ATTEMPTS: u32 = 32;
