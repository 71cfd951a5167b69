//! The host as a library: what the `tandem` program serves, without the program.
//!
//! **Promises.** A [`Host`] starts in order and stops in order. Plugins are verified before they are listed, and compiled and probed
//! before they serve ([`load`]), and taken over while the host serves ([`reload`]). Grants, tenants and keys are exchanged whole. What may be
//! changed while it runs goes through one door ([`admin`]), and is recorded.
//!
//! **Refuses** to print, to read a command line, and to handle signals: that is its program's.

#![forbid(unsafe_code)]

pub mod admin;
mod alone;
pub mod audit;
mod auth;
mod capability;
mod compiler;
pub mod config;
pub mod descriptors;
pub mod errors;
mod failure;
pub mod files;
mod granted;
pub mod grants;
mod health;
mod host;
pub mod live;
pub mod load;
mod loading;
pub mod locations;
mod observed;
pub mod peers;
mod reactor;
pub mod reload;
mod results;
pub mod settings;
mod source;
pub mod supply;
pub mod tenants;
mod threads;
mod usage;
pub mod warnings;
mod wiring;

pub use compiler::CompilerProgram;
pub use errors::HostError;
pub use failure::{LoadFailure, Unreadable};
pub use host::{Host, HostBuilder};
pub use reload::Reloaded;
pub use tandem_config::HostConfig;
pub use tandem_router::{CallError, Output};
pub use tandem_types::Caller;
pub use threads::general_runtime;
