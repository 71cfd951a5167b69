//! The claims of this host's workers: what it can run comes from its own queue first and then from peers that offer. Peers are asked beside
//! each other and beside the own queue: one that never answers costs the others nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use libp2p::PeerId;
use tandem_queue::{
    ClaimReq, LeaseRef, Leased, MAX_CLAIM, MAX_PRIORITY, Outcome, SqliteTasks, TaskStore as _, TaskStoreError,
    WorkerInfo,
};
use tandem_reactor::{rpc::RpcError, trust::Conduct};
use tandem_types::{Access, Allow, Caller};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    delivery::OutcomeDelivery,
    executor::Executor,
    lease_client::LeaseClient,
    messages::MAX_TASKS,
    offers::{IGNORED, REFUSED, WorkOffers},
};
use crate::{
    limits::{LEASE, QUEUE},
    peers::{PeerDirectory, TaskPolicy},
    worker::{LocalWorker, ProgressSink, RunningTask},
};

/// How long nobody is asked for work at most where nobody offers any.
const LONGEST: Duration = Duration::from_secs(60);
/// A pause after the store failed, so that a full disk does not become a busy loop.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// What the store knows of this host as a worker, until that changes or is due again.
#[derive(Default)]
struct Registration {
    generation: Option<u64>,
    tools: Vec<String>,
    at: Option<Instant>,
}

/// See the module.
pub(super) struct TaskClaimer {
    pub(super) tasks: SqliteTasks,
    pub(super) worker: Arc<LocalWorker>,
    pub(super) offers: Arc<WorkOffers>,
    pub(super) policy: Arc<TaskPolicy>,
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) client: Arc<LeaseClient>,
    pub(super) executor: Executor,
    pub(super) delivery: Arc<OutcomeDelivery>,
}

impl TaskClaimer {
    /// The name of this host's workers.
    fn me(&self) -> String {
        self.peers.me().to_string()
    }

    /// Claims from this host's queue, until it is dropped.
    pub(super) async fn claim_own(self: &Arc<Self>) {
        let mut wakeups = self.tasks.wakeups();
        let (mut running, mut registration) = (JoinSet::new(), Registration::default());
        loop {
            while running.try_join_next().is_some() {}
            if let Err(error) = self.claim_all(&mut registration, &mut running).await {
                tracing::error!(%error, "tasks: claim failed");
                tokio::time::sleep(STORE_PAUSE).await;
            }
            tokio::select! {
                Ok(()) = wakeups.changed() => {}
                () = self.worker.slots.own_queue.notified() => {}
                Some(_) = running.join_next() => {}
            }
        }
    }

    /// Claims until there is nothing more or no slot.
    async fn claim_all(
        self: &Arc<Self>,
        registration: &mut Registration,
        running: &mut JoinSet<()>,
    ) -> Result<(), TaskStoreError> {
        let slots = &self.worker.slots;
        loop {
            self.update_tools(registration);
            if slots.free_capacity() == 0 || registration.tools.is_empty() {
                return Ok(());
            }
            self.register(registration).await?;
            // The queue may have been shut down meanwhile: what is submitted after that is not claimed.
            let free = slots.free_capacity();
            if free == 0 {
                return Ok(());
            }
            let claim = ClaimReq {
                worker: self.me(),
                peer: Some(self.me()),
                queues: vec![QUEUE.to_owned()],
                tools: registration.tools.clone(),
                tenants: None,
                max: free.min(MAX_CLAIM),
                lease: LEASE,
                max_priority: MAX_PRIORITY,
            };
            let leased = self.tasks.claim(claim).await?;
            if leased.is_empty() {
                return Ok(());
            }
            for task in leased {
                let mut caller = Caller::new(&task.tenant, &task.subject);
                caller.access = access(&task);
                self.start(running, None, caller, task);
            }
        }
    }

    /// The tools that tasks may call here, for anybody: who may call which was checked when the task was submitted.
    fn update_tools(&self, registration: &mut Registration) {
        let generation = Some(self.worker.tools.generation());
        if registration.generation != generation {
            let tools = self.worker.task_tools(&Caller::local());
            *registration = Registration { generation, tools, at: None };
        }
    }

    /// Tells the store, so often that it does not forget.
    async fn register(&self, registration: &mut Registration) -> Result<(), TaskStoreError> {
        if registration.at.is_some_and(|at| at.elapsed() < LEASE) {
            return Ok(());
        }
        let capacity = self.worker.slots.capacity();
        let info = WorkerInfo { worker: self.me(), capacity, tools: registration.tools.clone() };
        self.tasks.worker_seen(info, LEASE * 3).await?;
        registration.at = Some(Instant::now());
        Ok(())
    }

    /// Claims from peers that offer work, from several at a time, no more than there are slots, until it is dropped.
    pub(super) async fn claim_from_peers(self: &Arc<Self>) {
        let (mut running, mut claims) = (JoinSet::new(), FuturesUnordered::new());
        // Slots that the peers which are being asked may fill.
        let mut promised = 0;
        let slots = &self.worker.slots;
        loop {
            while running.try_join_next().is_some() {}
            loop {
                let free = slots.free_capacity().saturating_sub(promised);
                let Some(peer) = Some(free).filter(|free| *free > 0).and_then(|_| self.offers.next()) else { break };
                let max = free.min(MAX_TASKS);
                promised += max;
                claims.push(async move { (peer, max, self.claim_from(peer, max).await) });
            }
            let retry = self.offers.next_retry().unwrap_or_else(|| Instant::now() + LONGEST);
            tokio::select! {
                () = self.offers.changed.notified() => {}
                () = slots.peer_queues.notified() => {}
                () = tokio::time::sleep_until(retry.into()) => {}
                Some((peer, max, answer)) = claims.next() => {
                    promised -= max;
                    self.claimed(&mut running, peer, answer);
                }
                Some(_) = running.join_next() => {}
            }
        }
    }

    async fn claim_from(&self, peer: PeerId, max: u32) -> Result<(Caller, Vec<Leased>), RpcError> {
        let caller = self.policy.caller(&peer);
        let tools = self.worker.task_tools(&caller);
        Ok((caller, self.client.claim(peer, tools, max).await?))
    }

    fn claimed(
        self: &Arc<Self>,
        running: &mut JoinSet<()>,
        peer: PeerId,
        answer: Result<(Caller, Vec<Leased>), RpcError>,
    ) {
        match answer {
            Ok((caller, leased)) => {
                if !leased.is_empty() {
                    // There may be more where this came from.
                    self.offers.put(peer);
                }
                for task in leased {
                    if self.worker.slots.free_capacity() > 0 {
                        let access = caller.access.intersection(&access(&task));
                        self.start(running, Some(peer), Caller { access, ..caller.clone() }, task);
                    } else {
                        // The own queue was quicker.
                        running.spawn(self.clone().hand_back(peer, task.lease));
                    }
                }
            }
            Err(error) => self.claim_failed(peer, &error),
        }
    }

    fn claim_failed(&self, peer: PeerId, error: &RpcError) {
        tracing::debug!(%peer, %error, "tasks: claim from a peer failed");
        // Who is gone says so himself when he is back; who may give nothing here will not give it later.
        if !self.peers.network.is_connected(&peer) || error.reason.as_deref() == Some("unauthorized") {
            return;
        }
        if error.is_transport() {
            self.offers.ignore(peer, IGNORED);
            self.peers.report(peer, Conduct::Timeout);
        } else {
            self.offers.ignore(peer, REFUSED);
        }
    }

    async fn hand_back(self: Arc<Self>, peer: PeerId, lease: LeaseRef) {
        if let Err(error) = self.client.finish(peer, lease, Outcome::Release).await {
            tracing::debug!(%peer, %error, "releasing a task failed; it goes back when its lease ends");
        }
    }

    /// Runs a task of the own queue, or of this host's.
    fn start(self: &Arc<Self>, running: &mut JoinSet<()>, host: Option<PeerId>, caller: Caller, task: Leased) {
        let (cancel, progress) = (CancellationToken::new(), Arc::new(ProgressSink::default()));
        let slot = RunningTask { host, cancel: cancel.clone(), progress: progress.clone() };
        self.worker.slots.occupy(task.lease, slot);
        let claimer = self.clone();
        running.spawn(async move {
            let begun = Instant::now();
            let outcome = claimer.executor.run(caller, &task, cancel, progress).await;
            metrics::histogram!("tandem_p2p_task_duration_seconds").record(begun.elapsed().as_secs_f64());
            claimer.hand_in(host, task.lease, outcome).await;
            claimer.worker.slots.release(&task.lease);
        });
    }

    /// Tells the queue's host what came of a task. Sending it again is harmless: the fence decides.
    async fn hand_in(&self, host: Option<PeerId>, lease: LeaseRef, outcome: Outcome) {
        if let Some(peer) = host {
            return self.delivery.deliver(peer, lease, outcome).await;
        }
        if let Err(error) = self.tasks.finish(&self.me(), vec![(lease, outcome)]).await {
            tracing::warn!(task = %lease.id, %error, "task outcome rejected; it counts as lost when its lease expires");
        }
    }
}

/// What a task may call: what its submitter may. Without that, its tool.
fn access(task: &Leased) -> Access {
    let tool = || Access::everything().and(vec![Allow::Tool(task.tool.as_str().into())]);
    task.access.clone().unwrap_or_else(tool)
}
