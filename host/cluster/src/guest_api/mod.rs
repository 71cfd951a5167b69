//! What guests ask of the network, one module for each group of functions. Answers are JSON texts in the shapes that the WIT package
//! documents.
//!
//! **Refuses.** What concerns the whole host to callers without operator rights; documents with members that nobody knows.

mod api;
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
pub(crate) mod bindings;
mod bootstrap;
mod dial;
mod document;
mod outside;
mod peers;
mod public;
mod queue;
mod request;
mod tasks;
mod workflow_status;
mod workflows;

pub(crate) use api::{GuestApi, GuestDeps};
pub use bindings::tandem::p2p::workflow::{DagFormat, Strategy};
pub use request::P2pRequest;
