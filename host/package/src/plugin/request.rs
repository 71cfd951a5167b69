//! Entries of `[request]` that reach outside of the plugin. Nothing is had that is not asked for.

use std::{collections::BTreeSet, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_types::Name;

use crate::{http::HostPattern, http::HttpRule, http::Method, http::PathPrefix};

/// What may be done in a directory. Read-only wins wherever two meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FsMode {
    /// Read.
    #[default]
    ReadOnly,
    /// Read and write.
    ReadWrite,
}

/// A directory, by the name under which the plugin sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FsRequest {
    /// The name; the operator maps it to a directory.
    pub name: Name,
    /// What the plugin does there.
    #[serde(default)]
    pub mode: FsMode,
    /// Why it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Outgoing HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpRequest {
    /// The host; `*` stands for whichever hosts the operator names, at the ports that the grant has.
    #[serde(deserialize_with = "crate::http::requested")]
    pub host: HostPattern,
    /// The port, where it is not a default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The methods; without the key every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<BTreeSet<Method>>,
    /// The paths; without the key every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathPrefix>,
    /// Why it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl HttpRequest {
    /// The rule that is asked for. A manifest has no say in private networks.
    #[must_use]
    pub fn rule(&self) -> HttpRule {
        HttpRule {
            host: self.host.clone(),
            port: self.port,
            methods: self.methods.clone(),
            path: self.path.clone(),
            allow_cidrs: Vec::new(),
        }
    }
}

/// A host interface of the P2P package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum P2pInterface {
    /// The durable task queue.
    TaskQueue,
    /// Workflows over it.
    Workflow,
    /// The peers that are known and connected.
    Peers,
    /// Finding the first peers.
    Bootstrap,
}

impl P2pInterface {
    /// The name in manifests and grants.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TaskQueue => "task-queue",
            Self::Workflow => "workflow",
            Self::Peers => "peers",
            Self::Bootstrap => "bootstrap",
        }
    }
}

impl fmt::Display for P2pInterface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
