//! The engine and its tools, on real files. One program, so that it links once.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod dates;
mod dialects;
mod examples;
mod folders;
mod formats;
mod refusals;
mod space;
mod steps;
mod tools;
