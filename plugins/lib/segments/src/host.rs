//! The host's store as [`Storage`], and our errors as a tool's.

use tandem_sdk::kv;

use crate::error::Error;
use crate::storage::{KeyPage, Storage, StorageError};

/// The store that the host gives this plugin and tenant.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostStorage;

fn refused(error: kv::Error) -> StorageError {
    match error {
        kv::Error::Denied(reason) => StorageError::Denied(reason),
        kv::Error::QuotaExceeded(bound) => StorageError::QuotaExceeded(bound),
        kv::Error::TooLarge(bound) => StorageError::TooLarge(bound),
        kv::Error::Other(reason) => StorageError::Other(reason.unwrap_or_else(|| "no reason given".to_owned())),
    }
}

impl Storage for HostStorage {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        kv::get(key).map_err(refused)
    }

    fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StorageError> {
        kv::set_many(&entries).map_err(refused)
    }

    fn compare_and_set(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, StorageError> {
        kv::compare_and_set(key, expected, value).map_err(refused)
    }

    fn delete(&self, key: &str) -> Result<bool, StorageError> {
        kv::delete(key).map_err(refused)
    }

    fn list(&self, prefix: &str, limit: u32, after: Option<&str>) -> Result<KeyPage, StorageError> {
        let page = kv::list_keys(prefix, limit, after).map_err(refused)?;
        Ok(KeyPage { keys: page.keys, next: page.next })
    }
}

/// What a client gets to read. It is a function and no `From`: the SDK turns every error type into its own,
/// and would lose the kind.
pub fn tool_error(error: Error) -> tandem_sdk::Error {
    match error {
        Error::Invalid(text) => tandem_sdk::Error::InvalidArguments(text),
        Error::NotFound(text) => tandem_sdk::Error::NotFound(text),
        Error::Contended(_) | Error::Stale => tandem_sdk::Error::unavailable(error),
        Error::Storage(StorageError::Denied(_)) => tandem_sdk::Error::denied(error),
        Error::Corrupt(_) | Error::Storage(_) => tandem_sdk::Error::other(error),
    }
}
