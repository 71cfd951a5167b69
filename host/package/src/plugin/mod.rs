//! The manifest, `plugin.toml`: who a plugin is, where it runs, and what it asks for.
//!
//! Everything has a default but the plugin's name, version and description; what is not asked for is not
//! had. Unknown keys, values out of bounds and contradictions are errors that show their line. A manifest is
//! a request: what a plugin really gets is in [`crate::Effective`].

mod alias;
mod error;
mod forms;
mod limits;
mod manifest;
mod request;
mod runtime;
mod tools;

pub use alias::ToolAlias;
pub use error::SectionError;
pub use forms::{Switch, Wanted};
pub use limits::{Ceilings, Limits};
pub use manifest::{Identity, PluginManifest};
pub use request::{FsMode, FsRequest, HttpRequest, P2pInterface};
pub use runtime::{Affinity, Instance, Runtime};
pub use tools::{Retry, RetryPolicy, ToolOverrides, ToolPolicy};

#[cfg(test)]
mod tests;
