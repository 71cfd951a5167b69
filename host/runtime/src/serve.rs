//! A host, from its start to its end.
//!
//! Start: configuration, store, reactor, engine, plugins, listeners, ready. Stop: not ready, no new connections, calls in
//! flight, reactor, store.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use tandem_catalog::{Catalog, Rejected};
use tandem_config::{Exposure, Fallback, HostConfig};
use tandem_engine::{CompileBudget, Compiler, Engine, EngineConfig, Origin, Services};
use tandem_gateway::{Gateway, GatewayConfig, OperatorToken};
use tandem_router::{Router, RouterConfig};
use tandem_store::Store;
use tandem_types::Caller;
use tokio::{
    net::TcpListener,
    runtime::{Handle, Runtime},
};
use tokio_util::sync::CancellationToken;

use crate::{
    admin::{self, Admin, P2pParts},
    alone::Alone,
    audit,
    auth::{self, Auth},
    config::{self, ConfigSource},
    descriptors::Descriptors,
    grants::Grants,
    health,
    live::Policy,
    load::{LoadObserver, LoadOptions, load_directory},
    peers::Operator,
    reactor,
    reload::{self, Plugins, Reload},
    supply::{self, Supply},
    tenants::{self, Limits},
    warnings,
};

/// A ninth of the processor beside a thread that serves.
const WORK_NICENESS: i32 = 10;

/// Threads for what blocks: guests' file operations, name lookups, the host's own. The runtime's 512 were all started by a few
/// guests that ask for metadata in a loop; what waits for a thread is bounded by what asks.
const BLOCKING_THREADS: usize = 64;

/// Tasks that a thread polls between two looks at its timers and sockets. A guest that computes yields each millisecond, so that
/// with the runtime's 61 others waited up to 61 ms beside 32 loops of one tenant: their 99th percentile was 66 ms, and is 30 ms
/// with this on a busy machine with two cores. A look costs about a microsecond.
const EVENT_INTERVAL: u32 = 8;

/// How a host is served.
pub struct ServeOptions {
    /// Where its configuration is read again.
    pub source: ConfigSource,
    /// MCP over standard input and output instead of HTTP.
    pub stdio: bool,
    /// What clients of `/mcp` see, over the configuration.
    pub exposure: Option<Exposure>,
    /// Compiles plugins in processes of their own; none compiles in this one.
    pub compiler: Option<CompilerProgram>,
    /// Is told how far the first loading is.
    pub progress: Arc<dyn LoadObserver + Send + Sync>,
    /// Is told that the host listens and has loaded its plugins.
    pub ready: Box<dyn FnOnce(&Ready) + Send>,
    /// Cancelled, it ends the host.
    pub stop: CancellationToken,
}

/// A program that compiles components, as [`tandem_engine::compile`] does with the order that is its last argument.
#[derive(Clone, Debug)]
pub struct CompilerProgram {
    /// The program.
    pub program: std::path::PathBuf,
    /// What comes before the order.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(String, String)>,
}

/// A host that listens.
pub struct Ready {
    /// Where.
    pub address: std::net::SocketAddr,
    /// What it has.
    pub router: Router,
    /// How many tools of plugins.
    pub tools: usize,
    /// Whether callers have to say who they are.
    pub authenticates: bool,
}

/// The runtime that serves.
///
/// # Errors
/// The system gives no threads.
pub fn general_runtime(config: &HostConfig) -> std::io::Result<Runtime> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_name("general").max_blocking_threads(BLOCKING_THREADS);
    runtime.event_interval(EVENT_INTERVAL);
    if config.general.workers > 0 {
        runtime.worker_threads(config.general.workers.into());
    }
    runtime.build()
}

/// Threads that decode, check and encode what is large. Where cores are scarce, those that serve come first.
pub fn work_threads() -> std::io::Result<Runtime> {
    let yields = || {
        // Of this thread only. Without it, they compete as equals.
        if let Err(error) = rustix::process::setpriority_process(None, WORK_NICENESS) {
            tracing::debug!(%error, "a work thread keeps its priority");
        }
    };
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("work").on_thread_start(yields).build()
}

/// Runs a host until it is stopped.
///
/// # Errors
/// It cannot start with this configuration, or its listener failed.
pub async fn serve(
    options: ServeOptions,
    config: &Arc<HostConfig>,
    work: &Handle,
    descriptors: Descriptors,
    start: Instant,
) -> anyhow::Result<()> {
    // Over standard input, a client's windows each have a host.
    let _alone = (!options.stdio || config.reactor.enabled).then(|| Alone::take(config)).transpose()?;
    let path = config::store_path(config);
    let store = Store::open_with(&path, &[tandem_queue::TABLES])
        .with_context(|| format!("cannot open the store {}; is it writable?", path.display()))?;
    let store = store.with_retention(audit::retention(config));
    let policy = Policy::new(config.clone(), store.overlays().await?);
    let plugins = reload::Loaded::default();
    let admin = Admin::new(store.clone(), policy.clone()).await?.with_plugins(plugins.clone());
    let catalog = Arc::new(Catalog::beside(tandem_gateway::meta_tools()).with_network(config.reactor.enabled));
    let limits = Arc::new(Limits::new(config.clone(), descriptors));
    let issued = admin.keys.subscribe();
    let asks = auth::asks(config, &issued.borrow());
    let tasks = reactor::task_store(config, &store);
    let Auth { authenticator, ring } = Auth::new(config, &issued.borrow().clone(), options.stdio)?;
    let peers = Operator::new(policy.clone(), ring.is_some().then(|| authenticator.clone()));
    let reactor = reactor::start(config, peers, (&store, &tasks), asks).await?;
    let services = Services::with_store(store.clone()).trusting(config::authorities(config)?);
    let services = Arc::new(match &reactor {
        Some(reactor) => services.with_extension(reactor.clone()),
        None => services,
    });
    admin.set_p2p(P2pParts { tasks: tasks.clone(), reactor: reactor.clone() });
    let router = RouterConfig {
        reactor: reactor.as_ref().map(|reactor| reactor.lane().clone()),
        descriptors: descriptors.for_guests(),
        work: work.clone(),
        ..router_config(config, limits.clone())
    };
    let router = Router::new(catalog.clone(), services.clone(), router);
    if let Some(reactor) = &reactor {
        reactor.set_tools(Arc::new(router.clone()));
    }
    // The gateway comes before the plugins: it owns the recorder of all that is counted.
    let gateway_config = GatewayConfig {
        tasks: Some(tasks),
        connection_limit: descriptors.for_connections(config.server.connection_limit) as usize,
        ..gateway_config(options.exposure, config)
    };
    let gateway = Gateway::with_authenticator(router.clone(), gateway_config, authenticator)?;
    gateway.set_unready(health::unready(config, &router, audit::unready(store.clone(), config.audit_required())));
    gateway.set_health(health::parts(reactor.clone(), store.clone()));
    let stop = options.stop.clone();
    if !options.stdio {
        // Over standard input the only caller is fixed, and a hang-up is the end of the terminal.
        let (store, plugins, policy) = (store.clone(), plugins.clone(), policy.clone());
        let (source, router) = (options.source.clone(), router.clone());
        let reload =
            Arc::new(Reload { source, ring, policy, store, limits, router, issued, plugins, reactor: reactor.clone() });
        reload::on_keys(reload.clone());
        reload::on_signal(reload.clone())?;
        admin.set_reload(reload);
    }
    tokio::spawn(audit::rotate(store.clone(), stop.clone()));
    tokio::spawn(audit::resume(store.clone(), stop.clone()));
    tokio::spawn(admin::watch(admin.clone(), stop.clone()));
    if let Err(error) = admin::open(admin, stop.clone()).await {
        tracing::error!(
            "grants and keys can be changed only beside the host, and are seen a second later: {}",
            crate::errors::chain(&error)
        );
    }
    // The listener is there before the plugins: health checks see a host that is alive and not yet ready.
    let listener = if options.stdio { None } else { Some(listen(config, asks).await?) };
    let ended = store.clone();
    let loading = tokio::task::spawn_blocking({
        let (config, router, stop) = (config.clone(), router.clone(), stop.clone());
        let (compiler, progress) = (options.compiler.clone(), options.progress.clone());
        move || {
            let grants = Grants::new(policy.clone(), Supply::new(config.clone(), store.clone())?);
            let (engine, tools) =
                load(&config, compiler, &*progress, &grants, &store, services, &catalog, &router, start)?;
            let watched = config.plugins.watch;
            let loaded = Arc::new(Plugins::new(engine, policy, config, store, catalog)?);
            drop(plugins.set(loaded.clone()));
            reload::on_changes(loaded, watched, stop);
            Ok::<_, anyhow::Error>(tools)
        }
    });
    let beside = match &reactor {
        Some(reactor) if !options.stdio => reactor::serve(config, reactor, &gateway, asks, &stop).await,
        _ => None,
    };
    let tasks;
    let served = match listener {
        Some(listener) => {
            let address = listener.local_addr()?;
            let serving = tokio::spawn({
                let (gateway, stop) = (gateway.clone(), stop.clone());
                async move { gateway.serve_http(listener, stop).await }
            });
            let tools = loading.await??;
            (options.ready)(&Ready { address, router: router.clone(), tools, authenticates: asks });
            tasks = keep_tasks(&gateway, reactor.is_none(), &stop);
            serving.await?.context("the HTTP server failed")
        }
        None => {
            loading.await??;
            tasks = keep_tasks(&gateway, reactor.is_none(), &stop);
            gateway.serve_stdio(stop.clone()).await.context("serving standard input failed")
        }
    };
    router.set_ready(false);
    stop.cancel();
    tasks.await?;
    if let Some(beside) = beside {
        drop(beside.await);
    }
    if let Some(reactor) = reactor {
        tokio::task::spawn_blocking(move || reactor.stop()).await?;
    }
    if let Err(error) = ended.flush().await {
        tracing::error!(%error, "the last records of the audit log are not on disk");
    }
    served
}

fn keep_tasks(gateway: &Gateway, upkeep: bool, stop: &CancellationToken) -> tokio::task::JoinHandle<()> {
    let (gateway, stop) = (gateway.clone(), stop.clone());
    tokio::spawn(async move { gateway.keep_tasks(upkeep, stop).await })
}

async fn listen(config: &HostConfig, asks: bool) -> anyhow::Result<TcpListener> {
    let address = std::net::SocketAddr::new(config.server.host, config.server.port);
    auth::check_listener(config, asks, &address)?;
    let listening = TcpListener::bind(address).await;
    listening.with_context(|| format!("cannot listen on {address}; choose another port with --set server.port=N"))
}

pub fn router_config(config: &HostConfig, limits: Arc<Limits>) -> RouterConfig {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    RouterConfig {
        workers: Some(config.general.workers.into()).filter(|workers| *workers > 0).unwrap_or_else(cores),
        tenants: limits,
        audited: tenants::audited(config),
        audit_required: config.audit_required(),
        max_running: config.server.max_concurrent_requests as usize,
        reactor_fallback: config.reactor.fallback == Fallback::General,
        reactor_cpu: config.reactor.cpu.as_duration(),
        reactor_patience: config.reactor.fallback_timeout.as_duration(),
        ..RouterConfig::new(Handle::current())
    }
}

pub fn gateway_config(exposure: Option<Exposure>, config: &HostConfig) -> GatewayConfig {
    let (server, tasks) = (&config.server, &config.tasks);
    let full = exposure.unwrap_or(server.exposure) == Exposure::Full;
    let mut allowed_hosts: Vec<_> = server.allowed_hosts.iter().map(ToString::to_string).collect();
    // The name in the tokens is the one that clients use.
    allowed_hosts.extend(config.auth.as_ref().and_then(|auth| auth.audience.host()));
    GatewayConfig {
        allowed_hosts,
        connection_limit: server.connection_limit as usize,
        head_timeout: server.head_timeout.as_duration(),
        idle_timeout: server.idle_timeout.as_duration(),
        body_timeout: server.body_timeout.as_duration(),
        write_timeout: server.write_timeout.as_duration(),
        operator_token: server.metrics_token.as_ref().map(|token| OperatorToken::new(token.expose())),
        session_limit_per_tenant: server.session_limit_per_tenant.map(|limit| limit as usize),
        exposure: if full { tandem_gateway::Exposure::Full } else { tandem_gateway::Exposure::Hierarchical },
        allowed_origins: server.allowed_origins.iter().map(ToString::to_string).collect(),
        session_limit: server.session_limit as usize,
        session_idle: server.session_idle.as_duration(),
        max_body: server.max_body.as_usize(),
        drain: server.drain.as_duration(),
        task_limit: tasks.limit as usize,
        task_limit_per_tenant: tasks.limit_per_tenant.map(|limit| limit as usize),
        task_after: tasks.after.as_duration(),
        task_keep: tasks.keep.as_duration(),
        task_max_result: tasks.max_result.as_usize(),
        ..GatewayConfig::default()
    }
}

/// Starts the engine, loads the plugins and opens the doors. Answers the engine and the number of tools.
#[allow(clippy::too_many_arguments, reason = "all that a host consists of")]
fn load(
    config: &HostConfig,
    compiler: Option<CompilerProgram>,
    progress: &dyn LoadObserver,
    grants: &Grants,
    store: &Store,
    services: Arc<Services>,
    catalog: &Catalog,
    router: &Router,
    start: Instant,
) -> anyhow::Result<(Engine, usize)> {
    let engine = EngineConfig {
        max_instances: config.server.max_concurrent_requests,
        max_memory: config.limits.memory.as_u64(),
    };
    let compiled = match &config.plugins.compiled_directory {
        Some(directory) => directory.into(),
        None => config::below_data(config, "compiled".as_ref()),
    };
    let engine = Engine::new(engine, Some(&compiled), services, &[&tandem_cluster::P2p])?
        .with_compiler(compile_with(config, compiler));
    let options = LoadOptions::of(config)?;
    let loading = Loading::new(progress);
    let loaded = load_directory(&engine, &options, grants, &loading).with_context(|| {
        format!(
            "cannot read the plugin directory {}; build the plugins with `make plugins`, or set plugins.directory",
            options.directory.display()
        )
    });
    let (categories, rejected) = loaded?;
    let collided = catalog.install(categories, rejected);
    let view = router.view(&Caller::local());
    for rejected in &collided {
        tracing::error!(file = rejected.file, "plugin left out: {}", rejected.reason);
    }
    Handle::current().block_on(supply::note(store, &view, &loading.replaced()))?;
    warnings::grants(config, catalog, grants.policy());
    router.set_ready(true);
    let (categories, tools) = (view.categories().count(), view.tools().count());
    let took_ms = start.elapsed().as_millis() as u64;
    let (compiling, left_out): (Vec<_>, Vec<_>) = view.rejected().iter().partition(|rejected| rejected.compiling);
    let (left_out, compiling) = (left_out.len(), compiling.len());
    tracing::info!(categories, tools, left_out, compiling, took_ms, "ready");
    Ok((engine, tools))
}

/// Compiles in processes of a program, or here.
fn compile_with(config: &HostConfig, program: Option<CompilerProgram>) -> Compiler {
    let Some(CompilerProgram { program, arguments, environment }) = program else { return Compiler::Here };
    let budget = CompileBudget {
        cpu: config.plugins.compile_cpu.as_duration(),
        memory: config.plugins.compile_memory.as_u64(),
        patience: config.plugins.compile_patience.as_duration(),
    };
    Compiler::Apart { program, arguments, environment, budget }
}

/// Logs and counts what is loaded, and hands it on to who shows it.
struct Loading<'a> {
    shown: &'a dyn LoadObserver,
    replaced: Mutex<Vec<String>>,
}

impl<'a> Loading<'a> {
    fn new(shown: &'a dyn LoadObserver) -> Self {
        Self { shown, replaced: Mutex::default() }
    }

    /// The files whose compiled code was not authentic.
    fn replaced(&self) -> Vec<String> {
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl LoadObserver for Loading<'_> {
    fn found(&self, files: usize) {
        self.shown.found(files);
    }

    fn begun(&self, file: &str) {
        self.shown.begun(file);
    }

    fn loaded(&self, file: &str, origin: Origin, took: Duration) {
        self.shown.loaded(file, origin, took);
        let how = match origin {
            Origin::Cached => "from the compiled-code cache",
            Origin::Compiled => "compiled",
            Origin::Replaced => {
                self.replaced.lock().unwrap_or_else(PoisonError::into_inner).push(file.to_owned());
                "compiled anew"
            }
        };
        metrics::histogram!("tandem_compile_seconds").record(took.as_secs_f64());
        tracing::info!(file, took_ms = took.as_millis() as u64, "plugin loaded, {how}");
    }

    fn rejected(&self, rejected: &Rejected) {
        self.shown.rejected(rejected);
        // Of one that is being compiled it is said when that begins.
        if !rejected.compiling {
            tracing::error!(file = rejected.file, "plugin left out: {}", rejected.reason);
        }
    }
}
