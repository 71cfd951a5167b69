//! The reactor lane of a host: started by the configuration, with a listener of its own on its own thread.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use tandem_cluster::{ClusterHandle, ClusterStarter, Settings};
use tandem_config::HostConfig;
use tandem_gateway::Gateway;
use tandem_queue::{Caps, SqliteTasks, SystemClock};
use tandem_reactor::Authority;
use tandem_store::Store;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{auth, peers};

/// The variable that names the first peers.
const BOOTSTRAP: &str = "TANDEM_BOOTSTRAP";

/// Between two looks whether the thread is there.
const POLL_INTERVAL: std::time::Duration = std::time::Duration::from_millis(100);

/// The lane, where the configuration wants one, with what starts it once there are tools.
pub(crate) fn prepare(
    config: &HostConfig,
    operator: Arc<dyn Authority>,
    (store, tasks): (&Store, &SqliteTasks),
    asks: bool,
) -> anyhow::Result<Option<(Arc<ClusterHandle>, ClusterStarter)>> {
    if !config.reactor.enabled {
        return Ok(None);
    }
    peers::check(config, asks)?;
    let data: std::path::PathBuf = (&config.plugins.data_directory).into();
    let bootstrap = std::env::var(BOOTSTRAP).ok();
    let settings = Settings::new(&config.p2p, &data, bootstrap.as_deref())?;
    let general = tokio::runtime::Handle::current();
    Ok(Some(ClusterHandle::new(settings, store.clone(), tasks.clone(), operator, general)))
}

/// Where the queue and the gateway keep their tasks: one for both, so that each hears of what the other does with them.
pub(crate) fn task_store(config: &HostConfig, store: &Store) -> SqliteTasks {
    let active = config.p2p.workflow.max_active;
    let caps = Caps {
        // One tenant never has all places, so that another one's workflow begins at once.
        active_workflows: (active - active / 10).into(),
        queued: config.p2p.task_queue.capacity.into(),
        bytes: config.tasks.bytes_per_tenant.as_u64(),
        stored: config.tasks.stored_per_tenant,
        ended: config.tasks.ended_per_tenant,
        ..Caps::default()
    };
    SqliteTasks::new(store.clone(), Arc::new(SystemClock), caps)
}

/// Serves the same paths as the main listener, on the reactor's thread: a P2P call that arrives here changes no thread. A
/// host whose port is taken goes on without; its P2P tools are there through the main listener.
pub(crate) async fn serve(
    config: &HostConfig,
    reactor: &ClusterHandle,
    gateway: &Gateway,
    asks: bool,
    stop: &CancellationToken,
) -> Option<JoinHandle<()>> {
    let address = SocketAddr::new(config.reactor.host, config.reactor.port);
    let listener = match listen(config, &address, asks).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!("reactor: cannot listen: {}", crate::errors::chain(&error));
            return None;
        }
    };
    let (gateway, stop, lane) = (gateway.clone(), stop.clone(), reactor.lane().clone());
    Some(tokio::spawn(async move {
        while !stop.is_cancelled() {
            if !lane.is_up() {
                tokio::time::sleep(POLL_INTERVAL).await;
                continue;
            }
            // A socket belongs to the runtime that polls it: each incarnation of the thread gets its own.
            let (gateway, stop, socket) = (gateway.clone(), stop.clone(), listener.try_clone());
            let serving = async move {
                let listener = TcpListener::from_std(socket?)?;
                tracing::info!(address = %listener.local_addr()?, "reactor: listening");
                gateway.serve_http(listener, stop).await.map_err(std::io::Error::other)
            };
            match lane.run(serving).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(%error, "reactor: listener failed");
                    return;
                }
                Err(error) => tracing::warn!(%error, "reactor: listener ended"),
            }
        }
    }))
}

async fn listen(config: &HostConfig, address: &SocketAddr, asks: bool) -> anyhow::Result<std::net::TcpListener> {
    auth::check_listener(config, asks, address)?;
    let listening = TcpListener::bind(address).await;
    let listening = listening
        .with_context(|| format!("cannot listen on {address}; choose another port with --set reactor.port=N"))?;
    Ok(listening.into_std()?)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::future::BoxFuture;
    use tandem_catalog::Catalog;
    use tandem_cluster::{ToolCall, ToolInfo, Tools};
    use tandem_engine::{InvokeError, Services, ToolAnswer};
    use tandem_gateway::GatewayConfig;
    use tandem_router::{Router, RouterConfig};
    use tandem_types::Caller;

    use super::*;

    /// Panics when it is told to, on the thread that asks whether there are other tools.
    struct Faulty(Arc<AtomicBool>);

    impl Tools for Faulty {
        fn call(&self, _: ToolCall) -> BoxFuture<'static, Result<ToolAnswer, InvokeError>> {
            Box::pin(std::future::ready(Err(InvokeError::Timeout)))
        }

        fn list(&self, _: &Caller) -> Vec<ToolInfo> {
            Vec::new()
        }

        fn generation(&self) -> u64 {
            assert!(!self.0.swap(false, Ordering::SeqCst), "on purpose");
            0
        }

        fn find(&self, _: &Caller, _: &str) -> Result<(), Vec<String>> {
            Err(Vec::new())
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_listener_of_the_thread_is_there_again_after_a_panic() {
        let data = tempfile::TempDir::new().unwrap();
        let mut config = HostConfig::default();
        // A port that was free a moment ago.
        config.reactor.port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        (config.p2p.listen, config.p2p.discovery.file) = (Vec::new(), false);
        let settings = Settings::new(&config.p2p, data.path(), None).unwrap();
        let store = Store::open_with(&data.path().join("store.db"), &[tandem_queue::TABLES]).unwrap();
        let callers = Arc::new(|peer: &str| Caller::new("peers", peer));
        let general = tokio::runtime::Handle::current();
        let tasks = task_store(&config, &store);
        let (reactor, starter) = ClusterHandle::new(settings, store, tasks, callers, general.clone());
        let panics = Arc::new(AtomicBool::new(false));
        starter.start(Arc::new(Faulty(panics.clone()))).await.unwrap();
        let router = Router::new(
            Arc::new(Catalog::default()),
            Arc::new(Services::default()),
            RouterConfig { reactor: Some(reactor.lane().clone()), ..RouterConfig::new(general) },
        );
        let gateway = Gateway::new(router, GatewayConfig::default()).unwrap();
        let stop = CancellationToken::new();
        let serving = serve(&config, &reactor, &gateway, false, &stop).await.unwrap();
        drop(rustls::crypto::ring::default_provider().install_default());
        let url = format!("http://127.0.0.1:{}/health", config.reactor.port);
        let answers = async || {
            // A connection of the old incarnation is no proof.
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            for _ in 0..600 {
                let asked = client.get(&url).timeout(std::time::Duration::from_secs(1)).send().await;
                if asked.is_ok_and(|answer| answer.status().is_success()) {
                    return;
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            panic!("{url} does not answer");
        };
        answers().await;
        panics.store(true, Ordering::SeqCst);
        while reactor.lane().restarts() == 0 {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        answers().await;
        // A lane that is down is told, and the process is alive all the same.
        tokio::task::spawn_blocking(move || reactor.stop()).await.unwrap();
        let general = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/health", general.local_addr().unwrap());
        let beside = tokio::spawn({
            let (gateway, stop) = (gateway.clone(), stop.clone());
            async move { gateway.serve_http(general, stop).await }
        });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(&url).send().await.unwrap().text().await.unwrap();
        assert!(answer.contains("degraded") && answer.contains("reactor"), "{answer}");
        stop.cancel();
        serving.await.unwrap();
        beside.await.unwrap().unwrap();
    }
}
