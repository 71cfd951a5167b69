//! The entry of a host in the configuration files of MCP clients.
//!
//! **Promises.** Everything else in a client's file stays as it is: comments, order, spaces. The file is written whole or not at
//! all. No token is written: the client takes it from the variable [`TOKEN_VARIABLE`] of its environment.
//!
//! **Bounds.** Files of 64 MiB.
//!
//! **Refuses** files that cannot be edited without loss, and those that changed since they were read; to print and to ask.

#![forbid(unsafe_code)]

mod change;
mod clients;
mod edit;
mod error;
mod format;

pub use change::{Change, entry};
pub use clients::{Client, EntryName, Server, TOKEN_VARIABLE};
pub use error::{ConnectError, EditError};
