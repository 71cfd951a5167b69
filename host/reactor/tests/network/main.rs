//! Real hosts and hostile peers on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails so")]

mod admission;
mod contents;
#[cfg(feature = "dht")]
mod dht;
mod exchange;
mod flood;
#[cfg(feature = "gossip")]
mod gossip;
mod hostile;
mod kit;
mod mesh;
#[cfg(feature = "nat")]
mod nat;
mod public;
mod queues;
