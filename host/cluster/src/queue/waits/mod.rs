//! Why a task waits, and what would end that. Worked out when somebody asks: nothing of it is stored.
//!
//! **Promises.** A reason is one of a closed list ([`Reason`]), true of what this host knows at that moment, and comes with what
//! mends it. Where several hosts could run the task, the reason is that of the host that is nearest to running it; `details`
//! names the others.
//!
//! **Bounds.** Eight hosts and tools in one explanation; the log repeats a reason only after a pause.

mod explain;
mod hosts;
mod monitor;
mod reason;
mod wait;

pub use explain::WaitingTasks;
pub(crate) use explain::{ExplainCache, WaitExplainer};
pub(super) use hosts::HostObstacles;
pub(super) use monitor::monitor;
pub use reason::Reason;
