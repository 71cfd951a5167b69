//! What an operator asks of a host.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// What plugins have.
    Grants { plugin: Option<String>, tenant: Option<String> },
    /// Change what a plugin has; values are as [`tandem_package::GrantChange::from_kept`] reads them, none revokes.
    Change { plugin: String, tenant: Option<String>, changes: Vec<(String, Option<String>)> },
    /// Forget changes.
    Clear { plugin: String, tenant: Option<String>, kind: Option<String> },
    /// The API keys.
    Keys { tenant: Option<String> },
    /// Make a key.
    Issue { tenant: String, name: String, expires_ms: Option<u64> },
    /// Forget a key.
    RevokeKey { tenant: String, name: String },
    /// The plugins and their versions.
    Plugins,
    /// Read the configuration again and take the plugin directory over, or one plugin of it.
    Reload { plugin: Option<String> },
    /// Go back to a kept version or digest of a plugin, or to the one before.
    RollBack { plugin: String, to: Option<String> },
    /// About mounted servers.
    Upstream { what: UpstreamRequest },
    /// About the queue and peers.
    P2p { what: P2pRequest },
}

impl Ask {
    /// The plugin whose grants it is about.
    #[must_use]
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Self::Grants { plugin, .. } => plugin.as_deref(),
            Self::Change { plugin, .. } | Self::Clear { plugin, .. } => Some(plugin),
            _ => None,
        }
    }
}

/// What is asked about mounted servers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum UpstreamRequest {
    /// All of them, with their states.
    List,
    /// Start one again now.
    Restart { name: String },
}

/// What is asked about the queue and peers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum P2pRequest {
    /// Pause the queue, or resume it.
    Pause { paused: bool },
    /// What a peer lets this host call.
    Tools { peer: String },
    /// Call it.
    Call { peer: String, tool: String, arguments: Map<String, Value>, wait_s: u32 },
    /// Disconnect and ban a peer.
    Block { peer: String, for_s: u64 },
    /// Lift a ban and reset the score.
    Unblock { peer: String },
}
