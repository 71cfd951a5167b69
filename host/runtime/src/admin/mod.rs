//! The admin socket: what operators change while a host runs.
//!
//! **Promises.** A change is on disk with its audit record, and in force, when it is answered. A running host is
//! reached through a Unix socket (`run/admin.sock` in the data directory, socket 0600 in a directory 0700) by
//! processes of its own user and of root only. Without a running host the same operations work on the store
//! itself. Hosts over standard input may share a data directory ([`Alone`](crate::alone::Alone)): the first one has the socket;
//! for the others, and of what is done beside a host, changes are seen within [`POLL_INTERVAL`](limits::POLL_INTERVAL).
//!
//! **Bounds.** Requests of [`MAX_REQUEST`](limits::MAX_REQUEST) bytes, [`MAX_CONNECTIONS`](limits::MAX_CONNECTIONS) at a time.
//!
//! **Refuses.** Other users; secrets on the command line; a directory that is not there.

mod client;
mod keys;
mod limits;
mod operations;
mod p2p;
mod records;
mod request;
mod server;

pub use client::{ask, runs};
pub(crate) use operations::Admin;
pub(crate) use p2p::P2pParts;
pub use request::{Ask, P2pRequest, UpstreamRequest};
pub(crate) use server::{open, watch};
