//! Start and stop of the lane, and the door for its guests.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::ArcSwapOption;
use futures::future::BoxFuture;
use tandem_engine::{CallEnv, P2p, P2pError, P2pRequest};
use tandem_store::{
    Store,
    tasks::{Caps, SqliteTasks, SystemClock},
};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{
    acquaint,
    core::Core,
    flow,
    lane::{Lane, LaneError, Up},
    network::{Network, PROTOCOL},
    ops, queue, rpc,
    service::Peers,
    settings::Settings,
    tools::{PeerCaller, Tools},
};

/// The reactor of one host.
pub struct Reactor {
    lane: Lane,
    core: Arc<ArcSwapOption<Core>>,
    tools: Arc<OnceLock<Arc<dyn Tools>>>,
    tasks: SqliteTasks,
    stop: CancellationToken,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Reactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reactor").field("lane", &self.lane).finish_non_exhaustive()
    }
}

impl Reactor {
    /// Starts the thread. What is no work for it goes to `general`. The network comes up on it; until then the lane is down.
    ///
    /// # Errors
    ///
    /// When there is no thread to be had.
    pub fn start(settings: Settings, store: Store, callers: PeerCaller, general: Handle) -> std::io::Result<Arc<Self>> {
        let (stop, settings) = (CancellationToken::new(), Arc::new(settings));
        let (core, tools) = (Arc::new(ArcSwapOption::empty()), Arc::new(OnceLock::new()));
        let caps = Caps { queued: settings.queue_capacity.into(), ..Caps::default() };
        let tasks = SqliteTasks::new(store.clone(), Arc::new(SystemClock), caps);
        let body = {
            let (core, tools, stop) = (core.clone(), tools.clone(), stop.clone());
            let stores = (store, tasks.clone());
            move |up: Up| -> BoxFuture<'static, ()> {
                let (settings, stores, callers) = (settings.clone(), stores.clone(), callers.clone());
                let (core, tools, stop, general) = (core.clone(), tools.clone(), stop.clone(), general.clone());
                Box::pin(async move {
                    let made = Network::start(&settings.network)
                        .map(|network| Arc::new(Core::new(settings, network, stores, callers, tools, general)));
                    match made {
                        Ok(made) => {
                            core.store(Some(made.clone()));
                            live(made, up, stop).await;
                            core.store(None);
                        }
                        Err(error) => {
                            tracing::error!(error, "there is no network of hosts; mend this and start the host again");
                        }
                    }
                })
            }
        };
        let (lane, thread) = Lane::start(body, stop.clone())?;
        Ok(Arc::new(Self { lane, core, tools, tasks, stop, thread: Mutex::new(Some(thread)) }))
    }

    /// The lane, for the router.
    #[must_use]
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// The tasks that it keeps, for whoever keeps tasks beside it.
    #[must_use]
    pub fn tasks(&self) -> &SqliteTasks {
        &self.tasks
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

    /// Ends the thread and waits for it. Blocking.
    pub fn stop(&self) {
        self.stop.cancel();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the reactor's thread panicked at its end");
        }
    }
}

/// One incarnation, from its first event to its last.
async fn live(core: Arc<Core>, up: Up, stop: CancellationToken) {
    let mut control = core.network.streams();
    let streams = match control.accept(PROTOCOL) {
        Ok(streams) => streams,
        Err(error) => {
            tracing::error!(%error, "the protocol of peers is taken already");
            return;
        }
    };
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(core.network.clone().run());
    tasks.spawn(rpc::accept(streams, Arc::new(Peers(core.clone())), core.settings.network.wire));
    tasks.spawn(acquaint::keep(core.clone()));
    tasks.spawn(queue::work(core.clone()));
    tasks.spawn(flow::coordinate(core.clone()));
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
}

/// How long a call of a guest may wait for the network where its own deadline does not say less.
const PATIENCE: Duration = Duration::from_secs(300);

impl P2p for Reactor {
    fn request(&self, env: CallEnv, request: P2pRequest) -> BoxFuture<'static, Result<String, P2pError>> {
        let (lane, core) = (self.lane.clone(), self.core.load_full());
        Box::pin(async move {
            let core = core.ok_or_else(|| P2pError::Unavailable(LaneError::Down.to_string()))?;
            let work = async move { ops::request(&core, &env, request).await };
            match tokio::time::timeout(PATIENCE, lane.run(work)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => Err(P2pError::Unavailable(error.to_string())),
                Err(_) => Err(P2pError::Timeout(format!("nothing came of it in {} s", PATIENCE.as_secs()))),
            }
        })
    }
}
