//! Many hosts as one: the peers of this host, the workers that run tasks for others, the coordinators of workflows, and what guests
//! reach of all that through `tandem:p2p`.
//!
//! **Promises.** What a peer asks runs with that peer's authority and no other. A task runs at least once and is completed at most
//! once, wherever it runs. A workflow goes on when its coordinator is gone.
//!
//! **Bounds.** Tasks that run here, workflows that are active, peers that are remembered, and the messages that wait for each.
//!
//! **Refuses.** What concerns the whole host to callers without operator rights; tasks and results over their bounds.

mod admin_api;
mod error;
mod format;
mod guest_api;
mod handle;
mod incarnation;
mod interface;
mod limits;
mod mcp;
mod peer_manager;
mod peers;
mod progress;
mod queue;
mod service;
mod settings;
mod status;
mod tools;
mod worker;
mod workflow_runtime;

pub use error::P2pError;
pub use guest_api::{DagFormat, P2pRequest, Strategy};
pub use handle::{ClusterHandle, ClusterStarter};
pub use interface::P2p;
pub use limits::QUEUE;
pub use queue::{Reason, WaitingTasks};
pub use settings::{LongestTimes, Settings, SettingsError};
pub use status::ClusterStatus;
pub use tools::{ToolCall, ToolInfo, Tools};
