//! `tandem:p2p`: the network of hosts, asked through [`P2p`]. Whether a call may use an interface is decided here; what it
//! gets is decided by whoever owns the network.

use futures::future::BoxFuture;
use tandem_package::P2pInterface;

use crate::{
    account::Use,
    bindings::tandem::p2p::{
        bootstrap, peers, task_queue,
        types::{self, Error},
        workflow,
    },
    call::CallEnv,
    state::CallState,
};

/// What a plugin asks of the network. Documents are JSON texts that nobody has looked into yet.
#[derive(Clone, Debug, PartialEq)]
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

/// The forms of a workflow's graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the WIT package")]
pub enum DagFormat {
    Json,
    Dot,
    Mermaid,
}

/// How hosts are chosen for steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the WIT package")]
pub enum Strategy {
    Rendezvous,
    LeastLoaded,
    Local,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
#[allow(missing_docs, reason = "the cases are those of the WIT package")]
pub enum P2pError {
    InvalidArgument(String),
    NotFound(String),
    Conflict(String),
    IdempotencyConflict(String),
    StaleFence(String),
    LeaseExpired(String),
    LimitExceeded(String),
    Unauthorized(String),
    Unavailable(String),
    Timeout(String),
    Other(String),
}

/// Who owns the network. The answer is a JSON text.
pub trait P2p: Send + Sync {
    /// Does what is asked, as the caller of `env`.
    fn request(&self, env: CallEnv, request: P2pRequest) -> BoxFuture<'static, Result<String, P2pError>>;
}

impl From<P2pError> for Error {
    fn from(error: P2pError) -> Self {
        match error {
            P2pError::InvalidArgument(text) => Self::InvalidArgument(text),
            P2pError::NotFound(text) => Self::NotFound(text),
            P2pError::Conflict(text) => Self::Conflict(text),
            P2pError::IdempotencyConflict(text) => Self::IdempotencyConflict(text),
            P2pError::StaleFence(text) => Self::StaleFence(text),
            P2pError::LeaseExpired(text) => Self::LeaseExpired(text),
            P2pError::LimitExceeded(text) => Self::LimitExceeded(text),
            P2pError::Unauthorized(text) => Self::Unauthorized(text),
            P2pError::Unavailable(text) => Self::Unavailable(text),
            P2pError::Timeout(text) => Self::Timeout(text),
            P2pError::Other(text) => Self::Other(Some(text)),
        }
    }
}

type Answer = wasmtime::Result<Result<String, Error>>;

impl CallState {
    /// The gate of every interface of the package.
    async fn p2p(&mut self, interface: P2pInterface, request: P2pRequest) -> Answer {
        if !self.capability().p2p.contains(&interface) {
            self.denied(Use::P2p, interface.as_str());
            return Ok(Err(Error::Unauthorized(format!("`p2p` with `{interface}` is not granted"))));
        }
        self.used(Use::P2p);
        let env = self.env()?.clone();
        let Some(network) = self.plugin.services.p2p() else {
            return Ok(Err(Error::Unavailable("this host has no network of hosts; set reactor.enabled".to_owned())));
        };
        Ok(network.request(env, request).await.map_err(Error::from))
    }
}

impl types::Host for &mut CallState {}

impl task_queue::Host for &mut CallState {
    async fn submit(&mut self, task: String) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::TaskSubmit { task }).await
    }
    async fn task_status(&mut self, id: String) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::TaskStatus { id }).await
    }
    async fn get_result(&mut self, id: String, wait_s: u32) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::TaskResult { id, wait_s }).await
    }
    async fn cancel(&mut self, id: String, reason: Option<String>) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::TaskCancel { id, reason }).await
    }
    async fn list_tasks(&mut self, filter: String) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::TaskList { filter }).await
    }
    async fn update_task(&mut self, id: String, patch: String) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::TaskUpdate { id, patch }).await
    }
    async fn set_priority(&mut self, id: String, priority: u8) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::TaskPriority { id, priority }).await
    }
    async fn resubmit(&mut self, id: String, arguments: Option<String>, priority: Option<u8>) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::TaskResubmit { id, arguments, priority }).await
    }
    async fn queue_status(&mut self, detail: bool) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::QueueStatus { detail }).await
    }
    async fn worker_stats(&mut self, worker: Option<String>) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::WorkerStats { worker }).await
    }
    async fn discover_peers(&mut self, tool: Option<String>, max_peers: u32, timeout_s: u32) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::DiscoverWorkers { tool, max_peers, timeout_s }).await
    }
    async fn announce(&mut self, tools: Option<Vec<String>>, capacity: Option<u32>, ttl_s: u32) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::Announce { tools, capacity, ttl_s }).await
    }
    async fn claim(&mut self, request: String) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::TaskClaim { request }).await
    }
    async fn finish(&mut self, id: String, fence: u64, outcome: String) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::TaskFinish { id, fence, outcome }).await
    }
    async fn heartbeat(&mut self, id: String, fence: u64, progress: Option<String>) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::Heartbeat { id, fence, progress }).await
    }
    async fn shutdown(&mut self, drain_s: u32) -> Answer {
        self.p2p(P2pInterface::TaskQueue, P2pRequest::QueueShutdown { drain_s }).await
    }
}

impl workflow::Host for &mut CallState {
    async fn submit(&mut self, workflow: String) -> Answer {
        self.p2p(P2pInterface::Workflow, P2pRequest::WorkflowSubmit { workflow }).await
    }
    async fn status(&mut self, id: String) -> Answer {
        self.p2p(P2pInterface::Workflow, P2pRequest::WorkflowStatus { id }).await
    }
    async fn cancel(&mut self, id: String, reason: Option<String>) -> Answer {
        self.p2p(P2pInterface::Workflow, P2pRequest::WorkflowCancel { id, reason }).await
    }
    async fn list_workflows(&mut self, filter: String) -> Answer {
        self.p2p(P2pInterface::Workflow, P2pRequest::WorkflowList { filter }).await
    }
    async fn get_dag(&mut self, id: String, format: workflow::DagFormat) -> Answer {
        let format = match format {
            workflow::DagFormat::Json => DagFormat::Json,
            workflow::DagFormat::Dot => DagFormat::Dot,
            workflow::DagFormat::Mermaid => DagFormat::Mermaid,
        };
        self.p2p(P2pInterface::Workflow, P2pRequest::WorkflowDag { id, format }).await
    }
    async fn coordinate(&mut self, id: String, peers: Vec<String>, strategy: workflow::Strategy) -> Answer {
        let strategy = match strategy {
            workflow::Strategy::Rendezvous => Strategy::Rendezvous,
            workflow::Strategy::LeastLoaded => Strategy::LeastLoaded,
            workflow::Strategy::Local => Strategy::Local,
        };
        self.p2p(P2pInterface::Workflow, P2pRequest::WorkflowCoordinate { id, peers, strategy }).await
    }
}

impl peers::Host for &mut CallState {
    async fn register(&mut self, addresses: Vec<String>, ttl_s: u32, metadata: Option<String>) -> Answer {
        self.p2p(P2pInterface::Peers, P2pRequest::PeerRegister { addresses, ttl_s, metadata }).await
    }
    async fn discover(&mut self, sources: Vec<String>, max_peers: u32, timeout_s: u32, tool: Option<String>) -> Answer {
        self.p2p(P2pInterface::Peers, P2pRequest::PeerDiscover { sources, max_peers, timeout_s, tool }).await
    }
    async fn connect(&mut self, nodes: Vec<String>, min_connections: u32, timeout_s: u32) -> Answer {
        self.p2p(P2pInterface::Peers, P2pRequest::PeerConnect { nodes, min_connections, timeout_s }).await
    }
    async fn cleanup(&mut self, older_than_s: Option<u32>, dry_run: bool) -> Answer {
        self.p2p(P2pInterface::Peers, P2pRequest::PeerCleanup { older_than_s, dry_run }).await
    }
    async fn public_addresses(&mut self, methods: Vec<String>, timeout_s: u32) -> Answer {
        self.p2p(P2pInterface::Peers, P2pRequest::PublicAddresses { methods, timeout_s }).await
    }
    async fn list_peers(&mut self, filter: String) -> Answer {
        self.p2p(P2pInterface::Peers, P2pRequest::PeerList { filter }).await
    }
}

impl bootstrap::Host for &mut CallState {
    async fn from_text(&mut self, source: String, text: String, connect: bool) -> Answer {
        self.p2p(P2pInterface::Bootstrap, P2pRequest::BootstrapText { source, text, connect }).await
    }
    async fn from_public(&mut self, connect: bool) -> Answer {
        self.p2p(P2pInterface::Bootstrap, P2pRequest::BootstrapPublic { connect }).await
    }
    async fn list_sources(&mut self) -> Answer {
        self.p2p(P2pInterface::Bootstrap, P2pRequest::BootstrapList).await
    }
}
