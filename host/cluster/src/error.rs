//! Why nothing was done for a guest, or for whoever works for one.

use crate::guest_api::interfaces::bindings::tandem::p2p::types::Error;

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
#[allow(missing_docs, reason = "the cases are those of the WIT package")]
pub enum P2pError {
    InvalidArgument(String),
    NotFound(String),
    Conflict(String),
    IdempotencyConflict(String),
    StaleFence(String),
    LeaseExpired(String),
    LimitExceeded(String),
    Unauthorized(String),
    Unavailable(String),
    Timeout(String),
    Other(String),
}

impl From<P2pError> for Error {
    fn from(error: P2pError) -> Self {
        match error {
            P2pError::InvalidArgument(text) => Self::InvalidArgument(text),
            P2pError::NotFound(text) => Self::NotFound(text),
            P2pError::Conflict(text) => Self::Conflict(text),
            P2pError::IdempotencyConflict(text) => Self::IdempotencyConflict(text),
            P2pError::StaleFence(text) => Self::StaleFence(text),
            P2pError::LeaseExpired(text) => Self::LeaseExpired(text),
            P2pError::LimitExceeded(text) => Self::LimitExceeded(text),
            P2pError::Unauthorized(text) => Self::Unauthorized(text),
            P2pError::Unavailable(text) => Self::Unavailable(text),
            P2pError::Timeout(text) => Self::Timeout(text),
            P2pError::Other(text) => Self::Other(Some(text)),
        }
    }
}
