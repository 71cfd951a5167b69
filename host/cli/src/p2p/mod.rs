//! `tandem peer`, `tandem task`, `tandem workflow`: the P2P tools of a running host, as tables and progress bars.
//!
//! They call the same tools as any client, with the same rights.

mod args;
mod commands;
mod operate;
mod watch;

pub(crate) use args::{Peers, Tasks, Workflows};
pub(crate) use commands::{peers, tasks, workflows};
