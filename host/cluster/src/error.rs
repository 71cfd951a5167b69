//! Why nothing was done for a guest, or for whoever works for one.

use tandem_queue::TaskStoreError;

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

impl From<TaskStoreError> for P2pError {
    fn from(error: TaskStoreError) -> Self {
        let text = error.to_string();
        match error {
            TaskStoreError::Invalid(_) => Self::InvalidArgument(text),
            TaskStoreError::Busy(_) | TaskStoreError::Quota(_) => Self::LimitExceeded(text),
            _ => Self::Unavailable(text),
        }
    }
}
