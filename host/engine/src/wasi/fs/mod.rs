//! The file system of a guest: granted directories and nothing else.
//!
//! **Promises.** Every operation passes one gate, which asks whether the directory is still granted, for writing too where
//! it writes. Paths are resolved beneath the directory by wasmtime-wasi (`openat2` with `RESOLVE_BENEATH` on Linux), so
//! neither `..` nor a symlink leads out, also when it is exchanged meanwhile.
//!
//! **Bounds.** Each directory's quota of bytes and entries, over all calls that have it ([`DiskUsage`]): bytes of files that
//! are open and have no name any more are among them. 64 levels below a granted directory. Descriptors of the host by
//! [`Account::descriptors`](crate::Account::descriptors), and operations under way at a time, over all calls.
//!
//! **Refuses.** FIFOs, sockets and devices (opening one would hold a thread), and moving or linking from one granted
//! directory into another (what a quota holds must have come through it).

mod files;
mod gate;
mod host;
mod open;
mod stream;
mod usage;

pub(crate) use self::{files::Files, gate::Gate, open::OpenFiles};
pub use usage::DiskUsage;

pub(super) use self::host::link;
