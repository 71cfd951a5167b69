//! What the configuration says to the router and to the gateway.

use std::sync::Arc;

use tandem_config::{EndpointConfig, EndpointToolConfig, Exposure, Fallback, HostConfig, NamePattern};
use tandem_engine::WIT_PACKAGES;
use tandem_gateway::{EndpointTool, GatewayConfig, NamedEndpoint, OperatorToken, Versions};
use tandem_router::RouterConfig;
use tokio::runtime::Handle;

use crate::{
    tenants::{self, Limits},
    threads::workers,
};

/// The router of a configuration. Inside a runtime's context.
#[must_use]
pub fn router_config(config: &HostConfig, limits: Arc<Limits>) -> RouterConfig {
    RouterConfig {
        workers: workers(config),
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

/// What a host speaks.
#[must_use]
pub fn versions() -> Versions {
    Versions { wit: WIT_PACKAGES.to_vec(), configuration: tandem_config::VERSION, ..Versions::default() }
}

/// One chosen part of the tools.
fn named(name: &str, endpoint: &EndpointConfig) -> NamedEndpoint {
    let patterns = |patterns: &[NamePattern]| patterns.iter().map(ToString::to_string).collect();
    let shown = |tool: &EndpointToolConfig| EndpointTool {
        name: tool.name.as_ref().map(ToString::to_string),
        description: tool.description.clone(),
        arguments: tool.arguments.clone().into_iter().collect(),
    };
    NamedEndpoint {
        name: name.to_owned(),
        tenants: patterns(&endpoint.tenants),
        categories: patterns(&endpoint.categories),
        include: patterns(&endpoint.include),
        exclude: patterns(&endpoint.exclude),
        read_only: endpoint.read_only,
        lists_all: endpoint.exposure == Exposure::Full,
        pinned: endpoint.pinned.iter().map(ToString::to_string).collect(),
        tools: endpoint.tools.iter().map(|(own, tool)| (own.to_string(), shown(tool))).collect(),
    }
}

/// The gateway of a configuration.
#[must_use]
pub fn gateway_config(config: &HostConfig) -> GatewayConfig {
    let (server, tasks) = (&config.server, &config.tasks);
    let full = server.exposure == Exposure::Full;
    let mut allowed_hosts: Vec<_> = server.allowed_hosts.iter().map(ToString::to_string).collect();
    // The name in the tokens is the one that clients use.
    allowed_hosts.extend(config.auth.as_ref().and_then(|auth| auth.audience.host()));
    GatewayConfig {
        allowed_hosts,
        versions: versions(),
        connection_limit: server.connection_limit as usize,
        head_timeout: server.head_timeout.as_duration(),
        idle_timeout: server.idle_timeout.as_duration(),
        body_timeout: server.body_timeout.as_duration(),
        write_timeout: server.write_timeout.as_duration(),
        operator_token: server.metrics_token.as_ref().map(|token| OperatorToken::new(token.expose())),
        session_limit_per_tenant: server.session_limit_per_tenant.map(|limit| limit as usize),
        exposure: if full { tandem_gateway::Exposure::Full } else { tandem_gateway::Exposure::Hierarchical },
        allowed_origins: server.allowed_origins.iter().map(ToString::to_string).collect(),
        endpoints: config.endpoints.iter().map(|(name, endpoint)| named(name.as_str(), endpoint)).collect(),
        session_limit: server.session_limit as usize,
        session_idle: server.session_idle.as_duration(),
        max_body: server.max_body.as_usize(),
        drain: server.drain.as_duration(),
        inline_limit: config.results.inline_limit.as_usize(),
        task_limit: tasks.limit as usize,
        task_limit_per_tenant: tasks.limit_per_tenant.map(|limit| limit as usize),
        task_after: tasks.after.as_duration(),
        task_keep: tasks.keep.as_duration(),
        task_max_result: tasks.max_result.as_usize(),
        ..GatewayConfig::default()
    }
}
