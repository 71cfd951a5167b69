//! Builds the gateway of a host from its parts.

use std::{sync::Arc, time::Instant};

use rmcp::model::{
    Implementation, PromptsCapability, ResourcesCapability, ServerCapabilities, ServerConfig, TASKS_EXTENSION_ID,
    ToolsCapability,
};
use tandem_router::Router;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{self, Authenticator, LocalOnly},
    config::{ConfigError, GatewayConfig, StateKey},
    endpoints::NamedEndpoints,
    guard, limiter, mcp, metrics,
    ports::{HealthPart, Unready},
    results::Results,
    state::AppState,
};

/// The edge of one host. Clones share everything.
#[derive(Clone)]
pub struct Gateway(pub(crate) Arc<AppState>);

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
        let server_info = Arc::new(serde_json::to_value(&server).unwrap_or_default());
        Ok(Self(Arc::new(AppState {
            router,
            auth,
            guard,
            info: ServerConfig::new(capabilities(config.tasks.is_some())).with_server_info(server),
            server_info,
            endpoints: NamedEndpoints::new(&config.endpoints),
            lists: mcp::lists::Lists::new(),
            suspended: mcp::mrtr::SuspendedCalls::new(
                config.suspended_limit,
                limiter::share(config.suspended_limit, open),
                config.suspended_ttl,
            ),
            sealer: mcp::mrtr::Sealer::new(&key),
            results: config.results.clone().map(|store| Results::new(store, config.inline_limit)),
            tasks: config.tasks.clone().map(|store| mcp::tasks::Tasks::new(store, &config, open)),
            refused: auth::Refused::default(),
            unready: parts.unready,
            listeners: limiter::TenantLimiter::new(
                config.subscription_limit,
                limiter::share(config.subscription_limit, open),
            ),
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
