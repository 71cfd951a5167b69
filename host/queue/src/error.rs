//! Why the store refused or failed.

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum TaskStoreError {
    /// The input is malformed or over a bound; it is named.
    #[error("{0}")]
    Invalid(String),
    /// A quota of the tenant would be exceeded by a write that is whole or not at all.
    #[error("{0}")]
    Quota(String),
    /// Too many jobs or waiters; trying again later helps.
    #[error("task store busy: {0}; retry later")]
    Busy(&'static str),
    /// The store is closed.
    #[error("task store closed")]
    Closed,
    /// The database failed.
    #[error("task store: {0}")]
    Backend(String),
}

impl From<tandem_store::StoreError> for TaskStoreError {
    fn from(error: tandem_store::StoreError) -> Self {
        use tandem_store::StoreError;
        match error {
            StoreError::TooLarge(why) | StoreError::Exists(why) => Self::Invalid(why),
            StoreError::Quota(why) => Self::Quota(why),
            full @ StoreError::NoRoom { .. } => Self::Quota(full.to_string()),
            StoreError::Busy => Self::Busy("too many queued jobs"),
            StoreError::Closed => Self::Closed,
            StoreError::Database(error) => Self::Backend(error.to_string()),
        }
    }
}
