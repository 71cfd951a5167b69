//! JSON-RPC messages as clients send them, looked at before rmcp reads them.
//!
//! rmcp reads a message as one of many alternatives: what fits none is "an unknown method" to it, or nothing that can be
//! answered. Here it is said what is wrong: -32700 for what is not JSON, -32600 for JSON that is not a message, -32602 with the
//! place for parameters that a known method cannot have; with the request's id where there is one. Arguments of tools are
//! skipped, not read. Of a key that comes twice in `params` or below, the last one counts; in the message itself it is an
//! error.

mod ids;
mod limits;
mod message;
mod params;
mod refused;

pub(crate) use self::{
    ids::{IdFinder, is_short},
    limits::MAX_BATCH,
    message::{Input, MessageHead, message, read, text, without_mark},
    refused::{Refused, no_batch, too_long, unreadable, wrong_batch},
};
