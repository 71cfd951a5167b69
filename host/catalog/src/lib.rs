//! The set of loaded plugins and mounted MCP servers as an immutable snapshot.
//!
//! **Promises.** Reading is one lock-free load of the current snapshot; a running call keeps the snapshot it
//! began with. A version is replaced at once and whole, by one that was verified, compiled and probed before. A plugin that is
//! bad, or whose names collide with an earlier one's or with the host's own tools, is left out whole and reported
//! ([`Rejected`]); the host starts without it.
//!
//! **Bounds.** Files and sections by `tandem-package`; what
//! plugins hide by what there is to hide; undelivered changes by [`CHANGES`].
//!
//! **Refuses.** Files whose signature does not cover every section, as the loading policy says.

#![forbid(unsafe_code)]

mod backend;
mod canary;
mod catalog;
mod change;
mod entry;
mod hidden;
mod limits;
mod mount;
mod names;
mod normalize;
mod plain_words;
mod rejected;
mod replace;
mod schema;
mod search;
mod selection;
mod snapshot;
mod status;
mod view;

pub use backend::{Backend, Upstream, WeakBackend};
pub use canary::{Canary, CanaryCriteria, Verdict};
pub use catalog::Catalog;
pub use change::Change;
pub use entry::{Category, Tool, ToolLimits};
pub use limits::CHANGES;
pub use names::{near, shown, shown_name};
pub use normalize::normalize;
pub use rejected::{RejectCode, Rejected};
pub use replace::Displaced;
pub use schema::{Effort, Schema, Unfit, UnusableSchema, Violations};
pub use selection::Selection;
pub use snapshot::NameTaken;
pub use status::{CanaryStatus, PluginStatus, ReloadError};
pub use view::{RemovedTool, ResolvedTool, View};
