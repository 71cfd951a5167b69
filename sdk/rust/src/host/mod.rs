//! The functions that the host offers. In a component they are the host's; outside one, where a plugin's own
//! unit tests run, they are kept in this process, so that the same code works.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::tandem::host::*;
#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::tandem::p2p;

#[cfg(target_arch = "wasm32")]
pub(crate) mod http;

#[cfg(not(target_arch = "wasm32"))]
mod local;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use local::*;
