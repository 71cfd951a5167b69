//! MCP over HTTP: what stands between a request and rmcp's service.
//!
//! rmcp answers what it does not take with a line of text, and takes less than clients send. Here every refusal is a JSON-RPC
//! error, `Accept` is read as HTTP has it, and batches of MCP 2025-03-26 come apart.

mod accept;
mod answer;
mod batch;
mod direct;
mod edge;

pub(crate) use self::edge::{Edge, category, named};
