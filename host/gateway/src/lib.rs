//! The protocol edge: MCP, REST, health and metrics over the router.
//!
//! **Promises.** What a client sees depends on the endpoint and on who asks, never on what it asked before. Both eras of
//! MCP are served from the same handler, over HTTP and over stdio. A client that goes away, or cancels, stops the guest
//! that works for it. Every answer carries a request id that is in the log too.
//!
//! Where callers authenticate, nothing of one tenant shows to another: not its sessions, streams, suspended calls, tasks and
//! progress, nor any figure that counts its calls. What belongs to another is not found, like what never was.
//!
//! | Path | Who may |
//! |---|---|
//! | `/health`, `/health/ready`, `/.well-known/oauth-protected-resource` | everybody: probes and clients without a token yet |
//! | `/mcp…`, `/v1/…`, `/tools/execute`, `/openapi.json`, `/` | every caller, for what is there for it |
//! | `/metrics`, `/health/runtime` | the operator, by token; without one, only where nobody authenticates |
//!
//! **Bounds.** Connections, sessions, listeners, suspended calls, tasks, heads, bodies, pages and batches; each has a limit in
//! [`GatewayConfig`] and a typed refusal, and one tenant has at most half of what all share. Clients that send or read too
//! slowly are cut. Shutdown ends after the drain time, whatever clients do.
//!
//! **Refuses.** Requests from web pages of others (`Origin`), requests under a name that is not this host's (`Host`),
//! states that this host did not seal, and calls before plugins are loaded.
//!
//! Nothing here decides whether a call may run or runs it: decode, authenticate, ask the router, encode.

#![forbid(unsafe_code)]

mod apart;
mod auth;
mod body;
mod config;
mod cors;
mod described;
mod drain;
mod endpoint;
mod guard;
mod heads;
mod health;
mod http;
mod incoming;
mod intake;
mod lines;
mod listen;
mod login;
mod mcp;
mod meta;
mod metrics;
mod pieces;
mod pipe;
mod places;
mod problem;
mod renumber;
mod rest;
mod rpc;
mod sessions;
mod slow;
mod standard;
mod stdio;
mod strict;

use std::{sync::Arc, time::Instant};

use metrics_exporter_prometheus::PrometheusHandle;
use rmcp::model::{
    Implementation, MetaObject, PromptsCapability, ResourcesCapability, ServerCapabilities, ServerConfig,
    TASKS_EXTENSION_ID, ToolsCapability,
};
use serde_json::Value;
use tandem_router::Router;
use tokio_util::sync::CancellationToken;

pub use auth::{
    ApiKey, AuthError, Authenticator, IssuerError, KeyRing, LocalOnly, OAuthConfig, OperatorToken, ResourceMetadata,
    Rotation, Tenant, TenantAuth,
};
pub use config::{ConfigError, Exposure, GatewayConfig, StateKey};
pub use health::{HealthPart, Unready};
pub use listen::ServeError;
pub use stdio::StdioError;

/// Names of the tools that every host has, and that no plugin's tool can have therefore.
pub fn meta_tools() -> impl Iterator<Item = &'static str> {
    meta::tools().iter().map(|tool| &*tool.name)
}

/// The edge of one host. Clones share everything.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// What a host adds to its gateway.
pub struct GatewayParts {
    /// Asked who a request comes from.
    pub authenticator: Arc<dyn Authenticator>,
    /// Asked by `GET /health/ready` whether something else keeps the host from being ready.
    pub unready: Option<Unready>,
    /// Parts of `GET /health/runtime`, beside lanes, categories and plugins.
    pub health: Vec<HealthPart>,
}

impl std::fmt::Debug for GatewayParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayParts").field("authenticator", &self.authenticator).finish_non_exhaustive()
    }
}

/// What all requests share.
struct Shared {
    router: Router,
    config: GatewayConfig,
    auth: Arc<dyn Authenticator>,
    guard: guard::Guard,
    info: ServerConfig,
    /// `info.server_info`, as it stands in results.
    server_info: Value,
    lists: mcp::lists::Lists,
    suspended: mcp::mrtr::SuspendedCalls,
    sealer: mcp::mrtr::Sealer,
    /// None where calls stay calls.
    tasks: Option<Arc<mcp::tasks::Tasks>>,
    /// Credentials that were refused.
    refused: auth::Refused,
    /// Why the host is not ready though it serves; none where nobody says so.
    unready: Option<Unready>,
    listeners: Arc<places::Places>,
    in_flight: Arc<drain::InFlight>,
    /// Cancelled when the host begins to shut down.
    draining: CancellationToken,
    metrics: Option<PrometheusHandle>,
    health: Vec<HealthPart>,
    started: Instant,
}

impl Gateway {
    /// A gateway that lets everybody in as the local caller.
    ///
    /// # Errors
    ///
    /// When a setting makes no sense, or there are no random bytes for the state key.
    pub fn new(router: Router, config: GatewayConfig) -> Result<Self, ConfigError> {
        Self::with_authenticator(router, config, Arc::new(LocalOnly::default()))
    }

    /// A gateway that asks `auth` who a request comes from.
    ///
    /// # Errors
    ///
    /// As [`Gateway::new`].
    pub fn with_authenticator(
        router: Router,
        config: GatewayConfig,
        authenticator: Arc<dyn Authenticator>,
    ) -> Result<Self, ConfigError> {
        Self::with_parts(router, config, GatewayParts { authenticator, unready: None, health: Vec::new() })
    }

    /// A gateway with all that its host adds.
    ///
    /// # Errors
    ///
    /// As [`Gateway::new`].
    pub fn with_parts(router: Router, config: GatewayConfig, parts: GatewayParts) -> Result<Self, ConfigError> {
        let auth = parts.authenticator;
        config.check()?;
        let guard = guard::Guard::new(&config.allowed_hosts, &config.allowed_origins)?;
        let key = match &config.state_key {
            Some(key) => key.clone(),
            None => random_key()?,
        };
        let open = auth.is_open();
        let server = Implementation::new(&config.server_name, &config.server_version);
        let server_info = serde_json::to_value(&server).unwrap_or_default();
        Ok(Self(Arc::new(Shared {
            router,
            auth,
            guard,
            info: ServerConfig::new(capabilities(config.tasks.is_some())).with_server_info(server),
            server_info,
            lists: mcp::lists::Lists::new(),
            suspended: mcp::mrtr::SuspendedCalls::new(
                config.suspended_limit,
                places::share(config.suspended_limit, open),
                config.suspended_ttl,
            ),
            sealer: mcp::mrtr::Sealer::new(&key),
            tasks: config.tasks.clone().map(|store| mcp::tasks::Tasks::new(store, &config, open)),
            refused: auth::Refused::default(),
            unready: parts.unready,
            listeners: places::Places::new(config.subscription_limit, places::share(config.subscription_limit, open)),
            in_flight: Arc::default(),
            draining: CancellationToken::new(),
            metrics: metrics::recorder(),
            health: parts.health,
            started: Instant::now(),
            config,
        })))
    }
}

impl Gateway {
    /// Does what tasks need while the host lives: call it once, when the plugins are loaded. It ends some time after `stop`:
    /// tasks get the drain time then, and are stopped. With `upkeep` it also ends the leases of hosts that died and
    /// forgets old tasks, which the reactor does where there is one.
    pub async fn keep_tasks(&self, upkeep: bool, stop: CancellationToken) {
        if let Some(tasks) = &self.0.tasks {
            mcp::tasks::keep::keep(self.0.clone(), tasks.clone(), upkeep, stop).await;
        }
    }
}

impl Shared {
    /// The `_meta` that names this server.
    fn server_meta(&self) -> MetaObject {
        let mut meta = MetaObject::new();
        meta.insert("io.modelcontextprotocol/serverInfo".to_owned(), self.server_info.clone());
        meta
    }
}

fn random_key() -> Result<StateKey, ConfigError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| ConfigError::Random(error.to_string()))?;
    Ok(StateKey::new(bytes))
}

fn capabilities(tasks: bool) -> ServerCapabilities {
    let mut tools = ToolsCapability::default();
    tools.list_changed = Some(true);
    let mut prompts = PromptsCapability::default();
    prompts.list_changed = Some(true);
    let mut resources = ResourcesCapability::default();
    resources.list_changed = Some(true);
    resources.subscribe = Some(true);
    let mut capabilities = ServerCapabilities::default();
    capabilities.tools = Some(tools);
    capabilities.prompts = Some(prompts);
    capabilities.resources = Some(resources);
    capabilities.completions = Some(serde_json::Map::new());
    capabilities.logging = Some(serde_json::Map::new());
    if tasks {
        capabilities.extensions.get_or_insert_default().insert(TASKS_EXTENSION_ID.to_owned(), serde_json::Map::new());
    }
    capabilities
}
