//! The configuration of the older Python host, as `tandem.toml`.
//!
//! **Promises.** Each key of the input is in the [`Report`] once, with what became of it: mapped, the default here, not carried
//! over and why, or unknown. The configuration that comes out is valid: a value that this host does not take is not written, and
//! the report says why.
//!
//! **Bounds.** Those of [`limits`]: bytes, depth, nodes and repetitions by aliases of a YAML text, keys of a report.
//!
//! **Refuses** YAML with a key twice in one table, of which the older host took the last without a word; to repeat secrets; to open
//! files and sockets.

#![forbid(unsafe_code)]

mod category;
mod convert;
mod coverage;
mod draft;
mod error;
pub mod limits;
mod migrate;
mod older;
mod read;
mod report;
mod rules;
mod write;

pub use category::categories_here;
pub use coverage::{Availability, Coverage, ToolsHere};
pub use draft::Verdict;
pub use error::MigrateError;
pub use migrate::{Input, Migration};
pub use older::OlderTools;
pub use report::{Entry, Outcome, Report};
