//! One incarnation of the cluster, from its first event to its last: its parts are built here, from the lowest to the highest, and run.

use std::{sync::Arc, time::Duration};

use tandem_queue::{Scope, SqliteTasks, TaskStore as _};
use tandem_reactor::{
    authority::Operator,
    lane::ReadySignal,
    network::{Network, PROTOCOL},
    rpc::{self, Links},
    trust::{AddressPolicy, BookLimits, PeerBook},
};
use tandem_store::Store;
use tokio::{runtime::Handle, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    guest_api::{GuestApi, GuestDeps},
    peer_manager::{ManagerDeps, PeerManager},
    peers::{PeerDirectory, TaskPolicy},
    queue::{QueueDeps, TaskQueue, WorkOffers},
    service::PeerService,
    settings::Settings,
    status::ClusterStatus,
    tools::Tools,
    worker::LocalWorker,
    workflow_runtime::{ActiveWorkflows, WorkflowDeps, WorkflowRuntime},
};

/// How long taking back this host's records may keep it from stopping: a shared directory may be on a dead server.
const WITHDRAW_TIMEOUT: Duration = Duration::from_secs(5);
/// For what is sent to peers last to leave.
const FLUSH: Duration = Duration::from_millis(100);

/// What every incarnation is built on.
pub(crate) struct ClusterDeps {
    pub(crate) store: Store,
    pub(crate) tasks: SqliteTasks,
    pub(crate) operator: Operator,
    pub(crate) tools: Arc<dyn Tools>,
    pub(crate) general: Handle,
}

/// See the module.
pub(crate) struct Incarnation {
    settings: Arc<Settings>,
    pub(crate) peers: Arc<PeerDirectory>,
    pub(crate) worker: Arc<LocalWorker>,
    pub(crate) manager: Arc<PeerManager>,
    pub(crate) guests: GuestApi,
    tasks: SqliteTasks,
    pub(crate) queue: Arc<TaskQueue>,
    workflows: Arc<WorkflowRuntime>,
    service: PeerService,
}

impl Incarnation {
    /// Ties the parts together.
    pub(crate) fn new(settings: Arc<Settings>, network: Arc<Network>, deps: &ClusterDeps) -> Self {
        let ClusterDeps { store, tasks, operator, tools, general } = deps;
        let limits = BookLimits { ttl: settings.record_ttl, ..BookLimits::default() };
        let mut book = PeerBook::new(AddressPolicy::new(network.me, settings.network.reach), limits);
        book.set_allowed(settings.network.allow.iter().copied());
        let name = settings.network.name.clone();
        let links = Links::new(network.streams(), operator.clone());
        let peers = Arc::new(PeerDirectory::new(network, links, book, name.clone()));
        let policy = Arc::new(TaskPolicy::new(operator.clone(), settings.network.admission, settings.times));
        let worker = Arc::new(LocalWorker::new(tools.clone(), settings.workers, name));
        let (offers, active) = (Arc::<WorkOffers>::default(), Arc::<ActiveWorkflows>::default());
        let queue = Arc::new(TaskQueue::new(
            QueueDeps {
                tasks: tasks.clone(),
                store: store.clone(),
                peers: peers.clone(),
                worker: worker.clone(),
                policy: policy.clone(),
                offers: offers.clone(),
                workflows: active.clone(),
                general: general.clone(),
            },
            &settings,
        ));
        let workflows = Arc::new(WorkflowRuntime::new(WorkflowDeps {
            tasks: tasks.clone(),
            peers: peers.clone(),
            worker: worker.clone(),
            policy: policy.clone(),
            active,
            general: general.clone(),
            max_active: settings.max_workflows,
        }));
        let manager = Arc::new(PeerManager::new(ManagerDeps {
            settings: settings.clone(),
            peers: peers.clone(),
            worker: worker.clone(),
            policy: policy.clone(),
            store: store.clone(),
            offers: offers.clone(),
            general: general.clone(),
        }));
        let service = PeerService {
            operator: operator.clone(),
            peers: peers.clone(),
            worker: worker.clone(),
            offers,
            queue: queue.clone(),
            manager: manager.clone(),
        };
        let guests = GuestDeps {
            tasks: tasks.clone(),
            peers: &peers,
            worker: &worker,
            policy: &policy,
            queue: &queue,
            workflows: &workflows,
            manager: &manager,
            general: general.clone(),
        };
        let guests = GuestApi::new(&guests, &settings);
        Self { settings, peers, worker, manager, guests, tasks: tasks.clone(), queue, workflows, service }
    }

    /// Works from the first event to the last, until `stop`.
    pub(crate) async fn run(&self, up: ReadySignal, stop: CancellationToken) {
        let streams = match self.peers.network.streams().accept(PROTOCOL) {
            Ok(streams) => streams,
            Err(error) => {
                tracing::error!(%error, "protocol handler already registered");
                return;
            }
        };
        self.queue.recover().await;
        // Before anybody can connect: who is banned is not let in because it came first.
        self.manager.restore().await;
        let mut tasks = JoinSet::new();
        tasks.spawn(self.peers.network.clone().run());
        tasks.spawn(rpc::accept(
            streams,
            Arc::new(self.service.clone()),
            self.settings.network.wire,
            self.peers.links.dialects(),
        ));
        let managing = tasks.spawn(self.manager.clone().run());
        tasks.spawn(self.queue.clone().run());
        tasks.spawn(self.workflows.clone().run());
        up.set(true);
        tokio::select! {
            () = stop.cancelled() => {}
            // None of them ends by itself but by a panic, which is this incarnation's end.
            Some(Err(error)) = tasks.join_next() => {
                if let Ok(panic) = error.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
        }
        up.set(false);
        // Tasks that run go back to their queues now, rather than when their leases end.
        self.worker.slots.drain(Duration::ZERO).await;
        // It would put back what is taken back here.
        managing.abort();
        self.leave().await;
    }

    /// Takes this host's records back and saves the peer book.
    async fn leave(&self) {
        let leave = async {
            tokio::join!(self.manager.withdraw(), self.manager.save());
            tokio::time::sleep(FLUSH).await;
        };
        if tokio::time::timeout(WITHDRAW_TIMEOUT, leave).await.is_err() {
            tracing::warn!("shutdown timed out before this host's records were withdrawn");
        }
    }

    /// How the network and the queue are.
    pub(crate) async fn status(&self, restarts: u64) -> ClusterStatus {
        let (network, slots) = (&self.peers.network, &self.worker.slots);
        let (workers, free) = (slots.capacity(), slots.free_capacity());
        ClusterStatus {
            up: true,
            restarts,
            peer_id: Some(network.me.to_string()),
            name: self.peers.name.clone(),
            listening: network.listening().iter().map(ToString::to_string).collect(),
            connected: network.connected().len(),
            max_connections: self.settings.network.max_connections,
            draining: slots.is_draining(),
            workers,
            running: if slots.is_draining() { 0 } else { workers.saturating_sub(free) },
            workflows: self.workflows.active(),
            failing: self.manager.failing(),
            failed_handshakes: network.failed_handshakes(),
            paused: self.tasks.stats(Scope::All).await.is_ok_and(|stats| !stats.paused.is_empty()),
            // A store that fails is shown by its own part.
            waiting: self.queue.waits.by_reason(Scope::All).await.unwrap_or_default(),
        }
    }
}
