//! The handle of a host's cluster: it starts and stops the lane, and hands work to the incarnation that is on it.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use futures::future::BoxFuture;
use tandem_engine::CallContext;
use tandem_queue::SqliteTasks;
use tandem_reactor::{
    NetworkError, StartError,
    authority::Operator,
    lane::{Lane, LaneError, LaneStarter, ReadySignal},
    network::Network,
};
use tandem_store::Store;
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    error::P2pError,
    guest_api::P2pRequest,
    incarnation::{ClusterDeps, Incarnation},
    settings::Settings,
    status::ClusterStatus,
    tools::Tools,
};

/// How long a call of a guest may wait for the network where its own deadline does not say less: somewhat more than the longest wait
/// that a tool takes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(310);
/// Between two tries to start the network after a panic.
const RETRY: Duration = Duration::from_secs(10);

/// The cluster of one host.
pub struct ClusterHandle {
    lane: Lane,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the handle shares with the lane.
struct Shared {
    /// The incarnation that is on the lane, if there is one.
    incarnation: ArcSwapOption<Incarnation>,
    /// What the next incarnation begins with.
    settings: ArcSwap<Settings>,
    stop: CancellationToken,
}

impl std::fmt::Debug for ClusterHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterHandle").field("lane", &self.lane).finish_non_exhaustive()
    }
}

/// Starts the cluster once there are tools.
pub struct ClusterStarter {
    handle: Arc<ClusterHandle>,
    lane: LaneStarter,
    store: Store,
    tasks: SqliteTasks,
    operator: Operator,
    general: Handle,
}

impl std::fmt::Debug for ClusterStarter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterStarter").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl ClusterHandle {
    /// The handle of a cluster that is not started yet: whoever runs its tools may need the handle. `tasks` is over `store`, and the
    /// process's only one: each who has it hears of what the others do. What is no work for the thread goes to `general`.
    #[must_use]
    pub fn new(
        settings: Settings,
        store: Store,
        tasks: SqliteTasks,
        operator: Operator,
        general: Handle,
    ) -> (Arc<Self>, ClusterStarter) {
        let (lane, starter) = Lane::new();
        let shared = Shared {
            incarnation: ArcSwapOption::empty(),
            settings: ArcSwap::from_pointee(settings),
            stop: CancellationToken::new(),
        };
        let handle = Arc::new(Self { lane, shared: Arc::new(shared), thread: Mutex::default() });
        (handle.clone(), ClusterStarter { handle, lane: starter, store, tasks, operator, general })
    }

    /// The lane, for the router.
    #[must_use]
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// What the next incarnation begins with.
    pub(crate) fn settings(&self) -> &ArcSwap<Settings> {
        &self.shared.settings
    }

    /// Where this host listens for peers; nothing while the lane is down.
    #[must_use]
    pub fn listening(&self) -> Vec<libp2p::Multiaddr> {
        let incarnation = self.shared.incarnation.load();
        incarnation.as_ref().map(|incarnation| incarnation.peers.network.listening()).unwrap_or_default()
    }

    /// How the network and the queue are, for health pages.
    pub async fn status(&self) -> ClusterStatus {
        let restarts = self.lane.restarts();
        match self.shared.incarnation.load_full().filter(|_| self.lane.is_up()) {
            Some(incarnation) => incarnation.status(restarts).await,
            None => ClusterStatus { restarts, ..ClusterStatus::default() },
        }
    }

    /// Does work on the thread.
    ///
    /// # Errors
    /// [`P2pError::Unavailable`] where the lane is full or down, else the work's own.
    pub(crate) async fn run<T: Send + 'static, W: Future<Output = Result<T, P2pError>> + Send + 'static>(
        &self,
        work: impl FnOnce(Arc<Incarnation>) -> W,
    ) -> Result<T, P2pError> {
        let incarnation = self.shared.incarnation.load_full();
        let incarnation = incarnation.ok_or_else(|| P2pError::Unavailable(LaneError::Down.to_string()))?;
        let done = self.lane.run(work(incarnation)).await;
        done.map_err(|error| P2pError::Unavailable(error.to_string()))?
    }

    /// Does what a guest asks, as the caller of `cx`. Answers a JSON text.
    ///
    /// # Errors
    /// Why nothing was done.
    pub async fn request(&self, cx: Arc<CallContext>, request: P2pRequest) -> Result<String, P2pError> {
        let work = self.run(move |cluster| async move { cluster.guests.request(&cx, request).await });
        match tokio::time::timeout(REQUEST_TIMEOUT, work).await {
            Ok(answer) => answer,
            Err(_) => Err(P2pError::Timeout(format!("no result within {} s", REQUEST_TIMEOUT.as_secs()))),
        }
    }

    /// Ends the thread and waits for it. Blocking.
    pub fn stop(&self) {
        self.shared.stop.cancel();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("reactor thread panicked at shutdown");
        }
    }
}

/// Sent once: how the first start of the network ended.
type Started = Mutex<Option<oneshot::Sender<Result<(), StartError>>>>;

impl ClusterStarter {
    /// Starts the thread, and the network on it: when this returns, it listens at every configured address. Peers and tasks call
    /// `tools`.
    ///
    /// # Errors
    ///
    /// When there is no thread to be had, or the network does not start; then nothing of it is left.
    pub async fn start(self, tools: Arc<dyn Tools>) -> Result<(), StartError> {
        let (sender, started) = oneshot::channel();
        let Self { handle, lane, store, tasks, operator, general } = self;
        let deps = ClusterDeps { store, tasks, operator, tools, general };
        let body = incarnations(handle.shared.clone(), deps, sender);
        let thread = lane.spawn(body, handle.shared.stop.clone()).map_err(StartError::Thread)?;
        *handle.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        started.await.unwrap_or_else(|_| Err(StartError::Network(NetworkError::Ended)))
    }

    /// The same without a thread of its own, in the general runtime with everything else, and without a restart after a panic. For
    /// measuring what the thread is worth.
    pub fn start_in_one_runtime(self, tools: Arc<dyn Tools>) {
        let (sender, _) = oneshot::channel();
        let Self { handle, lane, store, tasks, operator, general } = self;
        let deps = ClusterDeps { store, tasks, operator, tools, general: general.clone() };
        lane.spawn_in(general, incarnations(handle.shared.clone(), deps, sender));
    }
}

/// What the lane is for: it is called for each incarnation.
fn incarnations(
    shared: Arc<Shared>,
    deps: ClusterDeps,
    started: oneshot::Sender<Result<(), StartError>>,
) -> impl Fn(ReadySignal) -> BoxFuture<'static, ()> {
    let (deps, started) = (Arc::new(deps), Arc::new(Mutex::new(Some(started))));
    move |up| {
        let (shared, deps, started) = (shared.clone(), deps.clone(), started.clone());
        Box::pin(async move {
            let settings = shared.settings.load_full();
            let Some(network) = start_network(&settings, &started, &shared.stop).await else { return };
            let incarnation = Arc::new(Incarnation::new(settings, network, &deps));
            shared.incarnation.store(Some(incarnation.clone()));
            let _first = report_start(&started, Ok(()));
            incarnation.run(up, shared.stop.clone()).await;
            shared.incarnation.store(None);
        })
    }
}

/// Reports how the first start ended; answers the error of a later one, which nobody waits for.
fn report_start(started: &Started, result: Result<(), StartError>) -> Option<StartError> {
    match started.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(sender) => {
            drop(sender.send(result));
            None
        }
        None => result.err(),
    }
}

/// Starts the network. What keeps the first incarnation from it is for whoever starts the host; a later one tries again until it
/// succeeds: the host is at work without it.
async fn start_network(settings: &Settings, started: &Started, stop: &CancellationToken) -> Option<Arc<Network>> {
    loop {
        let error = match Network::start(&settings.network) {
            Ok(network) => return Some(network),
            Err(error) => report_start(started, Err(error))?,
        };
        tracing::error!(%error, "p2p network is down; trying again in {} s", RETRY.as_secs());
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}
