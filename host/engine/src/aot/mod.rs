//! The cache of compiled code.
//!
//! **Promises.** What is loaded was written by this host, for this engine configuration, wasmtime version and
//! CPU, from the component with this digest. **Refuses** everything else: compiled code is trusted code, and
//! wasmtime accepts most bit flips in it. An entry that fails its MAC is reported and replaced.
//! Code is mapped from its file: its pages are shared with the page cache, and read as calls need them.
//!
//! The directory is 0700, the key 0600. Entries are written whole ([`tandem_files::atomic_write`]).

mod cache;
mod load;
mod origin;

pub(crate) use cache::AotCache;
pub use origin::Origin;
