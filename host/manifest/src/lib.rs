//! What a plugin asks for, what an operator allows, and what is therefore granted; and the file that carries
//! it all.
//!
//! This crate is text and bytes in, values out: it opens no file and no socket. It promises that
//!
//! - everything wrong in a [`PluginManifest`] or a [`HostConfig`] is reported with its line, not only the first;
//! - a capability is never wider than the request, the operator's grant and the tenant's grant each are
//!   ([`Effective`]);
//! - a [`Package`] is opened only when its signature covers every byte that is read.
//!
//! Input is bounded before it is read (see the constants of each module), and what does not fit is refused
//! with an error that says what to do. Secrets print as `[redacted]`.

mod canonical;
mod config;
mod content;
mod descriptor;
mod document;
pub mod exact;
mod grant;
mod http;
mod names;
mod package;
mod plugin;
mod secret;
mod supply;
mod text;
mod units;

pub use canonical::encode as canonical_json;
pub use config::{
    Admission, AuditCalls, AuditConfig, AuthConfig, CanaryConfig, CategoryPattern, ClaimName, ConfigEntry,
    ConfigSources, DiscoveryConfig, Exposure, Fallback, GeneralConfig, GithubConfig, HostConfig, HostName, HttpUrl,
    KeyConfig, KeyHash, KeyName, LogFormat, MAX_PRIORITY, Moment, MultiaddrText, NatConfig, Origin, OutgoingConfig,
    P2pConfig, PathBases, PeerIdText, PeerLimitsConfig, PluginPattern, PluginsConfig, Rate, ReactorConfig, ReadyPart,
    Reference, RepositoryName, ScopeConfig, ScopeName, ServerConfig, StoreConfig, StoreUrl, StrayVariable,
    TaskQueueConfig, TasksConfig, TelemetryConfig, TenantConfig, ToolPrefix, WebOrigin, WorkflowConfig, is_host_name,
    stray_variables,
};
pub use content::{ContentError, ContentId};
pub use descriptor::{
    Annotations, Descriptors, PromptArgument, PromptDescriptor, ResourceDescriptor, ResourceTemplate, TaskSupport,
    ToolDescriptor,
};
pub use document::{MAX_ERRORS, MAX_TEXT, ManifestError, ManifestErrors};
pub use grant::{
    Allowance, CacheGrant, ChangeError, Effective, EnvGrant, Explained, FsAccess, FsGrant, Given, GrantChange,
    GrantItem, GrantKind, GrantPath, Grants, HttpGrant, IdleGrant, KvGrant, KvQuota, MAX_CHANGES, Overlay, Overlays,
};
pub use http::{HostError, HostPattern, HttpRule, Method, PathError, PathPrefix};
pub use names::{MAX_NAME, Name, NameError, ToolName, VariableName, is_kebab_case, is_tool_name, is_variable_name};
pub use package::{
    DescriptorError, FormatError, KeyError, KeyId, KeyPair, MAX_DESCRIPTION, MAX_DESCRIPTORS, MAX_FILE,
    MAX_PROMPT_ARGUMENTS, MAX_SCHEMA, MAX_SECTION, MAX_TOOLS, MAX_TRUST_ROOTS, MAX_URI, Package, PackageError, Part,
    Sha256Digest, SignaturePolicy, SignatureState, TrustRoots,
};
pub use plugin::{
    Affinity, CacheRequest, Ceilings, FsMode, FsRequest, HttpRequest, Identity, Instance, InvokeRequest, KvRequest,
    Limits, P2pInterface, PluginManifest, Request, Retry, RetryPolicy, Runtime, SectionError, Switch, ToolOverrides,
    ToolPolicy, Wanted,
};
pub use secret::{Secret, Setting};
pub use supply::{Installed, Revoked, SupplyError, SupplyPolicy};
pub use text::nearest;
pub use units::{ByteSize, HumanDuration, UnitError};
