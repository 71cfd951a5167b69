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
    /// A file or an entry is not there.
    NotFound(String),
    /// The path is in no granted folder.
    Denied(String),
    /// A bound of [`crate::limits`] was reached.
    Limit(String),
    /// The file is damaged, or is not an archive.
    Damaged(String),
    /// An entry may not be extracted.
    Unsafe(String),
    /// A method or feature that is not read.
    Unsupported(String),
    /// The file system refused.
    Io(String),
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
            _ => Self::of(error).unwrap_or_else(|error| Self::Io(format!("`{path}`: {error}"))),
        }
    }

    /// Reading `what` of an archive failed.
    pub(crate) fn reading(what: &str, error: io::Error) -> Self {
        let fault = Self::of(error).map(|fault| match fault {
            Self::Unsupported(text) => Self::Unsupported(format!("{what}: {text}")),
            other => other,
        });
        fault.unwrap_or_else(|error| {
            let early = error.kind() == io::ErrorKind::UnexpectedEof;
            Self::Damaged(if early {
                format!("{what} ends too early: the file is cut off")
            } else {
                format!("{what} is damaged: {error}")
            })
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
        Fault::Cancelled => Error::Cancelled,
        other => Error::failed(other.to_string()),
    }
}
