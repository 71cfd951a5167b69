//! What a guest may ask of the network of hosts, and who does it.

use std::{sync::Arc, time::Duration};

use tandem_engine::CallContext;

use super::{
    bootstrap,
    interfaces::bindings::tandem::p2p::workflow::{DagFormat, Strategy},
    outside, peers, public, queue, tasks, workflows,
};
use crate::{cluster::Reactor, core::Core, error::P2pError};

/// How long a call of a guest may wait for the network where its own deadline does not say less: somewhat more than the longest wait
/// that a tool takes.
const PATIENCE: Duration = Duration::from_secs(310);

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

async fn request(core: &Arc<Core>, cx: &CallContext, request: P2pRequest) -> Result<String, P2pError> {
    let (caller, trace) = (&cx.caller, cx.traceparent.as_deref());
    let answer = match request {
        P2pRequest::TaskSubmit { task } => tasks::submit(core, (caller, trace), &task).await,
        P2pRequest::TaskStatus { id } => tasks::status(core, caller, &id).await,
        P2pRequest::TaskResult { id, wait_s } => return tasks::result(core, caller, &id, wait_s).await,
        P2pRequest::TaskCancel { id, reason } => tasks::cancel(core, caller, &id, reason).await,
        P2pRequest::TaskList { filter } => tasks::list(core, caller, &filter).await,
        P2pRequest::TaskUpdate { id, patch } => tasks::update(core, caller, &id, &patch).await,
        P2pRequest::TaskPriority { id, priority } => tasks::priority(core, caller, &id, priority).await,
        P2pRequest::TaskResubmit { id, arguments, priority } => {
            tasks::resubmit(core, caller, &id, arguments, priority).await
        }
        P2pRequest::QueueStatus { detail } => queue::status(core, caller, detail).await,
        P2pRequest::WorkerStats { worker } => queue::workers(core, caller, worker.as_deref()).await,
        P2pRequest::DiscoverWorkers { tool, max_peers, timeout_s } => {
            queue::discover(core, tool.as_deref(), max_peers, timeout_s).await
        }
        P2pRequest::Announce { tools, capacity, ttl_s } => queue::announce(core, caller, tools, capacity, ttl_s),
        P2pRequest::TaskClaim { request } => outside::claim(core, caller, &request).await,
        P2pRequest::TaskFinish { id, fence, outcome } => outside::finish(core, caller, &id, fence, &outcome).await,
        P2pRequest::Heartbeat { id, fence, progress } => {
            outside::heartbeat(core, caller, &id, fence, progress.as_deref()).await
        }
        P2pRequest::QueueShutdown { drain_s } => queue::shutdown(core, caller, drain_s).await,
        P2pRequest::WorkflowSubmit { workflow } => workflows::submit(core, (caller, trace), &workflow).await,
        P2pRequest::WorkflowStatus { id } => workflows::status(core, caller, &id).await,
        P2pRequest::WorkflowCancel { id, reason } => workflows::cancel(core, caller, &id, reason).await,
        P2pRequest::WorkflowList { filter } => workflows::list(core, caller, &filter).await,
        P2pRequest::WorkflowDag { id, format } => workflows::dag(core, caller, &id, format).await,
        P2pRequest::WorkflowCoordinate { id, peers, strategy } => {
            workflows::coordinate(core, caller, &id, &peers, strategy).await
        }
        P2pRequest::PeerRegister { addresses, ttl_s, metadata } => {
            peers::register(core, caller, &addresses, ttl_s, metadata).await
        }
        P2pRequest::PeerDiscover { sources, max_peers, timeout_s, tool } => {
            peers::discover(core, &sources, max_peers, timeout_s, tool.as_deref()).await
        }
        P2pRequest::PeerConnect { nodes, min_connections, timeout_s } => {
            peers::connect(core, caller, &nodes, min_connections, timeout_s).await
        }
        P2pRequest::PeerCleanup { older_than_s, dry_run } => peers::cleanup(core, caller, older_than_s, dry_run).await,
        P2pRequest::PublicAddresses { methods, timeout_s } => public::addresses(core, &methods, timeout_s).await,
        P2pRequest::PeerList { filter } => peers::list(core, &filter).await,
        P2pRequest::BootstrapText { source, text, connect } => {
            bootstrap::from_text(core, caller, &source, &text, connect).await
        }
        P2pRequest::BootstrapPublic { connect } => bootstrap::from_public(core, connect).await,
        P2pRequest::BootstrapList => bootstrap::sources(core),
    };
    answer.map(|answer| answer.to_string())
}

impl Reactor {
    /// Does what a guest asks, as the caller of `cx`. Answers a JSON text.
    ///
    /// # Errors
    /// Why nothing was done.
    pub async fn request(&self, cx: Arc<CallContext>, asked: P2pRequest) -> Result<String, P2pError> {
        let work = self.operate(move |core| async move { request(&core, &cx, asked).await });
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(answer) => answer,
            Err(_) => Err(P2pError::Timeout(format!("nothing came of it in {} s", PATIENCE.as_secs()))),
        }
    }
}
