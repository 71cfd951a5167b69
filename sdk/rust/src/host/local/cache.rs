//! The cache: entries without an end.

use super::storage::CACHE;
use crate::bindings::tandem::host::cache::Error;

pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(CACHE.with_borrow(|entries| entries.get(key).cloned()))
}

pub(crate) fn set(key: &str, value: &[u8], _ttl_ms: Option<u64>) -> Result<(), Error> {
    CACHE.with_borrow_mut(|entries| entries.insert(key.to_owned(), value.to_vec()));
    Ok(())
}

pub(crate) fn delete(key: &str) -> Result<(), Error> {
    CACHE.with_borrow_mut(|entries| entries.remove(key));
    Ok(())
}
