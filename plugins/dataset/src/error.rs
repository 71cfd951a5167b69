//! What can go wrong, in words that say what to do about it.

use std::io;

/// A failure of the data engine. Every message names the file, the place or the bound that it is about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The arguments do not fit each other or the data.
    #[error("{0}")]
    Invalid(String),
    /// A file or folder that the arguments name is not there.
    #[error("{0}")]
    NotFound(String),
    /// A path outside every granted folder, or a write to a folder that is granted read-only.
    #[error("{0}")]
    Denied(String),
    /// A row that cannot be read as what it should be. Reading stops there: no row is skipped.
    #[error("{path}, {place}: {problem}")]
    BadRow {
        /// The file, as the caller named it.
        path: String,
        /// Line and column, or row and column where the format has no lines.
        place: String,
        /// What is wrong, and what would help.
        problem: String,
    },
    /// A file that is damaged, or of a kind that cannot be read.
    #[error("{path}: {problem}")]
    Format {
        /// The file, as the caller named it.
        path: String,
        /// What is wrong, and what would help.
        problem: String,
    },
    /// A bound was reached; the message names it.
    #[error("{0}")]
    Bound(String),
    /// The caller gave the call up.
    #[error("cancelled")]
    Cancelled,
    /// There is no room for what is written.
    #[error("{0}")]
    Full(String),
    /// The file system failed.
    #[error("{path}: {source}")]
    Io {
        /// The file, as the caller named it.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An [`Error::Invalid`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// An [`Error::Format`].
    pub fn format(path: &str, problem: impl ToString) -> Self {
        Self::Format { path: path.to_owned(), problem: problem.to_string() }
    }

    /// An [`Error::BadRow`] at a line of a text file.
    pub fn bad_line(path: &str, line: u64, column: &str, problem: impl Into<String>) -> Self {
        let place = if column.is_empty() { format!("line {line}") } else { format!("line {line}, column `{column}`") };
        Self::BadRow { path: path.to_owned(), place, problem: problem.into() }
    }

    /// Sorts what the system said of `path` into the errors above.
    pub fn io(path: &str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound(format!("there is no `{path}`")),
            io::ErrorKind::StorageFull => Self::Full(format!(
                "`{path}` was not written: the disk is full; remove files, or ask the operator for room"
            )),
            io::ErrorKind::QuotaExceeded => Self::Full(format!(
                "`{path}` was not written: the quota of its folder is used up; remove files, or ask the operator to raise \
                 `max-bytes` of the grant"
            )),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied(format!("`{path}` is not granted for this: {source}"))
            }
            _ => Self::Io { path: path.to_owned(), source },
        }
    }
}
