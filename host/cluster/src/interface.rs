//! `tandem:p2p`: what guests ask of the network of hosts.
//!
//! **Promises.** Each function asks the call's capability first, then runs on the reactor's thread, as the caller. Answers are JSON texts
//! in the shapes that the WIT package documents.
//!
//! **Bounds.** A time for each ([`ClusterHandle::request`]), and the call's own deadline. **Refuses** what is not granted, and everything where this host has no
//! network, with an error that names the setting.

use tandem_engine::{CallState, HostInterface, Use};
use tandem_package::P2pInterface;
use wasmtime::component::{HasData, Linker};

use crate::{
    error::P2pError,
    guest_api::{
        P2pRequest,
        bindings::tandem::p2p::{bootstrap, peers, task_queue, types, workflow},
    },
    handle::ClusterHandle,
};

/// `tandem:p2p`, over the [`ClusterHandle`] among the services' extensions.
#[derive(Debug)]
pub struct P2p;

impl HostInterface for P2p {
    fn name(&self) -> &'static str {
        "tandem:p2p"
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        types::add_to_linker::<_, P2p>(linker, |state| View(state))?;
        task_queue::add_to_linker::<_, P2p>(linker, |state| View(state))?;
        workflow::add_to_linker::<_, P2p>(linker, |state| View(state))?;
        peers::add_to_linker::<_, P2p>(linker, |state| View(state))?;
        bootstrap::add_to_linker::<_, P2p>(linker, |state| View(state))
    }
}

impl From<P2pError> for types::Error {
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

impl HasData for P2p {
    type Data<'a> = View<'a>;
}

/// The state of a call, as these interfaces see it.
pub struct View<'a>(&'a mut CallState);

type Answer = wasmtime::Result<Result<String, types::Error>>;

impl View<'_> {
    /// The gate of every interface of the package, and the way to the thread.
    async fn ask(&mut self, interface: P2pInterface, request: P2pRequest) -> Answer {
        let state = &*self.0;
        if !state.capability().p2p.contains(&interface) {
            state.denied(Use::P2p, interface.as_str());
            return Ok(Err(types::Error::Unauthorized(format!("`p2p` with `{interface}` is not granted"))));
        }
        state.used(Use::P2p);
        let cx = state.context()?.clone();
        let Some(cluster) = state.extension::<ClusterHandle>() else {
            return Ok(Err(types::Error::Unavailable(
                "this host has no network of hosts; set reactor.enabled".to_owned(),
            )));
        };
        Ok(cluster.request(cx, request).await.map_err(types::Error::from))
    }
}

impl types::Host for View<'_> {}

impl task_queue::Host for View<'_> {
    async fn submit(&mut self, task: String) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::TaskSubmit { task }).await
    }
    async fn task_status(&mut self, id: String) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::TaskStatus { id }).await
    }
    async fn get_result(&mut self, id: String, wait_s: u32) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::TaskResult { id, wait_s }).await
    }
    async fn cancel(&mut self, id: String, reason: Option<String>) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::TaskCancel { id, reason }).await
    }
    async fn list_tasks(&mut self, filter: String) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::TaskList { filter }).await
    }
    async fn update_task(&mut self, id: String, patch: String) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::TaskUpdate { id, patch }).await
    }
    async fn set_priority(&mut self, id: String, priority: u8) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::TaskPriority { id, priority }).await
    }
    async fn resubmit(&mut self, id: String, arguments: Option<String>, priority: Option<u8>) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::TaskResubmit { id, arguments, priority }).await
    }
    async fn queue_status(&mut self, detail: bool) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::QueueStatus { detail }).await
    }
    async fn worker_stats(&mut self, worker: Option<String>) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::WorkerStats { worker }).await
    }
    async fn discover_peers(&mut self, tool: Option<String>, max_peers: u32, timeout_s: u32) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::DiscoverWorkers { tool, max_peers, timeout_s }).await
    }
    async fn announce(&mut self, tools: Option<Vec<String>>, capacity: Option<u32>, ttl_s: u32) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::Announce { tools, capacity, ttl_s }).await
    }
    async fn claim(&mut self, request: String) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::TaskClaim { request }).await
    }
    async fn finish(&mut self, id: String, fence: u64, outcome: String) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::TaskFinish { id, fence, outcome }).await
    }
    async fn heartbeat(&mut self, id: String, fence: u64, progress: Option<String>) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::Heartbeat { id, fence, progress }).await
    }
    async fn shutdown(&mut self, drain_s: u32) -> Answer {
        self.ask(P2pInterface::TaskQueue, P2pRequest::QueueShutdown { drain_s }).await
    }
}

impl workflow::Host for View<'_> {
    async fn submit(&mut self, workflow: String) -> Answer {
        self.ask(P2pInterface::Workflow, P2pRequest::WorkflowSubmit { workflow }).await
    }
    async fn status(&mut self, id: String) -> Answer {
        self.ask(P2pInterface::Workflow, P2pRequest::WorkflowStatus { id }).await
    }
    async fn cancel(&mut self, id: String, reason: Option<String>) -> Answer {
        self.ask(P2pInterface::Workflow, P2pRequest::WorkflowCancel { id, reason }).await
    }
    async fn list_workflows(&mut self, filter: String) -> Answer {
        self.ask(P2pInterface::Workflow, P2pRequest::WorkflowList { filter }).await
    }
    async fn get_dag(&mut self, id: String, format: workflow::DagFormat) -> Answer {
        self.ask(P2pInterface::Workflow, P2pRequest::WorkflowDag { id, format }).await
    }
    async fn coordinate(&mut self, id: String, peers: Vec<String>, strategy: workflow::Strategy) -> Answer {
        self.ask(P2pInterface::Workflow, P2pRequest::WorkflowCoordinate { id, peers, strategy }).await
    }
}

impl peers::Host for View<'_> {
    async fn register(&mut self, addresses: Vec<String>, ttl_s: u32, metadata: Option<String>) -> Answer {
        self.ask(P2pInterface::Peers, P2pRequest::PeerRegister { addresses, ttl_s, metadata }).await
    }
    async fn discover(&mut self, sources: Vec<String>, max_peers: u32, timeout_s: u32, tool: Option<String>) -> Answer {
        self.ask(P2pInterface::Peers, P2pRequest::PeerDiscover { sources, max_peers, timeout_s, tool }).await
    }
    async fn connect(&mut self, nodes: Vec<String>, min_connections: u32, timeout_s: u32) -> Answer {
        self.ask(P2pInterface::Peers, P2pRequest::PeerConnect { nodes, min_connections, timeout_s }).await
    }
    async fn cleanup(&mut self, older_than_s: Option<u32>, dry_run: bool) -> Answer {
        self.ask(P2pInterface::Peers, P2pRequest::PeerCleanup { older_than_s, dry_run }).await
    }
    async fn public_addresses(&mut self, methods: Vec<String>, timeout_s: u32) -> Answer {
        self.ask(P2pInterface::Peers, P2pRequest::PublicAddresses { methods, timeout_s }).await
    }
    async fn list_peers(&mut self, filter: String) -> Answer {
        self.ask(P2pInterface::Peers, P2pRequest::PeerList { filter }).await
    }
}

impl bootstrap::Host for View<'_> {
    async fn from_text(&mut self, source: String, text: String, connect: bool) -> Answer {
        self.ask(P2pInterface::Bootstrap, P2pRequest::BootstrapText { source, text, connect }).await
    }
    async fn from_public(&mut self, connect: bool) -> Answer {
        self.ask(P2pInterface::Bootstrap, P2pRequest::BootstrapPublic { connect }).await
    }
    async fn list_sources(&mut self) -> Answer {
        self.ask(P2pInterface::Bootstrap, P2pRequest::BootstrapList).await
    }
}
