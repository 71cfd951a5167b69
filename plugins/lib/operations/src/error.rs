//! Arguments that make no request.

use crate::{MAX_ARRAY, MAX_URL};

/// Arguments that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// A parameter of the path is not there.
    #[error("`{0}` is missing: the path has it")]
    Missing(String),
    /// A parameter of the path is empty.
    #[error("`{0}` is empty: a segment of the path cannot be")]
    Empty(String),
    /// A parameter of the path would be more than one segment.
    #[error(
        "`{0}` must be one segment of a path: without `/`, `\\`, control characters, and not `.` or `..`, also when decoded"
    )]
    NotASegment(String),
    /// A list or object within a list or object.
    #[error("`{0}` has a list or an object inside, which cannot be written there")]
    TooDeep(String),
    /// A list that is too long.
    #[error("`{0}` has too many values; at most {max} can be sent", max = MAX_ARRAY)]
    TooLong(String),
    /// A value that is not one line.
    #[error("`{0}` has control characters, which a header cannot have")]
    NotALine(String),
    /// A body of another kind.
    #[error("`{argument}` must be {kind}")]
    Kind {
        /// The argument.
        argument: String,
        /// What it must be.
        kind: &'static str,
    },
    /// The URL is too long.
    #[error("the URL has {0} bytes; the limit is {MAX_URL}")]
    Url(usize),
    /// The operation itself is wrong.
    #[error("the path has `{{{0}}}`, which is not a parameter of the operation")]
    NoParameter(String),
}
