//! Storage: pages, and values that are exchanged, as in a host.

use super::storage::KV;
use crate::bindings::tandem::host::kv::{Error, KeyPage};

pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(KV.with_borrow(|entries| entries.get(key).cloned()))
}

pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), Error> {
    KV.with_borrow_mut(|entries| entries.insert(key.to_owned(), value.to_vec()));
    Ok(())
}

pub(crate) fn set_many(values: &[(String, Vec<u8>)]) -> Result<(), Error> {
    KV.with_borrow_mut(|entries| entries.extend(values.iter().cloned()));
    Ok(())
}

pub(crate) fn compare_and_set(key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, Error> {
    KV.with_borrow_mut(|entries| {
        let fits = entries.get(key).map(Vec::as_slice) == expected;
        if fits {
            entries.insert(key.to_owned(), value.to_vec());
        }
        Ok(fits)
    })
}

pub(crate) fn delete(key: &str) -> Result<bool, Error> {
    Ok(KV.with_borrow_mut(|entries| entries.remove(key)).is_some())
}

pub(crate) fn list_keys(prefix: &str, limit: u32, after: Option<&str>) -> Result<KeyPage, Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    KV.with_borrow(|entries| {
        let mut keys = entries.keys().filter(|key| key.starts_with(prefix) && after.is_none_or(|a| key.as_str() > a));
        let page: Vec<String> = keys.by_ref().take(limit).cloned().collect();
        let next = keys.next().and(page.last().cloned());
        Ok(KeyPage { keys: page, next })
    })
}
