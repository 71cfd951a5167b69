//! Tests through the public door: the real binary, real plugins, a real MCP client.
//!
//! One binary, so that it links once.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod call;
mod host;
mod isolation;
mod limits;
mod packages;
mod plugins;
mod policy;
mod rest;
mod supply;

/// The machine-readable part of a failed call.
fn fault(result: &rmcp::model::CallToolResult) -> serde_json::Value {
    assert_eq!(result.is_error, Some(true), "it must fail: {result:?}");
    let meta = serde_json::to_value(&result.meta).expect("meta is JSON");
    meta.get("tandem/error").cloned().unwrap_or_else(|| panic!("no `tandem/error` in {meta}"))
}
