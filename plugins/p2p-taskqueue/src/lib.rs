//! The category of the task queue: tool calls that any host of the network may run, at least once, leased and fenced.
//!
//! **Promises.** What a tool takes is checked, made complete with its defaults and passed to the host once; what the host
//! answers is passed on as the tool's schema says. Nothing is kept here: tasks, leases and their durability are the host's.
//!
//! **Bounds.** Those of the schemas. A wait ends before the call does, so that it answers rather than times out.
//!
//! **Refuses.** Unknown arguments, by their name; a change that changes nothing. Whether a task exists, may be changed or
//! has ended is the host's to say, and its refusals keep their kind.

pub mod answers;
pub mod leases;
mod tasks;
mod workers;

pub use tasks::Tasks;
pub use workers::Workers;

/// The category.
pub type TaskQueue = (Tasks, Workers);

tandem_sdk::export!(Tasks, Workers);
