//! `[request]`: the capabilities that a plugin asks for. Nothing is had that is not asked for.

use std::{collections::BTreeSet, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::{ByteSize, Name, VariableName};

use super::{
    bounds::{MAX_ENTRIES, check_cache, check_http, check_kv, check_reason, check_unique, check_wanted},
    forms::{Switch, Wanted},
};
use crate::{http::HostPattern, http::HttpRule, http::Method, http::PathPrefix};

/// What may be done in a directory. Read-only wins wherever two meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FsMode {
    /// Read.
    #[default]
    ReadOnly,
    /// Read and write.
    ReadWrite,
}

/// A directory, by the name under which the plugin sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FsRequest {
    /// The name; the operator maps it to a directory.
    pub name: Name,
    /// What the plugin does there.
    #[serde(default)]
    pub mode: FsMode,
    /// Why it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Outgoing HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpRequest {
    /// The host; `*` stands for whichever hosts the operator names, at the ports that the grant has.
    #[serde(deserialize_with = "crate::http::requested")]
    pub host: HostPattern,
    /// The port, where it is not a default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The methods; without the key every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<BTreeSet<Method>>,
    /// The paths; without the key every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathPrefix>,
    /// Why it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl HttpRequest {
    /// The rule that is asked for. A manifest has no say in private networks.
    #[must_use]
    pub fn rule(&self) -> HttpRule {
        HttpRule {
            host: self.host.clone(),
            port: self.port,
            methods: self.methods.clone(),
            path: self.path.clone(),
            allow_cidrs: Vec::new(),
        }
    }
}

/// The in-memory cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct CacheRequest {
    /// Its size, per tenant.
    pub max_bytes: ByteSize,
    /// Why it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Default for CacheRequest {
    fn default() -> Self {
        Self { max_bytes: ByteSize::mib(16), reason: None }
    }
}

/// The durable key-value store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct KvRequest {
    /// Keys and values together, per tenant.
    pub max_bytes: ByteSize,
    /// Keys, per tenant.
    pub max_keys: u32,
    /// Why it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Default for KvRequest {
    fn default() -> Self {
        Self { max_bytes: ByteSize::mib(16), max_keys: 10_000, reason: None }
    }
}

/// Calls of other tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InvokeRequest {
    /// Why it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A host interface of the P2P package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum P2pInterface {
    /// The durable task queue.
    TaskQueue,
    /// Workflows over it.
    Workflow,
    /// The peers that are known and connected.
    Peers,
    /// Finding the first peers.
    Bootstrap,
}

impl P2pInterface {
    /// The name in manifests and grants.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TaskQueue => "task-queue",
            Self::Workflow => "workflow",
            Self::Peers => "peers",
            Self::Bootstrap => "bootstrap",
        }
    }
}

impl fmt::Display for P2pInterface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The capabilities that a plugin asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Request {
    /// Directories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fs: Vec<FsRequest>,
    /// Outgoing HTTP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRequest>,
    /// Environment variables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<Wanted<VariableName>>,
    /// Secrets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Wanted<Name>>,
    /// The in-memory cache.
    #[serde(skip_serializing_if = "Switch::is_off")]
    pub cache: Switch<CacheRequest>,
    /// The durable key-value store.
    #[serde(skip_serializing_if = "Switch::is_off")]
    pub kv: Switch<KvRequest>,
    /// Calls of other tools.
    #[serde(skip_serializing_if = "Switch::is_off")]
    pub invoke: Switch<InvokeRequest>,
    /// P2P interfaces of the host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub p2p: Vec<Wanted<P2pInterface>>,
}

impl Check for Request {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("fs", self.fs.len(), MAX_ENTRIES);
        findings.each("fs", &self.fs, |findings, entry| check_reason(entry.reason.as_ref(), findings));
        check_unique("fs", self.fs.iter().map(|entry| entry.name.as_str()), findings);
        findings.at_most("http", self.http.len(), MAX_ENTRIES);
        findings.each("http", &self.http, |findings, entry| {
            check_reason(entry.reason.as_ref(), findings);
            check_http(entry.port, entry.methods.as_ref(), findings);
        });
        check_wanted("env", &self.env, VariableName::as_str, findings);
        check_wanted("secrets", &self.secrets, Name::as_str, findings);
        check_wanted("p2p", &self.p2p, |interface| interface.as_str(), findings);
        if let Some(cache) = self.cache.on() {
            findings.within("cache", |findings| {
                check_reason(cache.reason.as_ref(), findings);
                check_cache(cache.max_bytes, findings);
            });
        }
        if let Some(kv) = self.kv.on() {
            findings.within("kv", |findings| {
                check_reason(kv.reason.as_ref(), findings);
                check_kv(Some(kv.max_bytes), Some(kv.max_keys), findings);
            });
        }
        if let Some(invoke) = self.invoke.on() {
            findings.within("invoke", |findings| check_reason(invoke.reason.as_ref(), findings));
        }
    }
}
