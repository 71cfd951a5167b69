//! The parts of a host, opened and tied together before there are plugins.

use std::sync::Arc;

use anyhow::Context as _;
use tandem_catalog::Catalog;
use tandem_cluster::ClusterHandle;
use tandem_config::HostConfig;
use tandem_engine::Services;
use tandem_gateway::{Gateway, GatewayConfig, GatewayParts};
use tandem_router::{Router, RouterConfig};
use tandem_store::{ResultStore, Store, StoredKey};
use tandem_upstream::Upstreams;
use tokio::{runtime::Handle, sync::watch};
use tokio_util::sync::CancellationToken;

use crate::{
    admin::{self, Admin},
    audit,
    auth::{self, Auth},
    config::{self, ConfigSource},
    descriptors::Descriptors,
    health,
    live::Policy,
    peers::Operator,
    reactor,
    reload::{self, Reload},
    results,
    settings::{gateway_config, router_config},
    tenants::Limits,
    threads::Background,
};

/// What is on disk.
pub(crate) struct Stored {
    pub(crate) store: Store,
    pub(crate) policy: Arc<Policy>,
    /// The keys that were issued.
    pub(crate) keys: watch::Sender<Arc<[StoredKey]>>,
}

impl Stored {
    pub(crate) async fn open(config: &Arc<HostConfig>) -> anyhow::Result<Self> {
        let path = config::store_path(config);
        let store = Store::open_with(&path, &[tandem_queue::TABLES]);
        let store = store.with_context(|| format!("cannot open the store {}; is it writable?", path.display()))?;
        let store = store.with_retention(audit::retention(config));
        let policy = Policy::new(config.clone(), store.overlays().await?);
        let keys = watch::Sender::new(store.keys().await?.into());
        Ok(Self { store, policy, keys })
    }
}

/// What serves, before there are plugins.
pub(crate) struct Wired {
    pub(crate) services: Arc<Services>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) router: Router,
    pub(crate) gateway: Gateway,
    pub(crate) reactor: Option<Arc<ClusterHandle>>,
    pub(crate) tasks: tandem_queue::SqliteTasks,
    pub(crate) kept: Arc<ResultStore>,
    pub(crate) ring: Option<Arc<tandem_gateway::KeyRing>>,
    pub(crate) authenticates: bool,
}

impl Wired {
    pub(crate) async fn new(
        config: &Arc<HostConfig>,
        stored: &Stored,
        background: &Background,
        stdio: bool,
    ) -> anyhow::Result<Self> {
        let (descriptors, issued) = (Descriptors::current(), stored.keys.borrow().clone());
        let Stored { store, policy, .. } = stored;
        let catalog =
            Arc::new(Catalog::with_reserved_names(tandem_gateway::meta_tools()).with_network(config.reactor.enabled));
        let limits = Arc::new(Limits::new(config.clone(), descriptors));
        let authenticates = auth::asks(config, &issued);
        let tasks = reactor::task_store(config, store);
        let Auth { authenticator, ring } = Auth::new(config, &issued, stdio)?;
        let peers = Operator::new(policy.clone(), ring.is_some().then(|| authenticator.clone()));
        let cluster = reactor::prepare(config, peers, (store, &tasks), authenticates)?;
        let (reactor, starter) = cluster.unzip();
        let services = Services::with_store(store.clone()).trusting(config::authorities(config)?);
        let services = Arc::new(match &reactor {
            Some(reactor) => services.with_extension(reactor.clone()),
            None => services,
        });
        let router = RouterConfig {
            reactor: reactor.as_ref().map(|reactor| reactor.lane().clone()),
            descriptors: descriptors.for_guests(),
            background: background.calls(),
            work: background.work().unwrap_or_else(Handle::current),
            ..router_config(config, limits.clone())
        };
        let router = Router::new(catalog.clone(), services.clone(), router);
        if let Some(starter) = starter {
            starter.start(Arc::new(router.clone())).await?;
        }
        // The gateway comes before the plugins: it owns the recorder of all that is counted.
        let kept = results::results(config, store);
        let gateway_config = GatewayConfig {
            results: Some(kept.clone()),
            tasks: Some(tasks.clone()),
            connection_limit: descriptors.for_connections(config.server.connection_limit) as usize,
            ..gateway_config(config)
        };
        let audited = audit::unready(store.clone(), config.audit_required());
        let parts = GatewayParts {
            authenticator,
            unready: Some(health::unready(config, &router, audited)),
            health: health::parts(reactor.clone(), store.clone()),
        };
        let gateway = Gateway::with_parts(router.clone(), gateway_config, parts)?;
        Ok(Self { services, catalog, limits, router, gateway, reactor, tasks, kept, ring, authenticates })
    }

    pub(crate) fn reload(
        &self,
        source: Option<ConfigSource>,
        stored: &Stored,
        plugins: reload::Loaded,
        upstreams: Arc<Upstreams>,
    ) -> Reload {
        Reload {
            source,
            ring: self.ring.clone(),
            policy: stored.policy.clone(),
            store: stored.store.clone(),
            limits: self.limits.clone(),
            router: self.router.clone(),
            issued: stored.keys.subscribe(),
            plugins,
            upstreams,
            reactor: self.reactor.clone(),
        }
    }
}

/// Begins what a host does beside serving, until it stops.
pub(crate) async fn in_background(store: &Store, kept: Arc<ResultStore>, admin: Admin, stop: &CancellationToken) {
    tokio::spawn(results::sweep(kept, stop.clone()));
    tokio::spawn(audit::rotate(store.clone(), stop.clone()));
    tokio::spawn(audit::resume(store.clone(), stop.clone()));
    tokio::spawn(admin::watch(admin.clone(), stop.clone()));
    if let Err(error) = admin::open(admin, stop.clone()).await {
        tracing::error!(
            "admin socket: cannot open, changes go through the store and apply a second later: {}",
            crate::errors::chain(&error)
        );
    }
}
