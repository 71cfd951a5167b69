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
mod limits;
mod read;
mod tree;

pub use error::{ManifestError, ManifestErrors};
pub use forms::{bool_or_table, string_or_table};
pub use limits::{MAX_DEPTH, MAX_ERRORS, MAX_TEXT};
pub use read::{Check, Findings, read};
pub use tree::{Location, Node, Source, Step, Tree, Value};
