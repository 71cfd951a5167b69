//! MCP servers that are mounted as categories of a host.
//!
//! **Promises.** A server is started in the background: one that does not start delays nothing. Its tools are in the catalog as those
//! of a plugin, and its calls go the same way: grants, quotas, audit, breaker, deadline, metrics. While it does not serve, a call is
//! answered with the reason; it is started again with a growing pause. Its process has nothing of the host's environment, and dies
//! with the host, with every process of its group.
//!
//! **Bounds.** Calls at once, time and bytes of each by the configuration; bytes of a message, tools, pages, descriptions and log
//! lines by [`limits`].
//!
//! **Refuses.** Requests of a server to its client (sampling, elicitation, roots), content of unknown kinds, and tools whose names or
//! schemas are of no use here.

#![forbid(unsafe_code)]

mod call;
mod client;
mod convert;
mod definition;
mod error;
pub mod limits;
mod link;
mod mount;
mod process;
mod session;
mod supervisor;
mod text;
mod upstreams;

pub use error::UpstreamError;
pub use upstreams::{UnknownUpstream, UpstreamStatus, Upstreams};
