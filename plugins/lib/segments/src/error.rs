//! Why a use of a collection failed.

use crate::storage::StorageError;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use of a collection failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The caller's arguments are wrong; the text names the argument and the remedy.
    #[error("{0}")]
    Invalid(String),
    /// What the caller named is not there.
    #[error("{0}")]
    NotFound(String),
    /// Other calls changed the same collection faster than this one could.
    #[error("`{0}` is being changed by many calls at once; try again")]
    Contended(String),
    /// A segment vanished because another call merged it away; reading again with a fresh head helps.
    #[error("a segment was merged away while it was read; try again")]
    Stale,
    /// Stored bytes do not decode.
    #[error("stored data cannot be read ({0}); delete the collection and add its contents again")]
    Corrupt(String),
    /// The store refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Error {
    /// An [`Error::Invalid`].
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    /// An [`Error::Corrupt`].
    pub fn corrupt(text: impl Into<String>) -> Self {
        Self::Corrupt(text.into())
    }
}
