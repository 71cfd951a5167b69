//! What is allowed by its name alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plugin::P2pInterface;

/// What has no settings of its own and is allowed by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Allowance {
    /// The plugin may read its secrets. Without it the host only puts them into requests to granted hosts.
    RevealSecrets,
    /// The P2P task queue.
    TaskQueue,
    /// P2P workflows.
    Workflow,
    /// The P2P peers.
    Peers,
    /// Finding the first P2P peers.
    Bootstrap,
}

impl From<P2pInterface> for Allowance {
    fn from(interface: P2pInterface) -> Self {
        match interface {
            P2pInterface::TaskQueue => Self::TaskQueue,
            P2pInterface::Workflow => Self::Workflow,
            P2pInterface::Peers => Self::Peers,
            P2pInterface::Bootstrap => Self::Bootstrap,
        }
    }
}
