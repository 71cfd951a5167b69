//! The clock and the randomness that name segments.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::storage::StorageError;

/// Where names get their time and randomness from.
pub trait Environment: std::fmt::Debug + Sync {
    /// Seconds since 1970.
    fn now(&self) -> u64;
    /// A number that no other call gets.
    fn random(&self) -> Result<u64>;
}

/// The system's clock and randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn random(&self) -> Result<u64> {
        getrandom::u64().map_err(|error| Error::Storage(StorageError::Other(format!("no randomness: {error}"))))
    }
}
