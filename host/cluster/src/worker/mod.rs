//! This host as a worker: its tools, the slots in which tasks run, and what it advertises of both.

mod capacity;
mod local;
mod progress;
mod slots;

pub(crate) use local::LocalWorker;
pub(crate) use progress::ProgressSink;
pub(crate) use slots::RunningTask;
