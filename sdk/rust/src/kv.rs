//! A durable key-value store, private to this plugin and tenant. Needs the `kv` grant.
//!
//! A write that returned is on disk.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Context, Result as AnyResult};
use crate::host;

pub use crate::bindings::tandem::host::kv::{Error, KeyPage};

/// Keys a page holds at most.
const PAGE: u32 = 1000;

/// The value, or none.
///
/// # Errors
/// When the plugin was not granted `kv`.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    host::kv::get(key)
}

/// Sets a value, durably.
///
/// # Errors
/// When the plugin was not granted `kv`, or a bound on keys or bytes is reached.
pub fn set(key: &str, value: &[u8]) -> Result<(), Error> {
    host::kv::set(key, value)
}

/// Sets several values in one durable transaction: all of them or none.
///
/// # Errors
/// When the plugin was not granted `kv`, or a bound on keys or bytes is reached.
pub fn set_many(entries: &[(String, Vec<u8>)]) -> Result<(), Error> {
    host::kv::set_many(entries)
}

/// Sets a value only while the present one equals `expected` (none: only when there is none). Answers
/// whether it was set.
///
/// # Errors
/// When the plugin was not granted `kv`, or a bound on keys or bytes is reached.
pub fn compare_and_set(key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, Error> {
    host::kv::compare_and_set(key, expected, value)
}

/// Removes a value. Answers whether it was there.
///
/// # Errors
/// When the plugin was not granted `kv`.
pub fn delete(key: &str) -> Result<bool, Error> {
    host::kv::delete(key)
}

/// One page of the keys that start with `prefix`, at most `limit` (1 to 1000), after the page before it.
///
/// # Errors
/// When the plugin was not granted `kv`, or `limit` is out of bounds.
pub fn list_keys(prefix: &str, limit: u32, after: Option<&str>) -> Result<KeyPage, Error> {
    host::kv::list_keys(prefix, limit, after)
}

/// All keys that start with `prefix`. The quota of the store bounds how many there are.
///
/// # Errors
/// When the plugin was not granted `kv`.
pub fn keys(prefix: &str) -> Result<Vec<String>, Error> {
    let mut keys = Vec::new();
    let mut after = None;
    loop {
        let page = list_keys(prefix, PAGE, after.as_deref())?;
        keys.extend(page.keys);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(keys),
        }
    }
}

/// The value, read as JSON.
///
/// # Errors
/// Those of [`get`], and a value of another shape.
pub fn get_json<T: DeserializeOwned>(key: &str) -> AnyResult<Option<T>> {
    let Some(bytes) = get(key)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).context(format_args!("reading `{key}` from kv"))
}

/// Sets a value, written as JSON.
///
/// # Errors
/// Those of [`set`], and a value that does not serialise.
pub fn set_json(key: &str, value: &impl Serialize) -> AnyResult<()> {
    let bytes = serde_json::to_vec(value).context(format_args!("writing `{key}` to kv"))?;
    Ok(set(key, &bytes)?)
}
