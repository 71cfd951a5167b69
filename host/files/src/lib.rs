//! Files that are written whole or not at all, and read without waiting.
//!
//! **Promises.** A reader of a path that [`atomic_write`] writes sees the old content or the new one, also after a crash or a
//! loss of power; what was answered as written is on disk. Writers of one path, threads as well as processes, do not
//! disturb each other: the last one wins. [`read_regular`] never waits for another process.
//!
//! **Bounds.** A read takes as many bytes as its caller says. A writer that was killed leaves one temporary file, which
//! [`sweep`] takes away when it is older than [`ABANDONED`].
//!
//! **Refuses.** To read what is not a regular file: opening a named pipe waits for a writer, and a device may never end.

#![forbid(unsafe_code)]

mod read;
mod write;

pub use read::{ReadError, open_regular, read_regular};
pub use write::{ABANDONED, Staged, atomic_write, sweep};
