//! Why a document is not imported, and what is left out of one.

use std::fmt;

use crate::limits::{MAX_DOCUMENT, MAX_OPERATIONS};

/// Why there is no import.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Too large to read.
    #[error("the document has {0} bytes; the limit is {MAX_DOCUMENT}")]
    TooLarge(usize),
    /// Not UTF-8.
    #[error("the document is not UTF-8: byte {0} is the first that is wrong")]
    Encoding(usize),
    /// Neither JSON nor YAML.
    #[error("the document is neither JSON nor YAML: {0}")]
    Syntax(String),
    /// Another version, or something else.
    #[error("{0}; OpenAPI 3.0 and 3.1 are read (a Swagger 2.0 document must be converted before)")]
    Version(String),
    /// More operations than are read.
    #[error("the document has more than {MAX_OPERATIONS} operations")]
    TooManyOperations,
    /// More tools than a plugin has.
    #[error("{found} operations are chosen; a plugin has {limit} tools at most: choose with --include or --read-only")]
    TooManyTools {
        /// How many.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A selection that selects nothing.
    #[error("--include `{pattern}`: no operation has this id, tag or `METHOD /path`{near}")]
    NoMatch {
        /// What was asked for.
        pattern: String,
        /// `; did you mean …?`, where something is near.
        near: String,
    },
    /// A pattern that is not one.
    #[error("--include `{pattern}`: {problem}")]
    Pattern {
        /// What was asked for.
        pattern: String,
        /// What is wrong.
        problem: String,
    },
    /// No server to call.
    #[error("{0}; name the server with --server, as https://api.example.com/v1")]
    Server(String),
    /// Nothing is left.
    #[error("no operation can be imported{0}")]
    Nothing(String),
    /// The manifest that was made breaks a rule.
    #[error("the manifest would be refused: {0}")]
    Manifest(String),
}

/// An operation that is left out, or a part that is imported in another form, with where it is in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The operation, as `GET /pets/{petId}`.
    pub operation: String,
    /// JSON Pointer into the document.
    pub pointer: String,
    /// What was done, and why.
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, pointer, message } = self;
        write!(f, "{operation} ({pointer}): {message}")
    }
}
