//! Why a result is not kept, or not found.

use crate::error::StoreError;

/// Why a result is not kept, or not found.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The tenant has none with this id, or has it no more.
    #[error("unknown or expired result `{0}`")]
    NotFound(String),
    /// It is larger than all that the tenant may keep.
    #[error("the result has {bytes} bytes, and a tenant keeps {most} (results.bytes-per-tenant)")]
    TooLarge {
        /// Its bytes.
        bytes: u64,
        /// Those of all results of a tenant.
        most: u64,
    },
    /// The disk is almost full.
    #[error(transparent)]
    NoRoom(#[from] StoreError),
    /// The file could not be written or read.
    #[error("result file: {0}")]
    Io(#[from] std::io::Error),
}
