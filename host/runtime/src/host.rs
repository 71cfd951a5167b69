//! A host in this process: built from a configuration, served over HTTP or standard input, called, reloaded, stopped.
//!
//! **Promises.** It starts in order: store, reactor, router, gateway, plugins; a listener may answer health checks while plugins
//! are listed, and calls while they are compiled. It stops in order: no new connections, calls in flight, tasks, mounted servers, reactor, store. A host of which no clone is left
//! begins to stop.
//!
//! **Bounds** are the configuration's. **Refuses** to print, to read a command line and to handle signals: that is its program's.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use anyhow::Context as _;
use serde_json::{Map, Value};
use tandem_catalog::View;
use tandem_cluster::ClusterHandle;
use tandem_config::HostConfig;
use tandem_engine::CallContext;
use tandem_gateway::Gateway;
use tandem_router::{Arguments, CallError, Output, Router};
use tandem_store::Store;
use tandem_types::Caller;
use tandem_upstream::Upstreams;
use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use uuid::Uuid;

use crate::{
    admin::{Admin, P2pParts},
    alone::Alone,
    auth,
    compiler::CompilerProgram,
    config::ConfigSource,
    errors::HostError,
    load::LoadObserver,
    loading::{First, Loaded},
    reactor,
    reload::{self, Reload, Reloaded},
    threads::Background,
    usage::Usage,
    wiring::{Stored, Wired, in_background},
};

/// Says what a host consists of, beside its configuration.
#[must_use]
pub struct HostBuilder {
    config: HostConfig,
    source: Option<ConfigSource>,
    compiler: Option<CompilerProgram>,
    progress: Option<Arc<dyn LoadObserver + Send + Sync>>,
    stdio: bool,
}

impl std::fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostBuilder").field("source", &self.source).field("stdio", &self.stdio).finish_non_exhaustive()
    }
}

impl HostBuilder {
    /// A host with this configuration, which is read once, serves HTTP, and compiles its plugins in this process.
    pub fn from_config(config: HostConfig) -> Self {
        Self { config, source: None, compiler: None, progress: None, stdio: false }
    }

    /// Where [`Host::reload`] reads the configuration again.
    pub fn source(self, source: ConfigSource) -> Self {
        Self { source: Some(source), ..self }
    }

    /// Compiles plugins in processes of a program, within `plugins.compile-cpu` and `plugins.compile-memory`. Without one they
    /// are compiled in this process, which nothing bounds: for plugins that are trusted.
    pub fn compiler(self, program: CompilerProgram) -> Self {
        Self { compiler: Some(program), ..self }
    }

    /// Is told how far the first loading is.
    pub fn progress(self, progress: Arc<dyn LoadObserver + Send + Sync>) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// Serves the parent process over standard input and output: one caller, `server.stdio-tenant`. Without a reactor, such
    /// hosts share a data directory.
    pub fn stdio(self) -> Self {
        Self { stdio: true, ..self }
    }

    /// Builds it and begins to load its plugins. Inside a multi-threaded tokio runtime.
    ///
    /// # Errors
    /// Another host has the data directory, the store cannot be opened, or the configuration asks for what is not there.
    pub async fn build(self) -> Result<Host, HostError> {
        let start = Instant::now();
        let config = Arc::new(self.config);
        let alone = !self.stdio || config.reactor.enabled;
        let alone = alone.then(|| Alone::take(&config)).transpose().map_err(HostError::data)?;
        let stored = Stored::open(&config).await.map_err(HostError::data)?;
        let threads = Background::start(&config).map_err(HostError::data)?;
        let wired = Wired::new(&config, &stored, &threads, self.stdio).await.map_err(HostError::configuration)?;
        let stop = CancellationToken::new();
        let plugins = reload::Loaded::default();
        let upstreams = Arc::new(Upstreams::new(wired.catalog.clone()));
        // Over standard input the only caller is fixed, and nothing of the configuration is read again.
        let reload =
            (!self.stdio).then(|| Arc::new(wired.reload(self.source, &stored, plugins.clone(), upstreams.clone())));
        if let Some(reload) = &reload {
            reload::on_keys(reload.clone());
        }
        let Stored { store, policy, keys } = stored;
        let p2p = P2pParts { tasks: wired.tasks, reactor: wired.reactor.clone() };
        let admin = Admin::new(store.clone(), policy.clone(), keys, p2p).of_host(
            plugins.clone(),
            reload.clone(),
            upstreams.clone(),
        );
        in_background(&store, wired.kept, admin, &stop).await;
        let (background, router, gateway) = (TaskTracker::new(), wired.router, wired.gateway);
        let first = First {
            config: config.clone(),
            compiler: self.compiler,
            progress: self.progress,
            policy,
            store: store.clone(),
            services: wired.services,
            catalog: wired.catalog,
            router: router.clone(),
            plugins: plugins.clone(),
            upstreams: upstreams.clone(),
            stop: stop.clone(),
            start,
        };
        let loaded = first.begin({
            // What the reactor does where there is one.
            let (upkeep, background) = (wired.reactor.is_none(), background.clone());
            let (gateway, stop) = (gateway.clone(), stop.clone());
            move || drop(background.spawn(async move { gateway.keep_tasks(upkeep, stop).await }))
        });
        let usage = Arc::new(Usage::new(router.clone(), store.clone()));
        background.spawn({
            let (usage, stop) = (usage.clone(), stop.clone());
            async move { usage.keep(stop).await }
        });
        Ok(Host(Arc::new(Inner {
            config,
            router,
            gateway,
            reactor: wired.reactor,
            reactor_listens: AtomicBool::new(false),
            store,
            usage,
            plugins,
            upstreams,
            reload,
            authenticates: wired.authenticates,
            loaded,
            background,
            _stopping: stop.clone().drop_guard(),
            stop,
            _alone: alone,
            _threads: threads,
        })))
    }
}

/// A host that runs. Clones are the same host.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    config: Arc<HostConfig>,
    router: Router,
    gateway: Gateway,
    reactor: Option<Arc<ClusterHandle>>,
    reactor_listens: AtomicBool,
    store: Store,
    usage: Arc<Usage>,
    plugins: reload::Loaded,
    upstreams: Arc<Upstreams>,
    reload: Option<Arc<Reload>>,
    authenticates: bool,
    loaded: Loaded,
    /// What has to end before the reactor and the store do.
    background: TaskTracker,
    stop: CancellationToken,
    _stopping: DropGuard,
    _alone: Option<Alone>,
    _threads: Background,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("data", &self.0.config.plugins.data_directory).finish_non_exhaustive()
    }
}

impl Host {
    /// Waits until the plugins are listed, and calls of them are taken. One that is not in the cache of compiled code is compiled
    /// from then on, and its calls wait for it ([`Host::compiled`]). One that is wrong is left out and reported; see [`Host::view`].
    ///
    /// # Errors
    /// The plugin directory or a list of what is revoked cannot be read.
    pub async fn ready(&self) -> Result<(), HostError> {
        self.0.loaded.clone().await
    }

    /// Waits until every plugin that is listed now is compiled, or left out.
    pub async fn compiled(&self) {
        for category in self.view(&Caller::local()).categories() {
            // One that is left out is reported, as one that is wrong at the start.
            drop(category.backend.loaded().await);
        }
    }

    /// Listens where the configuration says (`server.host`, `server.port`).
    ///
    /// # Errors
    /// The address is taken, or is one where callers have to say who they are and do not.
    pub async fn bind(&self) -> Result<TcpListener, HostError> {
        let Inner { config, authenticates, .. } = &*self.0;
        let address = SocketAddr::new(config.server.host, config.server.port);
        auth::check_listener(config, *authenticates, &address).map_err(HostError::listener)?;
        let listening = TcpListener::bind(address).await;
        let listening = listening
            .with_context(|| format!("cannot listen on {address}; choose another port with --set server.port=N"));
        listening.map_err(HostError::listener)
    }

    /// Serves MCP, REST and the host's pages until the host stops, and then what is in flight. A host with a reactor listens on
    /// its thread too (`reactor.host`, `reactor.port`).
    ///
    /// # Errors
    /// The address is one where callers have to say who they are and do not, or the listener failed.
    pub async fn serve_http(&self, listener: TcpListener) -> Result<(), HostError> {
        let Inner { config, gateway, stop, authenticates, .. } = &*self.0;
        let address = listener.local_addr().map_err(HostError::listener)?;
        auth::check_listener(config, *authenticates, &address).map_err(HostError::listener)?;
        if let Some(reactor) = self.0.reactor.as_ref().filter(|_| !self.0.reactor_listens.swap(true, Ordering::Relaxed))
            && let Some(serving) = reactor::serve(config, reactor, gateway, *authenticates, stop).await
        {
            self.0.background.spawn(serving);
        }
        let serving = gateway.serve_http(listener, stop.clone());
        let served = self.0.background.track_future(serving).await;
        served.context("the HTTP server failed").map_err(HostError::listener)
    }

    /// Serves MCP over standard input and output until the input ends or the host stops. The plugins are listed before.
    ///
    /// # Errors
    /// They cannot be, or the output cannot be written.
    pub async fn serve_stdio(&self) -> Result<(), HostError> {
        self.ready().await?;
        let serving = self.0.gateway.serve_stdio(self.0.stop.clone());
        let served = self.0.background.track_future(serving).await;
        served.context("serving standard input failed").map_err(HostError::listener)
    }

    /// Calls a tool in this process, by the same way, limits and records as a client's call.
    ///
    /// # Errors
    /// The caller has no such tool, its arguments do not fit, or the call failed. A tool that ran and says that it failed is
    /// no error: see [`Output::is_error`].
    pub async fn call(&self, caller: Caller, tool: &str, arguments: Map<String, Value>) -> Result<Output, CallError> {
        let context = CallContext::new(Uuid::now_v7().to_string().into(), caller);
        let arguments = Arguments { members: arguments, exact: None };
        self.0.router.call_tool(context, tool, arguments).await
    }

    /// What a caller sees: categories, tools, and plugins that were left out.
    #[must_use]
    pub fn view(&self, caller: &Caller) -> View {
        self.0.router.view(caller)
    }

    /// Whether callers have to say who they are.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        self.0.authenticates
    }

    /// Reads the configuration again where it came from, exchanges grants, tenants, keys and lists of peers, and takes the plugin
    /// directory over, with files that were refused before. Answers what became of it.
    ///
    /// # Errors
    /// The new configuration is wrong, and the old one stays (the directory was taken over all the same); or the directory
    /// cannot be read; or the plugins are not loaded yet.
    pub async fn reload(&self) -> Result<Reloaded, HostError> {
        let plugins = self.0.plugins.get().ok_or(HostError::Loading)?;
        reload::everything(self.0.reload.as_ref(), plugins, crate::audit::HOST).await
    }

    /// Cancelled, it begins to stop the host: no new connections, and what serves answers what is in flight.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.0.stop.clone()
    }

    /// Stops, waits for what is in flight (`server.drain` at most), and for what is written.
    ///
    /// # Errors
    /// The last records of the audit log are not on disk.
    pub async fn shutdown(&self) -> Result<(), HostError> {
        let Inner { router, stop, background, upstreams, reactor, store, usage, .. } = &*self.0;
        router.set_ready(false);
        stop.cancel();
        background.close();
        background.wait().await;
        upstreams.stop().await;
        if let Some(reactor) = reactor.clone() {
            // It joins a thread.
            drop(tokio::task::spawn_blocking(move || reactor.stop()).await);
        }
        usage.write().await;
        let flushed = store.flush().await.context("audit: the last records are not on disk");
        flushed.map_err(HostError::data)
    }
}
