//! What guests import from the host (`tandem:host`): one module for each interface, with its WIT binding, its capability gate and its
//! refusals.
//!
//! **Promises.** Each function asks the call's capability first, at each use, and answers a refused use with a typed error, which the
//! audit log gets too. What is not linked here or handed to [`Engine::new`](crate::Engine::new) cannot be imported.

mod cache;
pub(crate) mod call;
mod client;
mod config;
mod events;
mod invoke;
mod kv;
mod log;
mod secrets;

use wasmtime::component::Linker;

use crate::state::CallState;

pub use cache::Caches;
pub use events::{EntryKind, EventSink};
pub use invoke::{InvokeError, InvokeOutput, Invoker};

/// An interface that guests may import. Another crate brings one of its own so: it generates the binding from its WIT, implements it
/// over [`CallState`], and hands it to [`Engine::new`](crate::Engine::new).
pub trait HostInterface: Send + Sync {
    /// Its name in WIT without the version, as `tandem:host/kv`.
    fn name(&self) -> &'static str;

    /// Adds its functions to the linker of all plugins.
    ///
    /// # Errors
    /// Another interface has the name.
    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()>;
}

/// Those that every plugin may import.
pub(crate) const ALL: [&dyn HostInterface; 9] = [
    &call::Call,
    &log::Log,
    &config::Config,
    &cache::HostCache,
    &kv::Kv,
    &events::Events,
    &client::Client,
    &invoke::Invoke,
    &secrets::Secrets,
];

#[cfg(test)]
mod tests;
