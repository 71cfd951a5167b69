//! What guests ask of the network, as the callers that they are, and who does it.

use std::sync::Arc;

use tandem_engine::CallContext;
use tandem_queue::SqliteTasks;
use tokio::runtime::Handle;

use super::{
    bootstrap::BootstrapApi, outside::OutsideApi, peers::PeerApi, public::AddressApi, queue::QueueApi,
    request::P2pRequest, tasks::TaskApi, workflows::WorkflowApi,
};
use crate::{
    error::P2pError,
    peer_manager::PeerManager,
    peers::{PeerDirectory, TaskPolicy},
    queue::TaskQueue,
    settings::Settings,
    worker::LocalWorker,
    workflow_runtime::WorkflowRuntime,
};

/// What the guest API is built on.
pub(crate) struct GuestDeps<'a> {
    pub(crate) tasks: SqliteTasks,
    pub(crate) peers: &'a Arc<PeerDirectory>,
    pub(crate) worker: &'a Arc<LocalWorker>,
    pub(crate) policy: &'a Arc<TaskPolicy>,
    pub(crate) queue: &'a TaskQueue,
    pub(crate) workflows: &'a Arc<WorkflowRuntime>,
    pub(crate) manager: &'a Arc<PeerManager>,
    pub(crate) general: Handle,
}

/// See the module: one part for each group of functions.
pub(crate) struct GuestApi {
    tasks: TaskApi,
    outside: OutsideApi,
    queue: QueueApi,
    workflows: WorkflowApi,
    peers: PeerApi,
    bootstrap: BootstrapApi,
    addresses: AddressApi,
}

impl GuestApi {
    pub(crate) fn new(deps: &GuestDeps<'_>, settings: &Settings) -> Self {
        let GuestDeps { tasks, peers, worker, policy, queue, workflows, manager, general } = deps;
        Self {
            tasks: TaskApi {
                tasks: tasks.clone(),
                peers: Arc::clone(peers),
                worker: Arc::clone(worker),
                policy: Arc::clone(policy),
                waits: queue.waits.clone(),
                outside: queue.outside.clone(),
            },
            outside: OutsideApi {
                tasks: tasks.clone(),
                policy: Arc::clone(policy),
                outside: queue.outside.clone(),
                general: general.clone(),
                max_result: settings.max_result,
            },
            queue: QueueApi {
                tasks: tasks.clone(),
                peers: Arc::clone(peers),
                worker: Arc::clone(worker),
                waits: queue.waits.clone(),
                manager: Arc::clone(manager),
            },
            workflows: WorkflowApi {
                tasks: tasks.clone(),
                peers: Arc::clone(peers),
                worker: Arc::clone(worker),
                policy: Arc::clone(policy),
                runtime: Arc::clone(workflows),
                waits: queue.waits.clone(),
                outside: queue.outside.clone(),
            },
            peers: PeerApi { peers: Arc::clone(peers), manager: Arc::clone(manager) },
            bootstrap: BootstrapApi { manager: Arc::clone(manager), public_nodes: settings.public_nodes },
            addresses: AddressApi {
                network: peers.network.clone(),
                general: general.clone(),
                nat: settings.network.nat.client,
                ip_urls: settings.ip_urls.clone(),
            },
        }
    }

    /// Does what a guest asks, as the caller of `cx`. Answers a JSON text.
    pub(crate) async fn request(&self, cx: &CallContext, request: P2pRequest) -> Result<String, P2pError> {
        let (caller, trace) = (&cx.caller, cx.traceparent.as_deref());
        let answer = match request {
            P2pRequest::TaskSubmit { task } => self.tasks.submit((caller, trace), &task).await,
            P2pRequest::TaskStatus { id } => self.tasks.status(caller, &id).await,
            P2pRequest::TaskResult { id, wait_s } => return self.tasks.result(caller, &id, wait_s).await,
            P2pRequest::TaskCancel { id, reason } => self.tasks.cancel(caller, &id, reason).await,
            P2pRequest::TaskList { filter } => self.tasks.list(caller, &filter).await,
            P2pRequest::TaskUpdate { id, patch } => self.tasks.update(caller, &id, &patch).await,
            P2pRequest::TaskPriority { id, priority } => self.tasks.priority(caller, &id, priority).await,
            P2pRequest::TaskResubmit { id, arguments, priority } => {
                self.tasks.resubmit(caller, &id, arguments, priority).await
            }
            P2pRequest::QueueStatus { detail } => self.queue.status(caller, detail).await,
            P2pRequest::WorkerStats { worker } => self.queue.workers(caller, worker.as_deref()).await,
            P2pRequest::DiscoverWorkers { tool, max_peers, timeout_s } => {
                self.queue.discover(tool.as_deref(), max_peers, timeout_s).await
            }
            P2pRequest::Announce { tools, capacity, ttl_s } => self.queue.announce(caller, tools, capacity, ttl_s),
            P2pRequest::TaskClaim { request } => self.outside.claim(caller, &request).await,
            P2pRequest::TaskFinish { id, fence, outcome } => self.outside.finish(caller, &id, fence, &outcome).await,
            P2pRequest::Heartbeat { id, fence, progress } => {
                self.outside.heartbeat(caller, &id, fence, progress.as_deref()).await
            }
            P2pRequest::QueueShutdown { drain_s } => self.queue.shutdown(caller, drain_s).await,
            P2pRequest::WorkflowSubmit { workflow } => self.workflows.submit((caller, trace), &workflow).await,
            P2pRequest::WorkflowStatus { id } => self.workflows.status(caller, &id).await,
            P2pRequest::WorkflowCancel { id, reason } => self.workflows.cancel(caller, &id, reason).await,
            P2pRequest::WorkflowList { filter } => self.workflows.list(caller, &filter).await,
            P2pRequest::WorkflowDag { id, format } => self.workflows.dag(caller, &id, format).await,
            P2pRequest::WorkflowCoordinate { id, peers, strategy } => {
                self.workflows.coordinate(caller, &id, &peers, strategy).await
            }
            P2pRequest::PeerRegister { addresses, ttl_s, metadata } => {
                self.peers.register(caller, &addresses, ttl_s, metadata).await
            }
            P2pRequest::PeerDiscover { sources, max_peers, timeout_s, tool } => {
                self.peers.discover(&sources, max_peers, timeout_s, tool.as_deref()).await
            }
            P2pRequest::PeerConnect { nodes, min_connections, timeout_s } => {
                self.peers.connect(caller, &nodes, min_connections, timeout_s).await
            }
            P2pRequest::PeerCleanup { older_than_s, dry_run } => {
                self.peers.cleanup(caller, older_than_s, dry_run).await
            }
            P2pRequest::PublicAddresses { methods, timeout_s } => self.addresses.find(&methods, timeout_s).await,
            P2pRequest::PeerList { filter } => self.peers.list(&filter).await,
            P2pRequest::BootstrapText { source, text, connect } => {
                self.bootstrap.bootstrap_text(caller, &source, &text, connect).await
            }
            P2pRequest::BootstrapPublic { connect } => self.bootstrap.bootstrap_public(connect).await,
            P2pRequest::BootstrapList => self.bootstrap.sources(),
        };
        answer.map(|answer| answer.to_string())
    }
}
