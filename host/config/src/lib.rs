//! The host's configuration, `tandem.toml`.
//!
//! Everything has a default: a host without any configuration listens on loopback and reaches nothing. Four
//! layers lie over each other: defaults, the file, the environment (`TANDEM_SERVER__PORT`), flags. A text may
//! hold `${env:NAME}` and `${file:/path}`; secrets have no other form. Relative paths of the file count from the file's
//! directory ([`PathBases`]). Every error names its line, variable or flag, and every value knows its [`Origin`].

mod absent;
mod audit;
mod auth;
mod config;
mod endpoints;
mod entries;
mod general;
mod key;
mod keys;
mod layers;
mod origin;
mod outgoing;
mod overlaid;
mod overrides;
mod p2p;
mod paths;
mod plugins;
mod reactor;
mod reference;
mod results;
mod router;
mod server;
mod store;
mod supply;
mod tables;
mod tasks;
mod telemetry;
mod tenant;
mod tools;
mod upstream;
mod values;
mod variables;

pub use audit::{AuditCalls, AuditConfig};
pub use auth::{AuthConfig, ClaimName, ScopeConfig, ScopeName};
pub use config::{HostConfig, VERSION};
pub use endpoints::{EndpointConfig, EndpointToolConfig, NamePattern};
pub use general::GeneralConfig;
pub use key::{KeyConfig, KeyHash, KeyName, Timestamp};
pub use layers::ConfigSources;
pub use origin::{ConfigEntry, Origin};
pub use outgoing::OutgoingConfig;
pub use overrides::{PluginOverride, ToolOverride};
pub use p2p::{
    Admission, DiscoveryConfig, GithubConfig, NatConfig, P2pConfig, PeerLimitsConfig, TaskQueueConfig, WorkflowConfig,
    is_host_name,
};
pub use paths::PathBases;
pub use plugins::{CanaryConfig, PluginPattern, PluginsConfig};
pub use reactor::{Fallback, ReactorConfig};
pub use reference::{Reference, ReferenceError};
pub use results::ResultsConfig;
pub use router::RoutingConfig;
pub use server::{Exposure, ReadyPart, ServerConfig};
pub use store::{StoreConfig, StoreUrl};
pub use supply::{Revoked, SupplyError, SupplyPolicy};
pub use tasks::TasksConfig;
pub use telemetry::{LogFormat, TelemetryConfig};
pub use tenant::{CategoryPattern, Rate, TenantConfig};
pub use tools::ToolsConfig;
pub use upstream::{Backoff, RestartConfig, TenantPattern, UpstreamConfig, UpstreamTool, UpstreamToolPattern};
pub use values::{HostName, HttpUrl, MultiaddrText, PeerIdText, RepositoryName, ToolPrefix, WebOrigin};
pub use variables::{StrayVariable, stray_variables};

#[cfg(test)]
mod tests;
