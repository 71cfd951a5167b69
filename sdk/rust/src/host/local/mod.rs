//! What stands in for the host when a plugin's unit tests run natively: storage of the running thread,
//! which no other test sees, and a client that knows the answers it was given.

pub(crate) mod cache;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod invoke;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod p2p;
pub(crate) mod secrets;
mod storage;

pub(crate) use storage::clear;
