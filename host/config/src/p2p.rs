//! `[p2p]`: the network of hosts.

mod limits;
mod nat;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::{ByteSize, HumanDuration, Name, Secret};

use super::{HttpUrl, MultiaddrText, PeerIdText, RepositoryName};

pub use self::{limits::PeerLimitsConfig, nat::NatConfig};

/// The tenant of peers where nothing else is said.
const PEERS: &str = "peers";

/// Characters of a host's name: it stands in tables and in log lines.
const MAX_HOST_NAME: usize = 64;

/// Whether a text can be a host's name.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    (1..=MAX_HOST_NAME).contains(&text.len()) && text.bytes().all(fits)
}

/// Most addresses to listen on.
const MAX_LISTEN: usize = 16;

/// Most peers in the allow-list.
const MAX_ALLOW: usize = 10_000;

/// Most hosts to connect to from the start. A longer list belongs in a registry.
const MAX_BOOTSTRAP: usize = 256;

/// Most peers in the block-list.
const MAX_BLOCK: usize = 10_000;

/// Most peers with a tenant of their own.
const MAX_TENANTS: usize = 10_000;

/// Most rendezvous points.
const MAX_RENDEZVOUS: usize = 32;

/// Which peers may connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Admission {
    /// Those in `allow`.
    #[default]
    Closed,
    /// Those that know the network's key. It works over TCP only.
    Psk,
    /// All.
    Open,
}

/// The network of hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct P2pConfig {
    /// The addresses to listen on.
    pub listen: Vec<MultiaddrText>,
    /// Connections that peers may open to this host.
    pub max_connections: u32,
    /// How long a connection may take to be opened, its handshakes included, in both directions.
    pub connection_timeout: HumanDuration,
    /// What people call this host, beside its peer id: 1 to 64 of the characters `A-Z a-z 0-9 . _ -`. Peers are told; nothing is
    /// decided by it. Without one, the machine's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which peers may connect.
    pub admission: Admission,
    /// Whether to let everybody in (`admission = "open"`) beyond loopback although there are no tenants: every tool with all
    /// of its grants is theirs.
    pub allow_unauthenticated: bool,
    /// The peers that may connect when admission is `closed`.
    pub allow: Vec<PeerIdText>,
    /// Hosts to connect to from the start, as `…/p2p/ID`.
    pub bootstrap: Vec<MultiaddrText>,
    /// The peers that may not connect, whatever the admission.
    pub block: Vec<PeerIdText>,
    /// The tenant of peers' calls (`peers` where it is not given): its categories, grants and limits are theirs. Where the
    /// file names tenants but not this one, peers have no tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Name>,
    /// Peers that call as another tenant, by peer id. They are given that tenant's tasks, and no others.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tenants: BTreeMap<PeerIdText, Name>,
    /// Whether a peer's request is refused that shows no API key or token of a tenant here. Whose it shows, its request is.
    pub require_token: bool,
    /// What this host shows peers with each request, by peer id: an API key of theirs, or a token that they take.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tokens: BTreeMap<PeerIdText, Secret>,
    /// The network's key, when admission is `psk`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psk: Option<Secret>,
    /// How peers are found.
    pub discovery: DiscoveryConfig,
    /// Limits of each peer.
    pub limits: PeerLimitsConfig,
    /// NAT traversal.
    pub nat: NatConfig,
    /// The task queue.
    pub task_queue: TaskQueueConfig,
    /// Workflows.
    pub workflow: WorkflowConfig,
}

impl Default for P2pConfig {
    fn default() -> Self {
        let addresses = ["/ip4/127.0.0.1/tcp/4001", "/ip4/127.0.0.1/udp/4001/quic-v1"];
        Self {
            listen: addresses.iter().filter_map(|address| address.parse().ok()).collect(),
            max_connections: 256,
            connection_timeout: HumanDuration::secs(10),
            name: None,
            admission: Admission::default(),
            allow_unauthenticated: false,
            allow: Vec::new(),
            bootstrap: Vec::new(),
            block: Vec::new(),
            tenant: None,
            tenants: BTreeMap::new(),
            require_token: false,
            tokens: BTreeMap::new(),
            psk: None,
            discovery: DiscoveryConfig::default(),
            limits: PeerLimitsConfig::default(),
            nat: NatConfig::default(),
            task_queue: TaskQueueConfig::default(),
            workflow: WorkflowConfig::default(),
        }
    }
}

impl P2pConfig {
    /// The tenant that a peer's calls belong to.
    #[must_use]
    pub fn tenant_of(&self, peer: &str) -> &str {
        self.tenants.get(peer).map_or_else(|| self.common_tenant(), Name::as_str)
    }

    /// Whether hosts that nobody vouches for may connect from other machines.
    #[must_use]
    pub fn is_open_to_strangers(&self) -> bool {
        let beyond = !self.nat.relays.is_empty() || self.listen.iter().any(|address| !address.is_loopback());
        self.admission == Admission::Open && beyond
    }

    /// The tenant that peers are together which have none of their own.
    #[must_use]
    pub fn common_tenant(&self) -> &str {
        self.tenant.as_ref().map_or(PEERS, Name::as_str)
    }
}

impl Check for P2pConfig {
    fn check(&self, findings: &mut Findings) {
        if self.name.as_ref().is_some_and(|name| !is_host_name(name)) {
            findings.report("name", format!("write 1 to {MAX_HOST_NAME} of the characters A-Z a-z 0-9 . _ -"));
        }
        findings.at_most("listen", self.listen.len(), MAX_LISTEN);
        findings.at_most("allow", self.allow.len(), MAX_ALLOW);
        findings.at_most("bootstrap", self.bootstrap.len(), MAX_BOOTSTRAP);
        if let Some(node) = self.bootstrap.iter().find(|node| !node.as_str().contains("/p2p/")) {
            findings.report("bootstrap", format!("`{node}` has no peer id; end it with /p2p/ID"));
        }
        findings.at_most("block", self.block.len(), MAX_BLOCK);
        if let Some(both) = self.block.iter().find(|peer| self.allow.contains(peer)) {
            findings.report("block", format!("{both} is in `allow` too; take it out of one of them"));
        }
        findings.at_most("tenants", self.tenants.len(), MAX_TENANTS);
        findings.at_most("tokens", self.tokens.len(), MAX_TENANTS);
        findings.range("max-connections", &self.max_connections, &1, &65_536, "each is a file and some memory");
        let (second, minutes) = (HumanDuration::secs(1), HumanDuration::secs(120));
        let why = "a handshake that takes longer is an attack or a dead network";
        findings.range("connection-timeout", &self.connection_timeout, &second, &minutes, why);
        match (self.admission, &self.psk) {
            (Admission::Psk, None) => findings.report("psk", "admission is `psk`, so give the key, as `${file:/path}`"),
            (Admission::Psk, Some(_)) if self.listen.iter().any(|address| address.as_str().contains("/quic")) => {
                findings.report("listen", "a network key works over tcp only; take the quic addresses out");
            }
            (Admission::Closed | Admission::Open, Some(_)) => {
                findings.report("psk", "the key has no use; set admission = \"psk\" or take it out");
            }
            _ => {}
        }
        findings.within("discovery", |findings| self.discovery.check(findings));
        findings.within("limits", |findings| self.limits.check(findings));
        findings.within("nat", |findings| self.nat.check(findings));
        findings.within("task-queue", |findings| {
            let queue = &self.task_queue;
            findings.range("capacity", &queue.capacity, &1, &10_000_000, "waiting tasks are rows of the store");
            findings.range("workers", &queue.workers, &0, &1_024, "each runs a call; 0 only hands tasks on");
            let (second, week) = (HumanDuration::secs(1), HumanDuration::secs(7 * 24 * 3_600));
            findings.range("max-timeout", &queue.max_timeout, &second, &week, "a worker is held for as long");
            let (least, most) = (ByteSize::kib(64), ByteSize::mib(64));
            let why = "64KiB are kept with the task itself, and a result is held in memory while it is handed on";
            findings.range("max-result", &queue.max_result, &least, &most, why);
        });
        findings.within("workflow", |findings| {
            findings.range(
                "max-active",
                &self.workflow.max_active,
                &1,
                &100_000,
                "active workflows are held in memory",
            );
            let (second, month) = (HumanDuration::secs(1), HumanDuration::secs(30 * 24 * 3_600));
            let why = "a workflow that hangs is active for as long";
            findings.range("max-timeout", &self.workflow.max_timeout, &second, &month, why);
        });
    }
}

/// How peers are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct DiscoveryConfig {
    /// Discovery by signed records in a shared directory.
    pub file: bool,
    /// Discovery by the environment variable `TANDEM_BOOTSTRAP`.
    pub env: bool,
    /// Discovery in the local network (mDNS).
    pub mdns: bool,
    /// Discovery by a DHT of such hosts (Kademlia).
    pub dht: bool,
    /// Whether this host also answers others' questions to that table and keeps records for it. One of the hosts must.
    pub dht_server: bool,
    /// By announcements that hosts pass on to each other, signed by whom they are of (gossipsub).
    pub gossip: bool,
    /// Peer exchange with trusted peers: those in `allow`, or all that know the network's key.
    pub exchange: bool,
    /// Discovery at these rendezvous points.
    pub rendezvous: Vec<MultiaddrText>,
    /// Whether this host is a rendezvous point for others.
    pub rendezvous_server: bool,
    /// The directory of the file registry; one of this host alone, below the data directory, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// In an issue of a GitHub repository.
    pub github: GithubConfig,
    /// How long a peer's record is valid.
    pub peer_ttl: HumanDuration,
    /// Whether public bootstrap nodes may be used.
    pub public_nodes: bool,
    /// Whether peers may announce loopback addresses: for several hosts on one machine.
    pub loopback: bool,
    /// Whether peers may announce private addresses: for hosts in one network of an organisation.
    pub private: bool,
}

impl Default for DiscoveryConfig {
    fn default() -> Self {
        Self {
            file: true,
            env: true,
            mdns: false,
            dht: false,
            dht_server: false,
            gossip: false,
            exchange: true,
            rendezvous: Vec::new(),
            rendezvous_server: false,
            directory: None,
            github: GithubConfig::default(),
            peer_ttl: HumanDuration::secs(30 * 60),
            public_nodes: false,
            loopback: false,
            private: false,
        }
    }
}

impl Check for DiscoveryConfig {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("rendezvous", self.rendezvous.len(), MAX_RENDEZVOUS);
        if self.dht_server && !self.dht {
            findings.report("dht-server", "it has no use alone; set dht = true too");
        }
        let (minute, day) = (HumanDuration::secs(60), HumanDuration::secs(24 * 3_600));
        findings.range(
            "peer-ttl",
            &self.peer_ttl,
            &minute,
            &day,
            "records are renewed in time, and expire within a day",
        );
        findings.within("github", |findings| {
            if self.github.enabled && self.github.repository.is_none() {
                findings.report("repository", "github discovery needs one, as `owner/name`");
            }
            if self.github.token.is_some() && !self.github.api_base.is_confidential() {
                findings.report("api-base", "a token over plain http can be read by anyone; use https");
            }
        });
    }
}

/// Discovery in an issue of a GitHub repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct GithubConfig {
    /// Whether it is used.
    pub enabled: bool,
    /// The repository, as `owner/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<RepositoryName>,
    /// A token that may read and write its issues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// The API.
    pub api_base: HttpUrl,
}

impl Default for GithubConfig {
    fn default() -> Self {
        Self { enabled: false, repository: None, token: None, api_base: HttpUrl::literal("https://api.github.com") }
    }
}

/// The task queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct TaskQueueConfig {
    /// Queued tasks at most.
    pub capacity: u32,
    /// Concurrent tasks on this host; 0 runs none.
    pub workers: u32,
    /// Bytes of a task's result. What is over 64 KiB is kept by its content id, and fetched from the peer that ran the task
    /// in parts.
    pub max_result: ByteSize,
    /// The longest `timeout_s` of a task. One that asks for more is refused; one that asks for none has an hour at most.
    pub max_timeout: HumanDuration,
}

impl Default for TaskQueueConfig {
    fn default() -> Self {
        let max_timeout = HumanDuration::secs(7 * 24 * 3_600);
        Self { capacity: 10_000, workers: 4, max_result: ByteSize::mib(4), max_timeout }
    }
}

/// Workflows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct WorkflowConfig {
    /// Workflows that may be active at a time; of one tenant, nine tenths of them.
    pub max_active: u32,
    /// The longest `timeout_s` of a workflow. One that asks for more is refused; one that asks for none has two hours at most.
    pub max_timeout: HumanDuration,
}

impl Default for WorkflowConfig {
    fn default() -> Self {
        Self { max_active: 100, max_timeout: HumanDuration::secs(30 * 24 * 3_600) }
    }
}
