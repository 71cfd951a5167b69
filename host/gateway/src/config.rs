//! What a gateway can be told, with the defaults of a host on loopback.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use serde::Serialize;
use tandem_queue::{MAX_CONTENT, SqliteTasks};
use tandem_store::ResultStore;

use crate::{auth::OperatorToken, endpoints::NamedEndpoint, revisions::revisions};

/// What a host speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Revisions of MCP, the oldest first.
    pub mcp: Vec<&'static str>,
    /// WIT packages that plugins may be built for.
    pub wit: Vec<&'static str>,
    /// The version of the configuration; 0 where there is none.
    pub configuration: u32,
}

impl Default for Versions {
    fn default() -> Self {
        Self { mcp: revisions().collect(), wit: Vec::new(), configuration: 0 }
    }
}

/// What an MCP endpoint lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Exposure {
    /// The meta-tools; an agent finds and calls the others through them.
    #[default]
    Hierarchical,
    /// Every tool.
    Full,
    /// The tools, prompts and resources of one category.
    Category(String),
}

impl FromStr for Exposure {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "hierarchical" => Ok(Self::Hierarchical),
            "full" => Ok(Self::Full),
            _ => match text.strip_prefix("category:") {
                Some(name) if !name.is_empty() => Ok(Self::Category(name.to_owned())),
                _ => Err(ConfigError::Exposure(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hierarchical => f.write_str("hierarchical"),
            Self::Full => f.write_str("full"),
            Self::Category(name) => write!(f, "category:{name}"),
        }
    }
}

/// The key that seals `requestState`. Hosts behind one address share it, so that each can check what another sealed.
#[derive(Clone)]
pub struct StateKey(pub(crate) [u8; 32]);

impl StateKey {
    /// Takes 32 bytes from a secret source.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateKey(..)")
    }
}

/// Why a gateway could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No such exposure.
    #[error("unknown exposure `{0}`: use `hierarchical`, `full` or `category:NAME`")]
    Exposure(String),
    /// Not an origin.
    #[error("`{0}` is not an origin: write `https://app.example.com`, with `:PORT` or `:*` where needed")]
    Origin(String),
    /// A bound of zero would refuse everything.
    #[error("`{0}` must not be zero")]
    Zero(&'static str),
    /// The operating system gave no random bytes.
    #[error("no random bytes for the state key: {0}")]
    Random(String),
}

/// Settings of a gateway. [`Default`] is a host on loopback with its own names allowed and nothing else.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// What `/mcp` and stdio list. Default: the meta-tools.
    pub exposure: Exposure,
    /// Chosen parts of the tools, each at `/mcp/e/` and its name. Default: none.
    pub endpoints: Vec<NamedEndpoint>,
    /// The name in `serverInfo`. Default: `tandem`.
    pub server_name: String,
    /// The version in `serverInfo`. Default: this crate's.
    pub server_version: String,
    /// What `/v1/version` says that the host speaks. Default: the revisions of MCP alone.
    pub versions: Versions,
    /// Host names that requests may be addressed to, beside `localhost` and IP addresses: a name that resolves to
    /// this host without being listed is how DNS rebinding works. `*` allows any. Default: none.
    pub allowed_hosts: Vec<String>,
    /// Origins of web pages that may call, beside pages of this host itself. `:*` stands for any port. Default: none.
    pub allowed_origins: Vec<String>,
    /// Open TCP connections; more wait in the kernel's queue. Default: 4096.
    pub connection_limit: usize,
    /// How long a client may take to send the head of a connection's first request. Default: 10 seconds.
    pub head_timeout: Duration,
    /// How long a connection may stay without a whole head after that. Default: 75 seconds, longer than the 60 seconds
    /// for which most proxies keep theirs.
    pub idle_timeout: Duration,
    /// How long a request's body may take; then it is answered 408. Default: 1 minute.
    pub body_timeout: Duration,
    /// How long a client may take nothing of an answer that waits for it; then its connection is cut. Default: 30
    /// seconds.
    pub write_timeout: Duration,
    /// How often the credentials behind an open event stream are looked at again. Default: 30 seconds.
    pub recheck: Duration,
    /// What opens `/metrics` and `/health/runtime`. Without it they are closed where callers authenticate.
    pub operator_token: Option<OperatorToken>,
    /// Sessions of clients of the older MCP revisions. For the next one, an idle session is ended where nobody authenticates;
    /// where callers do, or where none is idle, it is answered 503. Default: 1024.
    pub session_limit: usize,
    /// Sessions of one tenant. Default: half of all, where there are tenants.
    pub session_limit_per_tenant: Option<usize>,
    /// A session without any message for this long ends. Default: 5 minutes.
    pub session_idle: Duration,
    /// Open `subscriptions/listen` streams; the next is refused. One tenant has at most half. Default: 1024.
    pub subscription_limit: usize,
    /// Bytes in one request's body. Default: 4 MiB.
    pub max_body: usize,
    /// How long calls in flight may go on after shutdown began. Default: 30 seconds.
    pub drain: Duration,
    /// How long connections are still accepted while readiness already says no, for load balancers to notice.
    /// Default: none.
    pub unready: Duration,
    /// Entries in one page of a list. Default: 1000.
    pub page_size: usize,
    /// For how long clients may keep lists without asking again; they are told of changes. Default: 1 minute.
    pub list_ttl: Duration,
    /// For how long clients may keep what they read from a resource. Default: not at all.
    pub read_ttl: Duration,
    /// Calls that wait for answers of clients of MCP 2026-07-28, in the whole host. One tenant has at most half.
    /// Default: 256.
    pub suspended_limit: usize,
    /// How long such a call waits. Default: 5 minutes.
    pub suspended_ttl: Duration,
    /// Where calls that take long go on as tasks; the reactor of the same process has the same. Default: nowhere, calls stay
    /// calls.
    pub tasks: Option<SqliteTasks>,
    /// Tasks that run; a call that finds no place stays a call. Default: 64.
    pub task_limit: usize,
    /// Tasks of one tenant that run. Default: half of all, where there are tenants.
    pub task_limit_per_tenant: Option<usize>,
    /// How long a call is waited for before it becomes a task. Default: half a second.
    pub task_after: Duration,
    /// How long a task is kept, from its begin at least. Default: a day.
    pub task_keep: Duration,
    /// Bytes of a task's result, as JSON; at most [`MAX_CONTENT`]. Default: that.
    pub task_max_result: usize,
    /// Where results are kept that are too large for a message. Default: nowhere, every result is sent whole.
    pub results: Option<Arc<ResultStore>>,
    /// Bytes of a result that a message has, where the client names no other number. Default: 1 MiB.
    pub inline_limit: usize,
    /// How long a question to a client of an older revision may take. Default: 5 minutes.
    pub client_timeout: Duration,
    /// Seals `requestState`. Default: random, so that no state outlives the process.
    pub state_key: Option<StateKey>,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            exposure: Exposure::default(),
            endpoints: Vec::new(),
            server_name: "tandem".to_owned(),
            server_version: env!("CARGO_PKG_VERSION").to_owned(),
            versions: Versions::default(),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            connection_limit: 4096,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            recheck: Duration::from_secs(30),
            operator_token: None,
            session_limit: 1024,
            session_limit_per_tenant: None,
            session_idle: Duration::from_secs(300),
            subscription_limit: 1024,
            max_body: 4 << 20,
            drain: Duration::from_secs(30),
            unready: Duration::ZERO,
            page_size: 1000,
            list_ttl: Duration::from_secs(60),
            read_ttl: Duration::ZERO,
            suspended_limit: 256,
            suspended_ttl: Duration::from_secs(300),
            tasks: None,
            task_limit: 64,
            task_limit_per_tenant: None,
            task_after: Duration::from_millis(500),
            task_keep: Duration::from_secs(86_400),
            task_max_result: MAX_CONTENT,
            results: None,
            inline_limit: 1 << 20,
            client_timeout: Duration::from_secs(300),
            state_key: None,
        }
    }
}

impl GatewayConfig {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let bounds = [
            ("connection_limit", self.connection_limit),
            ("session_limit", self.session_limit),
            ("session_limit_per_tenant", self.session_limit_per_tenant.unwrap_or(1)),
            ("subscription_limit", self.subscription_limit),
            ("max_body", self.max_body),
            ("page_size", self.page_size),
            ("suspended_limit", self.suspended_limit),
            ("task_limit", self.task_limit),
            ("inline_limit", self.inline_limit),
            ("task_limit_per_tenant", self.task_limit_per_tenant.unwrap_or(1)),
        ];
        match bounds.into_iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(ConfigError::Zero(name)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposures_survive_the_way_through_text() {
        for exposure in [Exposure::Hierarchical, Exposure::Full, Exposure::Category("search".to_owned())] {
            assert_eq!(exposure.to_string().parse::<Exposure>().unwrap(), exposure);
        }
        for wrong in ["", "all", "category:", "Full"] {
            assert!(wrong.parse::<Exposure>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_zero_bound_is_named() {
        let config = GatewayConfig { session_limit: 0, ..GatewayConfig::default() };
        assert_eq!(config.check().unwrap_err().to_string(), "`session_limit` must not be zero");
    }

    #[test]
    fn the_state_key_is_not_printed() {
        let config = GatewayConfig { state_key: Some(StateKey::new([0xab; 32])), ..GatewayConfig::default() };
        let text = format!("{config:?}");
        assert!(!text.contains("ab") && !text.contains("171"), "{text}");
    }
}
