//! A bounded in-memory cache, private to this plugin and tenant. Needs the `cache` grant.
//!
//! An entry may vanish at any time: keep in [`kv`](crate::kv) what must stay.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Result as AnyResult;
use crate::host;

pub use crate::bindings::tandem::host::cache::Error;

/// The value, or none when it was never set, expired or was evicted.
///
/// # Errors
/// When the plugin was not granted `cache`.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    host::cache::get(key)
}

/// Sets a value. It expires after `ttl`, or when room is needed.
///
/// # Errors
/// When the plugin was not granted `cache`, or the entry is larger than the whole cache.
pub fn set(key: &str, value: &[u8], ttl: Option<Duration>) -> Result<(), Error> {
    let ttl = ttl.map(|t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX));
    host::cache::set(key, value, ttl)
}

/// Removes a value. Removing what is not there is no error.
///
/// # Errors
/// When the plugin was not granted `cache`.
pub fn delete(key: &str) -> Result<(), Error> {
    host::cache::delete(key)
}

/// The value of `key`, worked out by `make` and kept for `ttl` when it is not there.
///
/// # Errors
/// Those of `make` and of the cache, and a value that does not serialise.
pub fn get_or_set<T: Serialize + DeserializeOwned>(
    key: &str,
    ttl: Option<Duration>,
    make: impl FnOnce() -> AnyResult<T>,
) -> AnyResult<T> {
    // What an older version of the plugin wrote may have another shape: then it is made again.
    if let Some(found) = get(key)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        return Ok(found);
    }
    let value = make()?;
    match set(key, &serde_json::to_vec(&value)?, ttl) {
        // What does not fit is worked out each time.
        Ok(()) | Err(Error::TooLarge(_)) => Ok(value),
        Err(error) => Err(error.into()),
    }
}
