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
mod interface;
mod invoke;
mod kv;
mod log;
mod secrets;

pub use cache::Caches;
pub use interface::HostInterface;

/// Those that every plugin may import.
pub(crate) const ALL: &[&dyn HostInterface] = &[
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
