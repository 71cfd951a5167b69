//! The whole of `tandem.toml`, and the rules between its sections.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AuditCalls, AuditConfig, AuthConfig, EndpointConfig, GeneralConfig, OutgoingConfig, P2pConfig, PluginsConfig,
    ReactorConfig, ResultsConfig, RoutingConfig, ServerConfig, StoreConfig, TasksConfig, TelemetryConfig, TenantConfig,
    ToolsConfig, UpstreamConfig, origin, tables::check_tables, tenant, upstream,
};
use tandem_document::{Check, Findings};
use tandem_package::{Ceilings, Effective, Grants, Request};
use tandem_types::Name;

/// The version of the configuration: another one where a key is renamed, taken out or means something else.
pub const VERSION: u32 = 1;

/// The configuration of a host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HostConfig {
    /// The general lane's listener.
    pub server: ServerConfig,
    /// The reactor lane: the thread that owns the peer-to-peer network.
    pub reactor: ReactorConfig,
    /// The general lane's threads.
    pub general: GeneralConfig,
    /// Which lane tools run in that leave it open.
    pub router: RoutingConfig,
    /// Where plugins come from and whom they must be signed by.
    pub plugins: PluginsConfig,
    /// Which tools are served.
    pub tools: ToolsConfig,
    /// The ceilings of every plugin.
    pub limits: Ceilings,
    /// What the operator grants, by plugin.
    pub grants: BTreeMap<Name, Grants>,
    /// The tenants. Without any, every caller is the tenant `default`.
    pub tenants: BTreeMap<Name, TenantConfig>,
    /// MCP servers that are mounted as categories.
    pub upstreams: BTreeMap<Name, UpstreamConfig>,
    /// Chosen parts of the tools, each at `/mcp/e/NAME`.
    pub endpoints: BTreeMap<Name, EndpointConfig>,
    /// OAuth 2.1, beside the tenants' API keys. Without both, nobody authenticates and the host keeps to loopback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthConfig>,
    /// Long-running calls (MCP tasks extension).
    pub tasks: TasksConfig,
    /// Results that are too large for a message.
    pub results: ResultsConfig,
    /// The P2P network.
    pub p2p: P2pConfig,
    /// Outgoing HTTP.
    pub http: OutgoingConfig,
    /// The store of durable state.
    pub store: StoreConfig,
    /// The audit log.
    pub audit: AuditConfig,
    /// Logging.
    pub telemetry: TelemetryConfig,
    #[serde(skip)]
    pub(crate) origins: origin::Origins,
}

impl HostConfig {
    /// Whether callers have to say who they are: a tenant has API keys, or tokens are taken.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        self.auth.is_some() || self.tenants.values().any(|tenant| !tenant.keys.is_empty())
    }

    /// What a plugin has for a tenant.
    #[must_use]
    pub fn effective(&self, plugin: &str, request: &Request, tenant: &str) -> Effective {
        let none = Grants::default();
        let operator = self.grants.get(plugin).unwrap_or(&none);
        let tenant = self.tenants.get(tenant).and_then(|tenant| tenant.grants.get(plugin));
        Effective::intersect(request, operator, tenant)
    }

    /// Which calls are recorded, with `auto` settled.
    #[must_use]
    pub fn audited_calls(&self) -> AuditCalls {
        match self.audit.calls {
            AuditCalls::Auto if self.tenants.is_empty() && self.auth.is_none() => AuditCalls::Failures,
            AuditCalls::Auto => AuditCalls::All,
            settled => settled,
        }
    }

    /// Whether a call needs its record.
    #[must_use]
    pub fn audit_required(&self) -> bool {
        let tenants = !self.tenants.is_empty() || self.auth.is_some();
        self.audited_calls() != AuditCalls::None && self.audit.required.unwrap_or(tenants)
    }

    /// The JSON Schema of `tandem.toml`, for editors.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}

/// As the HTTP listener refuses to let everybody in beyond loopback.
const OPEN_WITHOUT_TENANTS: &str = "everybody who reaches p2p.listen could call every tool with all of its grants; name peers in \
    p2p.allow, set admission = \"psk\", add `[tenants.NAME]` so that peers have what p2p.tenant has, or listen on 127.0.0.1. To let \
    everybody in, set p2p.allow-unauthenticated = true";

impl HostConfig {
    /// A peer that was given a tenant which is not there would have no tools, and nobody would know why.
    fn check_peers(&self, findings: &mut Findings) {
        findings.within("tenants", |findings| {
            for (peer, name) in self.p2p.tenants.iter().filter(|(_, name)| !self.tenants.contains_key(*name)) {
                let message =
                    format!("`{name}` is not one of the tenants; name one of them, or add `[tenants.{name}]`");
                findings.report(peer.as_str(), message);
            }
        });
    }
}

impl Check for HostConfig {
    fn check(&self, findings: &mut Findings) {
        findings.within("server", |findings| self.server.check(findings));
        findings.within("reactor", |findings| self.reactor.check(findings));
        findings.within("general", |findings| self.general.check(findings));
        findings.within("plugins", |findings| self.plugins.check(findings));
        findings.within("tools", |findings| self.tools.check(findings));
        findings.within("limits", |findings| self.limits.check(findings));
        check_tables("grants", &self.grants, findings);
        check_tables("tenants", &self.tenants, findings);
        check_tables("endpoints", &self.endpoints, findings);
        tenant::check_keys_differ(&self.tenants, findings);
        check_tables("upstreams", &self.upstreams, findings);
        upstream::check_tenants(&self.upstreams, &self.tenants, findings);
        if let Some(auth) = &self.auth {
            findings.within("auth", |findings| auth.check(findings));
        }
        let stdio = self.server.stdio_tenant.as_ref().filter(|_| !self.tenants.is_empty());
        if let Some(name) = stdio.filter(|name| !self.tenants.contains_key(*name)) {
            let message = format!("`{name}` is not one of the tenants; name one of them, or add `[tenants.{name}]`");
            findings.within("server", |findings| findings.report("stdio-tenant", message));
        }
        if self.auth.is_some() && self.tenants.is_empty() {
            let message = "tokens name a tenant, and there is none; add `[tenants.NAME]`";
            findings.report("auth", message);
        }
        findings.within("p2p", |findings| {
            self.p2p.check(findings);
            if !self.tenants.is_empty() {
                self.check_peers(findings);
            } else if self.reactor.enabled && self.p2p.is_open_to_strangers() && !self.p2p.allow_unauthenticated {
                findings.report("admission", OPEN_WITHOUT_TENANTS);
            }
        });
        findings.within("tasks", |findings| self.tasks.check(findings));
        findings.within("results", |findings| self.results.check(findings));
        let (capacity, tasks) = (u64::from(self.p2p.task_queue.capacity), &self.tasks);
        let room = capacity.saturating_add(tasks.ended_per_tenant) <= tasks.stored_per_tenant;
        if !room && tasks.ended_per_tenant <= tasks.stored_per_tenant {
            let why = format!(
                "p2p.task-queue.capacity ({capacity}) and tasks.ended-per-tenant ({}) need at least {} stored tasks of a tenant, and \
                 tasks.stored-per-tenant is {}; raise it, or lower one of them",
                tasks.ended_per_tenant,
                capacity.saturating_add(tasks.ended_per_tenant),
                tasks.stored_per_tenant
            );
            findings.within("tasks", |findings| findings.report("stored-per-tenant", why));
        }
        findings.within("http", |findings| self.http.check(findings));
        findings.within("audit", |findings| self.audit.check(findings));
        findings.within("telemetry", |findings| self.telemetry.check(findings));
        let same = (self.server.host, self.server.port) == (self.reactor.host, self.reactor.port);
        if same && self.reactor.enabled && self.server.port != 0 {
            let message = "the server listens there already; the reactor needs a port of its own";
            findings.within("reactor", |findings| findings.report("port", message));
        }
    }
}
