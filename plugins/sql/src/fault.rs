//! Why a call fails.

use std::{fmt, io};

use tandem_granted_folders::FolderError;
use tandem_sdk::prelude::Error;

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

/// Why a call fails; each kind is one of the kinds that a client sees.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// An argument or the SQL is wrong.
    Argument(String),
    /// A file, table or column is not there.
    NotFound(String),
    /// The path is in no granted folder, or the folder is read-only.
    Denied(String),
    /// A bound of [`crate::limits`] was reached.
    Limit(String),
    /// The file is damaged.
    Damaged(String),
    /// The file system failed, or a constraint of the database.
    Failed(String),
    /// The client gave the call up.
    Cancelled,
}

impl Fault {
    /// A file operation on `path` failed.
    pub(crate) fn io(path: &str, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound(format!("there is no `{path}`")),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied(format!("`{path}` may not be written: the folder is granted read-only"))
            }
            io::ErrorKind::StorageFull => Self::Failed(format!("`{path}` was not written: the disk is full")),
            io::ErrorKind::QuotaExceeded => {
                Self::Failed(format!("`{path}` was not written: the quota of its folder is used up"))
            }
            _ => error.downcast::<Self>().unwrap_or_else(|error| Self::Failed(format!("`{path}`: {error}"))),
        }
    }
}

impl From<FolderError> for Fault {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Argument(text) => Self::Argument(text),
            FolderError::NotFound(text) => Self::NotFound(text),
            FolderError::Denied(text) => Self::Denied(text),
            FolderError::Io { path, error } => Self::io(&path, error),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(text)
            | Self::NotFound(text)
            | Self::Denied(text)
            | Self::Limit(text)
            | Self::Damaged(text)
            | Self::Failed(text) => to.write_str(text),
            Self::Cancelled => to.write_str("cancelled"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault)
    }
}

/// As the client sees it.
pub(crate) fn refusal(fault: Fault) -> Error {
    match fault {
        Fault::Argument(text) => Error::invalid_arguments(text),
        Fault::NotFound(text) => Error::not_found(text),
        Fault::Denied(text) => Error::denied(text),
        Fault::Cancelled => Error::Cancelled,
        other => Error::failed(other.to_string()),
    }
}
