//! Real hosts and hostile peers on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails so")]

mod admission;
mod contents;
#[cfg(feature = "dht")]
mod dht;
mod discovery;
mod exchange;
mod flood;
#[cfg(feature = "gossip")]
mod gossip;
mod hostile;
mod kit;
mod liveness;
mod lost;
mod mcp;
mod mesh;
mod names;
#[cfg(feature = "nat")]
mod nat;
mod news;
mod operate;
mod outcomes;
mod outside;
mod public;
mod queues;
#[path = "../../../reactor/src/discovery/github/stand_in.rs"]
#[allow(dead_code, reason = "the registry's own tests use more of it")]
mod stand_in;
mod tokens;
mod waits;
mod workflows;
