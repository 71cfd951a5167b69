//! The reactor: one native thread that owns the libp2p swarm, and on which the guests run that use it.
//!
//! **Promises.** What runs on the thread reaches the network with no bridge and no hop to another thread. CPU load elsewhere does
//! not starve it. A panic on the thread costs the calls that are on it, and nothing else.
//!
//! **Bounds.** Work on the thread ([`MAX_IN_FLIGHT`]), connections, streams, requests, frames and rates of each peer.
//!
//! **Refuses.** Work while it is full or down, at once; peers that admission does not let in; what breaks the protocol.
//!
//! It knows no tool and no queue: what peers ask goes to whoever implements [`rpc::Service`].

pub mod authority;
pub mod discovery;
mod error;
pub mod lane;
pub mod network;
pub mod rpc;
pub mod settings;
pub mod swarm_key;
pub mod trust;

pub use authority::{Authority, BearerError};
pub use error::{NetworkError, StartError};
pub use lane::{Lane, LaneError, MAX_IN_FLIGHT};
pub use network::FailedHandshake;
pub use settings::{DhtMode, NatSettings, NetworkSettings, PingSettings};
