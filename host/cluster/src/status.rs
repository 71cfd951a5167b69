//! The cluster at one moment, for health pages.

use std::collections::BTreeMap;

use tandem_reactor::network::FailedHandshake;

use crate::queue::WaitingTasks;

/// The network of hosts and the queue at one moment.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct ClusterStatus {
    /// Whether the thread takes work; what follows is empty where it does not.
    pub up: bool,
    /// How often the thread was restarted after a panic.
    pub restarts: u64,
    /// Who this host is among peers.
    pub peer_id: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// Where it listens for peers, as multiaddrs.
    pub listening: Vec<String>,
    /// Peers that are connected.
    pub connected: usize,
    /// Connections that peers may open.
    pub max_connections: u32,
    /// Whether the queue takes no more tasks.
    pub draining: bool,
    /// Tasks that this host runs at a time.
    pub workers: u32,
    /// Of these, those that run.
    pub running: u32,
    /// Workflows that this host coordinates now.
    pub workflows: usize,
    /// Sources of peers that failed when they were asked last, with why.
    pub failing: BTreeMap<String, String>,
    /// Handshakes with peers that failed in the last ten minutes, at most sixteen, the newest last.
    pub failed_handshakes: Vec<FailedHandshake>,
    /// Whether the queue of this host is paused.
    pub paused: bool,
    /// Tasks of all tenants that wait for a worker, by reason.
    pub waiting: Vec<WaitingTasks>,
}
