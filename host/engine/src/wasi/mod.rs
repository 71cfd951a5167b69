//! WASI 0.2 by grant. Every guest is linked to all of it (interpreters import everything); what was not
//! granted is empty or denied here.
//!
//! Nothing is inherited from the host process: no environment, no arguments, no standard input, no sockets.
//! Standard output and error become bounded log lines.

mod context;
mod deterministic;
mod environment;
mod fs;
mod http;
mod limits;
mod link;
mod random;
mod sockets;
mod stdio;

pub(crate) use context::context;
pub use deterministic::DeterministicSources;
pub use fs::DiskUsage;
pub(crate) use fs::{Files, Gate, OpenFiles};
pub(crate) use http::{HttpGate, Pool, connector};
pub(crate) use link::link;
pub(crate) use stdio::LogBudget;
