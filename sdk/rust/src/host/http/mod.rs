//! http through wasi:http 0.2. What nobody calls is left out of the component, with its imports.

mod flight;
mod incoming;
mod limits;
mod poll;
mod send;
mod sending;
mod upload;
mod wire;

pub(crate) use incoming::Incoming;
pub(crate) use send::{open, send_all};
pub(crate) use upload::Upload;
