//! Many hosts as one: whom this host knows, the workers that run tasks for others, the coordinators of workflows, and what guests
//! reach of all that through `tandem:p2p`.
//!
//! **Promises.** What a peer asks runs with that peer's authority and no other. A task runs at least once and is completed at most
//! once, wherever it runs. A workflow goes on when its coordinator is gone.
//!
//! **Bounds.** Tasks that run here, workflows that are active, peers that are remembered, and what is told to each of them.
//!
//! **Refuses.** What concerns the whole host to callers without operator rights; tasks and results over their bounds.

mod admin_api;
mod cluster;
mod core;
mod error;
mod guest_api;
mod peer_manager;
mod persistence;
mod progress;
mod queue;
mod service;
mod settings;
mod tools;
mod workflow_runtime;

pub use cluster::{Reactor, ReactorStatus};
pub use error::P2pError;
pub use guest_api::{DagFormat, P2p, P2pRequest, Strategy};
pub use queue::{QUEUE, Reason, WaitingTasks};
pub use settings::{Settings, SettingsError};
pub use tools::{ToolCall, ToolInfo, Tools};
