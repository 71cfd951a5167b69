//! What a plugin asks for, what an operator allows, and what is therefore granted; and the signed file that carries a plugin.
//!
//! Text and bytes in, values out: this crate opens no file and no socket. It promises that
//!
//! - everything wrong in a [`PluginManifest`] is reported with its line, not only the first;
//! - a capability is never wider than the request, the operator's grant and the tenant's grant each are ([`Effective`]);
//! - a [`Package`] is opened only when its signature covers every byte that is read.
//!
//! Input is bounded before it is read (see the constants of each module), and what does not fit is refused with an error that says
//! what to do.

mod bounds;
mod canonical;
pub mod capability;
mod descriptor;
mod grant;
mod http;
mod installed;
mod package;
mod plugin;

pub use capability::{Grants, Internal, InternalKind, Request};
pub use descriptor::{
    Annotations, Descriptors, PromptArgument, PromptDescriptor, ResourceDescriptor, ResourceTemplate, TaskSupport,
    ToolDescriptor,
};
pub use grant::{
    Allowance, ChangeError, Effective, EnvGrant, Explained, FsAccess, FsGrant, Given, GrantChange, GrantItem,
    GrantKind, GrantPath, HttpGrant, IdleGrant, MAX_CHANGES, Overlay, Overlays,
};
pub use http::{HostError, HostPattern, HttpRule, Method, PathError, PathPrefix};
pub use installed::Installed;
pub use package::{
    DescriptorError, FormatError, KeyError, KeyId, KeyPair, MAX_DESCRIPTION, MAX_DESCRIPTORS, MAX_FILE,
    MAX_PROMPT_ARGUMENTS, MAX_SCHEMA, MAX_SECTION, MAX_TOOLS, MAX_TRUST_ROOTS, MAX_URI, Package, PackageError, Part,
    Sha256Digest, SignaturePolicy, SignatureState, TrustRoots,
};
pub use plugin::{
    Affinity, Ceilings, FsMode, FsRequest, HttpRequest, Identity, Instance, Limits, P2pInterface, PluginManifest,
    Retry, RetryPolicy, Runtime, SectionError, Switch, ToolAlias, ToolOverrides, ToolPolicy, Wanted,
};
