//! The reactor lane: what runs on the one thread that owns the network.
//!
//! [`workflow`] decides what a workflow does next. It is pure: no I/O, no clock, no thread of its own.

#![forbid(unsafe_code)]

pub mod workflow;
