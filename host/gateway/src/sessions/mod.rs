//! Sessions of the older MCP revisions: counted, and each of one caller.
//!
//! Clients leave sessions open, and each keeps a task and its buffers; so there are so many in all and so many for each
//! tenant. A session belongs to the tenant and subject that opened it. For everybody else it is not there: its streams,
//! its progress tokens and its questions to the client are reached through it alone. Its end stops what still runs in it.

mod error;
mod limits;
mod manager;
mod open;
mod owner;
mod room;

pub(crate) use limits::Limits;
pub(crate) use manager::Sessions;
