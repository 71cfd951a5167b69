//! What a guest may ask of the network of hosts.

use super::bindings::tandem::p2p::workflow::{DagFormat, Strategy};

/// What a plugin asks of the network. Documents are JSON texts that nobody has looked into yet.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the cases are the functions of the WIT package, which documents them")]
pub enum P2pRequest {
    TaskSubmit { task: String },
    TaskStatus { id: String },
    TaskResult { id: String, wait_s: u32 },
    TaskCancel { id: String, reason: Option<String> },
    TaskList { filter: String },
    TaskUpdate { id: String, patch: String },
    TaskPriority { id: String, priority: u8 },
    TaskResubmit { id: String, arguments: Option<String>, priority: Option<u8> },
    QueueStatus { detail: bool },
    WorkerStats { worker: Option<String> },
    DiscoverWorkers { tool: Option<String>, max_peers: u32, timeout_s: u32 },
    Announce { tools: Option<Vec<String>>, capacity: Option<u32>, ttl_s: u32 },
    TaskClaim { request: String },
    TaskFinish { id: String, fence: u64, outcome: String },
    Heartbeat { id: String, fence: u64, progress: Option<String> },
    QueueShutdown { drain_s: u32 },
    WorkflowSubmit { workflow: String },
    WorkflowStatus { id: String },
    WorkflowCancel { id: String, reason: Option<String> },
    WorkflowList { filter: String },
    WorkflowDag { id: String, format: DagFormat },
    WorkflowCoordinate { id: String, peers: Vec<String>, strategy: Strategy },
    PeerRegister { addresses: Vec<String>, ttl_s: u32, metadata: Option<String> },
    PeerDiscover { sources: Vec<String>, max_peers: u32, timeout_s: u32, tool: Option<String> },
    PeerConnect { nodes: Vec<String>, min_connections: u32, timeout_s: u32 },
    PeerCleanup { older_than_s: Option<u32>, dry_run: bool },
    PublicAddresses { methods: Vec<String>, timeout_s: u32 },
    PeerList { filter: String },
    BootstrapText { source: String, text: String, connect: bool },
    BootstrapPublic { connect: bool },
    BootstrapList,
}
