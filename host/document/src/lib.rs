//! Reads foreign text into typed values, and says of everything that is wrong where it stands.
//!
//! A text becomes a [`Tree`] in which every value knows its place (file and span, environment variable, flag);
//! `serde` fills the types from it. A value that does not fit is noted, taken out, and the reading goes on, so
//! that one run shows all errors of a file, at most [`MAX_ERRORS`] of them. Texts over [`MAX_TEXT`] and values
//! nested deeper than [`MAX_DEPTH`] are refused before they cost anything.

mod de;
mod depth;
mod error;
mod excerpt;
mod forms;
mod read;
mod tree;

pub use error::{ManifestError, ManifestErrors};
pub use forms::{bool_or_table, string_or_table};
pub use read::{Check, Findings, read};
pub use tree::{Location, Node, Source, Step, Tree, Value};

/// Most errors that one reading reports: more is a file of another kind, and nobody reads them.
pub const MAX_ERRORS: usize = 32;

/// Longest text that is read, in bytes: hundreds of times the largest sensible configuration.
pub const MAX_TEXT: usize = 1 << 20;

/// Deepest nesting: twice what any key of ours needs, so that no input exhausts the stack.
pub const MAX_DEPTH: usize = 16;
