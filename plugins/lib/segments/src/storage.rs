//! The port to a durable key-value store, and its implementation in memory.
//!
//! The store in memory is a full one, with the bounds of the host's: code that runs natively (tests, tools) uses
//! it where a plugin in the sandbox uses the host's.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::MAX_VALUE_BYTES;

/// The bound of the host's store on one key.
pub const MAX_KEY_BYTES: usize = 512;
/// The bound of the host's store on one page of keys.
pub const MAX_KEYS_PER_PAGE: u32 = 1000;

/// Why the store refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The plugin may not use the store.
    #[error("the key-value store is not granted: {0}")]
    Denied(String),
    /// A bound on keys or bytes was reached.
    #[error("the key-value store is full: {0}; delete something or ask the operator for a larger quota")]
    QuotaExceeded(String),
    /// A key or a value is too long.
    #[error("a key or value is too long for the store: {0}")]
    TooLarge(String),
    /// Anything else.
    #[error("the key-value store failed: {0}")]
    Other(String),
}

/// One page of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys, sorted by bytes.
    pub keys: Vec<String>,
    /// Pass it to get the next page; none on the last.
    pub next: Option<String>,
}

/// A durable key-value store. A write that returned is durable.
pub trait Storage: std::fmt::Debug + Sync {
    /// The value, or none.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError>;
    /// Sets several values: all of them or none.
    fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StorageError>;
    /// Sets a value only while the present one equals `expected` (none: only when there is none).
    fn compare_and_set(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, StorageError>;
    /// Removes a value. Answers whether it was there.
    fn delete(&self, key: &str) -> Result<bool, StorageError>;
    /// Keys that start with `prefix`, at most `limit` of them, after the key `after`.
    fn list(&self, prefix: &str, limit: u32, after: Option<&str>) -> Result<KeyPage, StorageError>;
}

/// A store in memory, with the bounds of the host's.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    values: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl MemoryStorage {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values().is_empty()
    }

    fn values(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(key: &str, value: &[u8]) -> Result<(), StorageError> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(StorageError::TooLarge(format!("a key has 1 to {MAX_KEY_BYTES} bytes, this one {}", key.len())));
    }
    if value.len() > MAX_VALUE_BYTES {
        return Err(StorageError::TooLarge(format!(
            "a value has at most {MAX_VALUE_BYTES} bytes, this one {}",
            value.len()
        )));
    }
    Ok(())
}

impl Storage for MemoryStorage {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.values().get(key).cloned())
    }

    fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StorageError> {
        for (key, value) in &entries {
            check(key, value)?;
        }
        self.values().extend(entries);
        Ok(())
    }

    fn compare_and_set(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, StorageError> {
        check(key, value)?;
        let mut values = self.values();
        if values.get(key).map(Vec::as_slice) != expected {
            return Ok(false);
        }
        values.insert(key.to_owned(), value.to_vec());
        Ok(true)
    }

    fn delete(&self, key: &str) -> Result<bool, StorageError> {
        Ok(self.values().remove(key).is_some())
    }

    fn list(&self, prefix: &str, limit: u32, after: Option<&str>) -> Result<KeyPage, StorageError> {
        let values = self.values();
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let limit = limit.clamp(1, MAX_KEYS_PER_PAGE) as usize;
        let mut matching = values.range::<str, _>((start, Bound::Unbounded)).map(|(key, _)| key);
        let mut keys: Vec<String> =
            matching.by_ref().take_while(|key| key.starts_with(prefix)).take(limit + 1).cloned().collect();
        let more = keys.len() > limit;
        keys.truncate(limit);
        let next = if more { keys.last().cloned() } else { None };
        Ok(KeyPage { keys, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_listed_in_pages_under_their_prefix() {
        let store = MemoryStorage::new();
        let entries = (0..5).map(|n| (format!("a/{n}"), vec![n])).chain([("b/0".to_owned(), vec![9])]);
        store.set_many(entries.collect()).unwrap();
        let first = store.list("a/", 3, None).unwrap();
        assert_eq!(first.keys, ["a/0", "a/1", "a/2"]);
        let rest = store.list("a/", 3, first.next.as_deref()).unwrap();
        assert_eq!(rest, KeyPage { keys: vec!["a/3".into(), "a/4".into()], next: None });
    }

    #[test]
    fn compare_and_set_changes_only_what_it_expects() {
        let store = MemoryStorage::new();
        assert!(store.compare_and_set("k", None, b"1").unwrap());
        assert!(!store.compare_and_set("k", None, b"2").unwrap());
        assert!(!store.compare_and_set("k", Some(b"0"), b"2").unwrap());
        assert!(store.compare_and_set("k", Some(b"1"), b"2").unwrap());
        assert_eq!(store.get("k").unwrap().as_deref(), Some(b"2".as_slice()));
    }

    #[test]
    fn a_value_beyond_the_bound_is_refused_and_nothing_is_written() {
        let store = MemoryStorage::new();
        let entries = vec![("small".to_owned(), vec![1]), ("large".to_owned(), vec![0; MAX_VALUE_BYTES + 1])];
        assert!(matches!(store.set_many(entries), Err(StorageError::TooLarge(_))));
        assert!(store.is_empty());
    }
}
