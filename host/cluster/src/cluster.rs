//! Start and stop of the lane, and the door for its guests.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use futures::future::BoxFuture;
use tandem_queue::{Scope, SqliteTasks, TaskStore as _};
use tandem_reactor::{
    StartError,
    authority::Operator,
    lane::{Lane, ReadySignal},
    network::{FailedHandshake, Network, PROTOCOL},
    rpc,
};
use tandem_store::Store;
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    core::{ClusterDeps, Core},
    peer_manager, persistence,
    queue::{self, WaitingTasks},
    service::Peers,
    settings::Settings,
    tools::Tools,
    workflow_runtime,
};

/// The reactor of one host.
pub struct Reactor {
    lane: Lane,
    core: Arc<ArcSwapOption<Core>>,
    tools: Arc<OnceLock<Arc<dyn Tools>>>,
    stop: CancellationToken,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// What the next incarnation begins with.
    settings: Arc<ArcSwap<Settings>>,
}

impl std::fmt::Debug for Reactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reactor").field("lane", &self.lane).finish_non_exhaustive()
    }
}

impl Reactor {
    /// Starts the thread, and the network on it: when this returns, it listens at every configured address. `tasks` is over
    /// `store`, and the process's only one: each who has it hears of what the others do. What is no work for the thread goes to
    /// `general`.
    ///
    /// # Errors
    ///
    /// When there is no thread to be had, or the network does not start; then nothing of it is left.
    pub async fn start(
        settings: Settings,
        store: Store,
        tasks: SqliteTasks,
        operator: Operator,
        general: Handle,
    ) -> Result<Arc<Self>, StartError> {
        let (parts, started) = Parts::new(settings, (store, tasks), operator, general);
        let (core, stop) = (parts.core.clone(), parts.stop.clone());
        let (tools, settings) = (parts.tools.clone(), parts.settings.clone());
        let (lane, thread) = Lane::start(move |up| parts.incarnation(up), stop.clone()).map_err(StartError::Thread)?;
        let made = Arc::new(Self { lane, core, tools, stop, thread: Mutex::new(Some(thread)), settings });
        match started.await {
            Ok(Ok(())) => Ok(made),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StartError::Network("its thread ended".to_owned())),
        }
    }

    /// The same without a thread of its own, in `general` with everything else, and without a new start after a panic. For
    /// measuring what the thread is worth.
    #[must_use]
    pub fn start_in_one_runtime(
        settings: Settings,
        store: Store,
        tasks: SqliteTasks,
        operator: Operator,
        general: Handle,
    ) -> Arc<Self> {
        let (parts, _) = Parts::new(settings, (store, tasks), operator, general.clone());
        let (core, stop) = (parts.core.clone(), parts.stop.clone());
        let (tools, settings) = (parts.tools.clone(), parts.settings.clone());
        let lane = Lane::start_in(general, move |up| parts.incarnation(up));
        Arc::new(Self { lane, core, tools, stop, thread: Mutex::default(), settings })
    }

    /// The lane, for the router.
    #[must_use]
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// What the next incarnation begins with.
    pub(crate) fn settings(&self) -> &ArcSwap<Settings> {
        &self.settings
    }

    /// What this incarnation is made of, if there is one.
    pub(crate) fn core(&self) -> Option<Arc<Core>> {
        self.core.load_full()
    }

    /// Sets who runs tools. Only the first setting counts.
    pub fn set_tools(&self, tools: Arc<dyn Tools>) {
        drop(self.tools.set(tools));
    }

    /// Where this host listens for peers; nothing while the lane is down.
    #[must_use]
    pub fn listening(&self) -> Vec<libp2p::Multiaddr> {
        self.core.load().as_ref().map(|core| core.network.listening()).unwrap_or_default()
    }

    /// How the network and the queue are, for health pages.
    pub async fn status(&self) -> ReactorStatus {
        let (restarts, core) = (self.lane.restarts(), self.core.load_full());
        let Some(core) = core.filter(|_| self.lane.is_up()) else {
            return ReactorStatus { restarts, ..ReactorStatus::default() };
        };
        let (workers, free) = core.queue.places();
        // A store that fails is shown by its own part.
        let waiting = queue::waits::groups(&core, Scope::All).await.unwrap_or_default();
        let paused = core.queue.tasks.stats(Scope::All).await.is_ok_and(|stats| !stats.paused.is_empty());
        ReactorStatus {
            up: true,
            restarts,
            peer_id: Some(core.network.me.to_string()),
            name: core.settings.network.name.clone(),
            listening: core.network.listening().iter().map(ToString::to_string).collect(),
            connected: core.network.connected().len(),
            max_connections: core.settings.network.max_connections,
            draining: core.queue.is_draining(),
            workers,
            running: if core.queue.is_draining() { 0 } else { workers.saturating_sub(free) },
            workflows: core.flows.len(),
            failing: peer_manager::failing(&core),
            failed_handshakes: core.network.failed_handshakes(),
            paused,
            waiting,
        }
    }

    /// Ends the thread and waits for it. Blocking.
    pub fn stop(&self) {
        self.stop.cancel();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("reactor thread panicked at shutdown");
        }
    }
}

/// Told once: how the first start of the network ended.
type Started = Mutex<Option<oneshot::Sender<Result<(), StartError>>>>;

/// What every incarnation is made of.
struct Parts {
    started: Arc<Started>,
    settings: Arc<ArcSwap<Settings>>,
    stores: (Store, SqliteTasks),
    operator: Operator,
    general: Handle,
    core: Arc<ArcSwapOption<Core>>,
    tools: Arc<OnceLock<Arc<dyn Tools>>>,
    stop: CancellationToken,
}

impl Parts {
    fn new(
        settings: Settings,
        stores: (Store, SqliteTasks),
        operator: Operator,
        general: Handle,
    ) -> (Self, oneshot::Receiver<Result<(), StartError>>) {
        let (tell, started) = oneshot::channel();
        let parts = Self {
            started: Arc::new(Mutex::new(Some(tell))),
            settings: Arc::new(ArcSwap::from_pointee(settings)),
            stores,
            operator,
            general,
            core: Arc::new(ArcSwapOption::empty()),
            tools: Arc::new(OnceLock::new()),
            stop: CancellationToken::new(),
        };
        (parts, started)
    }

    fn incarnation(&self, up: ReadySignal) -> BoxFuture<'static, ()> {
        let (settings, started) = (self.settings.load_full(), self.started.clone());
        let (stores, general) = (self.stores.clone(), self.general.clone());
        let who = ClusterDeps { operator: self.operator.clone(), tools: self.tools.clone() };
        let (core, stop) = (self.core.clone(), self.stop.clone());
        Box::pin(async move {
            let Some(network) = network(&settings, &started, &stop).await else { return };
            let made = Arc::new(Core::new(settings, network, stores, who, general));
            core.store(Some(made.clone()));
            tell(&started, Ok(()));
            live(made, up, stop).await;
            core.store(None);
        })
    }
}

fn tell(started: &Started, how: Result<(), StartError>) -> Option<StartError> {
    match started.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(tell) => {
            drop(tell.send(how));
            None
        }
        None => how.err(),
    }
}

/// Starts the network. What keeps the first incarnation from it is for whoever starts the host; a later one tries again until it
/// succeeds: the host is at work without it.
async fn network(settings: &Settings, started: &Started, stop: &CancellationToken) -> Option<Arc<Network>> {
    loop {
        let error = match Network::start(&settings.network) {
            Ok(network) => return Some(network),
            Err(error) => tell(started, Err(error))?,
        };
        tracing::error!(%error, "p2p network is down; trying again in {} s", AGAIN.as_secs());
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Between two tries to start the network anew after a panic.
const AGAIN: Duration = Duration::from_secs(10);

/// The network of hosts and the queue at one moment.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct ReactorStatus {
    /// Whether the thread takes work; what follows is empty where it does not.
    pub up: bool,
    /// How often the thread was started anew after a panic.
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

/// One incarnation, from its first event to its last.
async fn live(core: Arc<Core>, up: ReadySignal, stop: CancellationToken) {
    let mut control = core.network.streams();
    let streams = match control.accept(PROTOCOL) {
        Ok(streams) => streams,
        Err(error) => {
            tracing::error!(%error, "protocol handler already registered");
            return;
        }
    };
    // What an earlier incarnation held, or this host before it was killed, need not wait for its leases' end.
    match core.queue.tasks.end_leases(&core.network.me.to_string()).await {
        Ok(0) => {}
        Ok(leases) => tracing::info!(leases, "released leases of the previous run"),
        Err(error) => tracing::error!(%error, "cannot release leases of the previous run; they expire on time"),
    }
    // And those of others, who could not renew them meanwhile, may have done their work.
    match core.queue.tasks.renew_leases(queue::QUEUE, &core.network.me.to_string()).await {
        Ok(0) => {}
        Ok(leases) => tracing::info!(leases, "extended leases of other hosts"),
        Err(error) => tracing::error!(%error, "cannot extend leases of other hosts; they expire on time"),
    }
    // Before anybody can connect: who is kept out is not let in because it came first.
    persistence::load(&core).await;
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(core.network.clone().run());
    tasks.spawn(rpc::accept(streams, Arc::new(Peers(core.clone())), core.settings.network.wire));
    let acquainting = tasks.spawn(peer_manager::run(core.clone()));
    tasks.spawn(queue::work(core.clone()));
    tasks.spawn(workflow_runtime::coordinate(core.clone()));
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
    core.queue.drain(Duration::ZERO).await;
    // It would put back what is taken back here.
    acquainting.abort();
    let leave = async {
        tokio::join!(peer_manager::withdraw(&core), persistence::save(&core));
        tokio::time::sleep(PARTING).await;
    };
    if tokio::time::timeout(LEAVE, leave).await.is_err() {
        tracing::warn!("shutdown timed out before this host's records were withdrawn");
    }
}

/// How long taking back this host's records may keep it from stopping: a shared directory may be on a dead server.
const LEAVE: Duration = Duration::from_secs(5);
/// For what is said to peers last to be sent.
const PARTING: Duration = Duration::from_millis(100);
