//! What one tenant's calls of one plugin may touch: request ∩ grant, resolved to this host's paths and values.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tandem_package::{HostPattern, HttpRule, Internal, P2pInterface};
use tandem_types::Secret;

/// Ceilings of one call; already the smaller of what the author asks for and the operator allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes over all memories and tables.
    pub memory: u64,
    /// Wall clock, host calls included.
    pub deadline: Duration,
    /// Guest execution time.
    pub cpu: Duration,
    /// Bytes of one answer.
    pub output: u64,
    /// Bytes of log lines and of standard output and error together.
    pub log: usize,
    /// Calls of the plugin that may run at once.
    pub concurrency: u32,
}

/// A directory that the guest sees as `/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The name.
    pub name: String,
    /// Where it is on this host.
    pub path: PathBuf,
    /// Whether the guest may change it.
    pub writable: bool,
    /// How much it may hold.
    pub quota: DirectoryQuota,
}

/// The bounds of a directory, over all calls that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryQuota {
    /// Bytes of all files.
    pub bytes: u64,
    /// Files, directories and links.
    pub files: u64,
}

/// A secret, and where it may be sent.
#[derive(Clone, Debug)]
pub struct BoundSecret {
    /// The secret.
    pub value: Secret,
    /// A host must be covered by each of these lists.
    pub hosts: Vec<Vec<HostPattern>>,
}

impl BoundSecret {
    /// Whether it may be sent to a host.
    #[must_use]
    pub fn may_go_to(&self, host: &str) -> bool {
        self.hosts.iter().all(|hosts| hosts.iter().any(|pattern| pattern.covers(host)))
    }
}

/// Everything that is not denied.
#[derive(Clone, Debug, Default)]
pub struct Capability {
    /// Directories.
    pub directories: Vec<Directory>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Outgoing HTTP.
    pub http: Vec<HttpRule>,
    /// Secrets that the host puts into outgoing requests, by name.
    pub secrets: BTreeMap<String, BoundSecret>,
    /// Whether the guest may read them.
    pub reveal_secrets: bool,
    /// What stays inside the host: each interface finds its own there.
    pub internal: Internal,
    /// The interfaces of the network of hosts.
    pub p2p: BTreeSet<P2pInterface>,
    /// The operator's settings for the plugin.
    pub config: Arc<BTreeMap<String, String>>,
}
