//! The task queue of this host: what works on it, and what others reach of it.

use std::sync::Arc;

use tandem_queue::{SqliteTasks, TaskStore as _};
use tandem_store::Store;
use tokio::{runtime::Handle, sync::Notify};

use super::{
    blobs::Blobs,
    claimer::TaskClaimer,
    claims::ClaimNotes,
    delivery::OutcomeDelivery,
    executor::Executor,
    lease_client::LeaseClient,
    lease_server::LeaseServer,
    maintenance,
    offers::{self, WorkOffers},
    outside::OutsideWorkers,
    renewal::LeaseRenewer,
    waits::{HostObstacles, WaitExplainer, monitor},
};
use crate::{
    limits::QUEUE,
    peers::{PeerDirectory, TaskPolicy},
    settings::Settings,
    worker::LocalWorker,
    workflow_runtime::ActiveWorkflows,
};

/// What the queue is built on.
pub(crate) struct QueueDeps {
    pub(crate) tasks: SqliteTasks,
    pub(crate) store: Store,
    pub(crate) peers: Arc<PeerDirectory>,
    pub(crate) worker: Arc<LocalWorker>,
    pub(crate) policy: Arc<TaskPolicy>,
    pub(crate) offers: Arc<WorkOffers>,
    pub(crate) workflows: Arc<ActiveWorkflows>,
    pub(crate) general: Handle,
}

/// See the module.
pub(crate) struct TaskQueue {
    tasks: SqliteTasks,
    peers: Arc<PeerDirectory>,
    claimer: Arc<TaskClaimer>,
    delivery: Arc<OutcomeDelivery>,
    /// Renews the leases of tasks that run here.
    pub(crate) renewer: Arc<LeaseRenewer>,
    /// What peers ask of this queue.
    pub(crate) leases: LeaseServer,
    /// Why tasks wait.
    pub(crate) waits: Arc<WaitExplainer>,
    /// What workers outside of all hosts ask for.
    pub(crate) outside: Arc<OutsideWorkers>,
    claims: Arc<ClaimNotes>,
    policy_changed: Notify,
}

impl TaskQueue {
    pub(crate) fn new(deps: QueueDeps, settings: &Settings) -> Self {
        let QueueDeps { tasks, store, peers, worker, policy, offers, workflows, general } = deps;
        let (claims, outside) = (Arc::<ClaimNotes>::default(), Arc::<OutsideWorkers>::default());
        let blobs = Arc::new(Blobs::new(peers.clone(), general.clone()));
        let client = Arc::new(LeaseClient { tasks: tasks.clone(), peers: peers.clone(), blobs: blobs.clone() });
        let delivery = Arc::new(OutcomeDelivery::new(client.clone(), peers.clone(), tasks.clone(), store));
        let max_result = settings.max_result;
        let hosts = HostObstacles {
            peers: peers.clone(),
            worker: worker.clone(),
            policy: policy.clone(),
            claims: claims.clone(),
            outside: outside.clone(),
            ping: settings.network.ping,
        };
        let claimer = TaskClaimer {
            tasks: tasks.clone(),
            worker: worker.clone(),
            offers,
            policy: policy.clone(),
            peers: peers.clone(),
            client: client.clone(),
            executor: Executor { tools: worker.tools.clone(), general, max_result },
            delivery: delivery.clone(),
        };
        let renewer = LeaseRenewer { tasks: tasks.clone(), client, peers: peers.clone(), worker, workflows };
        let leases = LeaseServer {
            tasks: tasks.clone(),
            peers: peers.clone(),
            policy,
            blobs,
            claims: claims.clone(),
            max_result,
        };
        let waits = WaitExplainer { tasks: tasks.clone(), hosts, long_wait: settings.long_wait };
        Self {
            tasks,
            peers,
            claimer: Arc::new(claimer),
            delivery,
            renewer: Arc::new(renewer),
            leases,
            waits: Arc::new(waits),
            outside,
            claims,
            policy_changed: Notify::new(),
        }
    }

    /// The operator may trust peers with other tasks than before: they are asked to claim again.
    pub(crate) fn policy_changed(&self) {
        self.claims.clear();
        self.policy_changed.notify_one();
    }

    /// Takes up what an earlier incarnation left, or this host before it was killed.
    pub(crate) async fn recover(&self) {
        let me = self.peers.me().to_string();
        // Its own leases need not be waited for.
        match self.tasks.end_leases(&me).await {
            Ok(0) => {}
            Ok(leases) => tracing::info!(leases, "released leases of the previous run"),
            Err(error) => tracing::error!(%error, "cannot release leases of the previous run; they expire on time"),
        }
        // And those of others, who could not renew them meanwhile, may have done their work.
        match self.tasks.renew_leases(QUEUE, &me).await {
            Ok(0) => {}
            Ok(leases) => tracing::info!(leases, "extended leases of other hosts"),
            Err(error) => tracing::error!(%error, "cannot extend leases of other hosts; they expire on time"),
        }
    }

    /// Works until it is dropped.
    pub(crate) async fn run(self: Arc<Self>) {
        tokio::join!(
            self.claimer.claim_own(),
            self.claimer.claim_from_peers(),
            offers::notify_peers(&self.tasks, &self.peers, &self.policy_changed),
            self.renewer.run(),
            self.renewer.follow_hints(),
            maintenance::maintain(&self.tasks, &self.peers),
            maintenance::update_gauges(&self.tasks),
            monitor(&self.waits, &self.peers),
            self.delivery.run()
        );
    }
}
