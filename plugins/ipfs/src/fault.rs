//! Why a call fails.

use std::{fmt, io};

use tandem_granted_folders::FolderError;
use tandem_sdk::prelude::Error;

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

/// Why a call fails; each kind is one of the kinds that a client sees.
#[derive(Debug)]
pub(crate) enum Fault {
    /// An argument is wrong.
    Argument(String),
    /// A file or a block is not there.
    NotFound(String),
    /// The path is in no granted folder.
    Denied(String),
    /// A bound of [`crate::limits`] was reached.
    Limit(String),
    /// A block or a CAR is damaged, or is not what its CID says.
    Damaged(String),
    /// A name may not be written.
    Unsafe(String),
    /// A codec, hash or feature that is not read.
    Unsupported(String),
    /// The file system refused.
    Io(String),
    /// A gateway or node cannot be reached now.
    Unavailable(String),
    /// The client gave the call up.
    Cancelled,
}

impl Fault {
    /// The same with more to say.
    pub(crate) fn and(self, more: &str) -> Self {
        match self {
            Self::Argument(text) => Self::Argument(text + more),
            Self::NotFound(text) => Self::NotFound(text + more),
            Self::Denied(text) => Self::Denied(text + more),
            Self::Unavailable(text) => Self::Unavailable(text + more),
            Self::Cancelled => Self::Cancelled,
            other => Self::Io(other.to_string() + more),
        }
    }

    /// A file operation on `path` failed.
    pub(crate) fn io(path: &str, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound(format!("there is no `{path}`")),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied(format!("`{path}` may not be written: the folder is granted read-only"))
            }
            _ => Self::of(error).unwrap_or_else(|error| Self::Io(format!("`{path}`: {error}"))),
        }
    }

    /// Reading a CAR failed.
    pub(crate) fn reading(error: io::Error) -> Self {
        Self::of(error).unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged("the CAR ends too early: it is cut off".to_owned()),
            _ => Self::Io(format!("the CAR cannot be read: {error}")),
        })
    }

    /// The fault that a reader passed on in an error of the standard library.
    fn of(error: io::Error) -> Result<Self, io::Error> {
        error.downcast::<Self>()
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
            | Self::Unsafe(text)
            | Self::Unsupported(text)
            | Self::Unavailable(text)
            | Self::Io(text) => to.write_str(text),
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
        Fault::Unavailable(text) => Error::unavailable(text),
        Fault::Cancelled => Error::Cancelled,
        other => Error::failed(other.to_string()),
    }
}
