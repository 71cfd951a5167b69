//! `[server]`: the general lane's listener.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::{ByteSize, HumanDuration, Name, Secret};

use super::{HostName, WebOrigin, values::ip_address};

/// What `/mcp` lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// The meta-tools, through which every tool is found and called.
    #[default]
    Hierarchical,
    /// Every tool.
    Full,
}

/// What may keep a host from being ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReadyPart {
    /// The reactor lane, where the host has one.
    Reactor,
    /// Every file of the plugin directory: none is refused or still compiling.
    Plugins,
}

/// The general lane's listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ServerConfig {
    /// The address to listen on.
    #[serde(deserialize_with = "ip_address")]
    pub host: IpAddr,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// What `/mcp` lists.
    pub exposure: Exposure,
    /// Requests at a time; more are answered with "busy".
    pub max_concurrent_requests: u32,
    /// Web origins that may call besides the listener's own, as `https://app.example.com`. Their pages may read the answers
    /// (CORS); a preflight is answered without credentials.
    pub allowed_origins: Vec<WebOrigin>,
    /// Names under which this host is reached, besides `localhost`, IP addresses and the host of `auth.audience`. A
    /// name that is not listed is refused: that is how a web page of others reaches a host (DNS rebinding).
    pub allowed_hosts: Vec<HostName>,
    /// Whether to listen beyond loopback without authentication.
    pub allow_unauthenticated: bool,
    /// The tenant of the process that speaks over standard input; none is `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdio_tenant: Option<Name>,
    /// What an operator shows to read `/metrics` and `/health/runtime`, which tell of all tenants. Without it they are
    /// closed where callers authenticate, and open where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_token: Option<Secret>,
    /// What has to be up beside the general lane, the listener and the audit log for `/health/ready` to say so.
    pub ready_requires: Vec<ReadyPart>,
    /// Open connections; more wait.
    pub connection_limit: u32,
    /// How long a client may take to send the head of its first request.
    pub head_timeout: HumanDuration,
    /// How long a connection stays open without a request.
    pub idle_timeout: HumanDuration,
    /// How long a client may take to send a request's body.
    pub body_timeout: HumanDuration,
    /// How long a client may take none of the bytes of an answer.
    pub write_timeout: HumanDuration,
    /// MCP sessions at a time. For the next one, an idle session is ended where there are no tenants; where there are, or none is
    /// idle, it is answered 503.
    pub session_limit: u32,
    /// MCP sessions of one tenant; none is half of all, so that no tenant takes them from the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_limit_per_tenant: Option<u32>,
    /// How long a session without a request is kept.
    pub session_idle: HumanDuration,
    /// The largest request body, and the longest line of standard input.
    pub max_body: ByteSize,
    /// How long calls in flight may go on after the host was told to stop.
    pub drain: HumanDuration,
}

impl ServerConfig {
    /// Where programs of this machine reach it. Who listens everywhere is reached at loopback.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        let host = if self.host.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { self.host };
        SocketAddr::new(host, self.port)
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8_000,
            exposure: Exposure::default(),
            max_concurrent_requests: 1_000,
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            allow_unauthenticated: false,
            stdio_tenant: None,
            metrics_token: None,
            ready_requires: Vec::new(),
            connection_limit: 4_096,
            head_timeout: HumanDuration::secs(10),
            idle_timeout: HumanDuration::secs(75),
            body_timeout: HumanDuration::secs(60),
            write_timeout: HumanDuration::secs(30),
            session_limit: 1_000,
            session_limit_per_tenant: None,
            session_idle: HumanDuration::secs(300),
            max_body: ByteSize::mib(4),
            drain: HumanDuration::secs(30),
        }
    }
}

impl Check for ServerConfig {
    fn check(&self, findings: &mut Findings) {
        let short = HumanDuration::millis(100);
        let why = "every request holds memory and perhaps an instance";
        findings.range("max-concurrent-requests", &self.max_concurrent_requests, &1, &100_000, why);
        findings.at_most("allowed-origins", self.allowed_origins.len(), 256);
        findings.at_most("allowed-hosts", self.allowed_hosts.len(), 256);
        findings.range("connection-limit", &self.connection_limit, &1, &1_000_000, "every connection holds memory");
        let why = "a slow client holds a connection for as long";
        for (key, timeout) in [
            ("head-timeout", &self.head_timeout),
            ("idle-timeout", &self.idle_timeout),
            ("body-timeout", &self.body_timeout),
            ("write-timeout", &self.write_timeout),
        ] {
            findings.range(key, timeout, &short, &HumanDuration::secs(600), why);
        }
        if let Some(limit) = &self.session_limit_per_tenant {
            let why = "a tenant needs one, and has no more than all";
            findings.range("session-limit-per-tenant", limit, &1, &self.session_limit.max(1), why);
        }
        findings.range("session-limit", &self.session_limit, &1, &1_000_000, "every session holds memory");
        let (second, day) = (HumanDuration::secs(1), HumanDuration::secs(24 * 3_600));
        findings.range("session-idle", &self.session_idle, &second, &day, "an idle session holds memory");
        let why = "a body is held in memory while it is read";
        findings.range("max-body", &self.max_body, &ByteSize::kib(1), &ByteSize::mib(64), why);
        let (none, ten_minutes) = (HumanDuration::millis(0), HumanDuration::secs(600));
        findings.range("drain", &self.drain, &none, &ten_minutes, "service managers kill what does not stop");
    }
}
