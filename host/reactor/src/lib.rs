//! The reactor lane: one native thread that owns the network of hosts, the task queue and workflows, and on which the plugins
//! run that use them.
//!
//! **Promises.** A guest of this lane reaches the network with no bridge and no hop to another thread. CPU load elsewhere does
//! not starve it. A panic on the thread costs the calls that are on it, and nothing else.
//!
//! **Bounds.** Work on the thread ([`PLACES`]), connections, streams, requests, frames and rates of each peer.
//!
//! **Refuses.** Work while it is full or down, at once; peers that admission does not let in; what breaks the protocol.

mod acquaint;
mod authority;
mod core;
pub mod discovery;
mod flow;
mod keep;
mod lane;
mod network;
mod operate;
mod ops;
mod queue;
mod reactor;
mod rpc;
mod service;
mod settings;
mod swarm_key;
mod tools;
pub mod trust;

pub use authority::Authority;
pub use lane::{Lane, LaneError, PLACES};
pub use network::FailedHandshake;
pub use queue::{QUEUE, Reason, WaitingTasks};
pub use reactor::{Reactor, ReactorStatus, StartError};
pub use settings::{DhtMode, NatSettings, NetworkSettings, PingSettings, Settings, SettingsError};
pub use tools::{ToolCall, ToolInfo, Tools};
