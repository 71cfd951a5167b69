//! Why a call fails.

use std::{fmt, io};

use lopdf::DecompressError;
use tandem_granted_folders::FolderError;
use tandem_sdk::prelude::Error;

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

/// Why a call fails; each kind is one of the kinds that a client sees.
#[derive(Debug)]
pub(crate) enum Fault {
    /// An argument is wrong.
    Argument(String),
    /// A file, or a part of one that was asked for, is not there.
    NotFound(String),
    /// The path is in no granted folder, or a password is needed.
    Denied(String),
    /// A bound of [`crate::limits`] was reached.
    Limit(String),
    /// The file is damaged, or is not a PDF.
    Damaged(String),
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
            _ => Self::Io(format!("`{path}`: {error}")),
        }
    }

    /// Parsing `what` failed.
    pub(crate) fn parsing(what: &str, error: &lopdf::Error) -> Self {
        match error {
            lopdf::Error::Decompress(DecompressError::MemoryLimitExceeded { limit }) => Self::Limit(format!(
                "{what}: a compressed part expands beyond {limit} bytes: it looks like a decompression bomb"
            )),
            lopdf::Error::InvalidPassword => {
                Self::Denied(format!("{what} is encrypted, and `password` does not open it"))
            }
            lopdf::Error::Decryption(error) => {
                Self::Damaged(format!("{what} is encrypted, and cannot be decrypted: {error}"))
            }
            error => Self::Damaged(format!("{what} is damaged or not a PDF: {error}")),
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
            | Self::Io(text) => to.write_str(text),
            Self::Cancelled => to.write_str("cancelled"),
        }
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
