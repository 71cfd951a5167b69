//! MCP, by rmcp: one handler for both eras, over HTTP and stdio.
#![expect(deprecated, reason = "logging, sampling and roots leave the protocol slowly; clients still use them")]

mod ask;
pub(crate) mod client_port;
pub(crate) mod convert;
pub(crate) mod driver;
pub(crate) mod errors;
pub(crate) mod exchange;
pub(crate) mod handler;
mod job;
pub(crate) mod lists;
pub(crate) mod mrtr;
mod prompts;
mod resources;
pub(crate) mod result;
mod results;
mod session;
mod subscriptions;
pub(crate) mod tasks;
pub(crate) mod tools;
