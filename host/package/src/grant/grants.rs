//! The grants for one plugin, as a configuration has them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use tandem_document::{Check, Findings};
use tandem_types::{Name, Secret, Setting, ToolName, VariableName};

use super::entry::{CacheGrant, EnvGrant, FsGrant, HttpGrant, KvGrant};
use crate::{
    http::HostPattern, plugin::MAX_ENTRIES, plugin::P2pInterface, plugin::Switch, plugin::check_cache,
    plugin::check_http, plugin::check_kv,
};

/// Longest value of a variable or a setting, in bytes: a small configuration file fits.
const MAX_SETTING: usize = 64 << 10;

/// Most networks of one HTTP grant.
const MAX_NETWORKS: usize = 32;

/// What has no settings of its own and is allowed by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Allowance {
    /// The plugin may read its secrets. Without it the host only puts them into requests to granted hosts.
    RevealSecrets,
    /// The P2P task queue.
    TaskQueue,
    /// P2P workflows.
    Workflow,
    /// The P2P peers.
    Peers,
    /// Finding the first P2P peers.
    Bootstrap,
}

impl From<P2pInterface> for Allowance {
    fn from(interface: P2pInterface) -> Self {
        match interface {
            P2pInterface::TaskQueue => Self::TaskQueue,
            P2pInterface::Workflow => Self::Workflow,
            P2pInterface::Peers => Self::Peers,
            P2pInterface::Bootstrap => Self::Bootstrap,
        }
    }
}

/// The grants for one plugin: of the operator (`[grants.PLUGIN]`) or of a tenant
/// (`[tenants.TENANT.grants.PLUGIN]`). A kind that is none is not named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Grants {
    /// Directories, by the names of the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs: Option<BTreeMap<Name, FsGrant>>,
    /// Outgoing HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Vec<HttpGrant>>,
    /// Environment variables: values, or `{ inherit = true }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<VariableName, EnvGrant>>,
    /// Secrets, by the names of the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<BTreeMap<Name, Secret>>,
    /// The hosts that each secret may be sent to. A secret without hosts goes to the one host that is granted, and nowhere when
    /// several are. A tenant's hosts count beside the operator's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secret_hosts: BTreeMap<Name, Vec<HostPattern>>,
    /// The cache: `false`, or its bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Switch<CacheGrant>>,
    /// The key-value store: `false`, or its bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv: Option<Switch<KvGrant>>,
    /// Calls of other tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoke: Option<bool>,
    /// What is allowed by its name alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<BTreeSet<Allowance>>,
    /// Settings that the plugin may read. They need no request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<ToolName, Setting>,
}

impl Check for Grants {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("fs", self.fs.as_ref().map_or(0, BTreeMap::len), MAX_ENTRIES);
        findings.at_most("env", self.env.as_ref().map_or(0, BTreeMap::len), MAX_ENTRIES);
        findings.at_most("secrets", self.secrets.as_ref().map_or(0, BTreeMap::len), MAX_ENTRIES);
        findings.at_most("secret-hosts", self.secret_hosts.len(), MAX_ENTRIES);
        findings.at_most("config", self.config.len(), MAX_ENTRIES);
        if let Some(http) = &self.http {
            findings.at_most("http", http.len(), MAX_ENTRIES);
            findings.each("http", http, |findings, grant| {
                check_http(grant.0.port, grant.0.methods.as_ref(), findings);
                findings.at_most("allow-cidrs", grant.0.allow_cidrs.len(), MAX_NETWORKS);
            });
        }
        findings.within("env", |findings| {
            for (name, grant) in self.env.iter().flatten() {
                if let EnvGrant::Value(value) = grant {
                    check_setting(name.as_str(), value, findings);
                }
            }
        });
        findings.within("config", |findings| {
            self.config.iter().for_each(|(name, value)| check_setting(name.as_str(), value, findings));
        });
        if let Some(bytes) = self.cache.as_ref().and_then(|cache| cache.on()?.max_bytes) {
            findings.within("cache", |findings| check_cache(bytes, findings));
        }
        if let Some(kv) = self.kv.as_ref().and_then(Switch::on) {
            findings.within("kv", |findings| check_kv(kv.max_bytes, kv.max_keys, findings));
        }
    }
}

fn check_setting(name: &str, value: &Setting, findings: &mut Findings) {
    let length = value.expose().len();
    if length > MAX_SETTING {
        findings.report(name, format!("{length} bytes; the limit is {MAX_SETTING}"));
    } else if value.expose().contains('\0') {
        findings.report(name, "a nul byte cannot be passed on; take it out");
    }
}
