//! The entries in kv. Each has two keys of its own, so that concurrent calls need no shared count: `entry/KEY` is the value, and
//! `info/KEY` its size and expiry, which are read where all entries are looked at.
//!
//! Both are set in one transaction. `info/KEY` is deleted first: whatever is set in between keeps its info.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tandem_json_depth::is_within;
use tandem_sdk::prelude::*;

use crate::limits::{MAX_DEPTH, MAX_VALUE_BYTES};

const ENTRIES: &str = "entry/";
const INFOS: &str = "info/";

/// What kv holds for a key.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The value.
    pub(crate) value: Value,
    /// When it expires, in milliseconds since 1970.
    expires_ms: u64,
}

/// What is known of an entry without its value.
#[derive(Serialize, Deserialize)]
pub(crate) struct Info {
    /// Bytes of the value as JSON.
    pub(crate) bytes: u64,
    expires_ms: u64,
}

impl Entry {
    /// Milliseconds that are left; none once it expired.
    pub(crate) fn left(&self) -> Option<u64> {
        left(self.expires_ms)
    }
}

impl Info {
    /// Whether the value can no longer be found.
    pub(crate) fn is_expired(&self) -> bool {
        left(self.expires_ms).is_none()
    }
}

fn left(expires_ms: u64) -> Option<u64> {
    expires_ms.checked_sub(now()).filter(|left| *left > 0)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The entry, unless it expired.
pub(crate) fn get(key: &str) -> Result<Option<Entry>> {
    Ok(kv::get_json::<Entry>(&format!("{ENTRIES}{key}"))?.filter(|entry| entry.left().is_some()))
}

/// Sets a value. When the store is full, expired entries make room.
pub(crate) fn set(ctx: &Ctx, key: &str, value: Value, ttl_seconds: u32) -> Result<()> {
    if !is_within(&value, MAX_DEPTH) {
        return Err(Error::invalid_arguments(format!("`value` nests deeper than {MAX_DEPTH} levels: make it flatter")));
    }
    let bytes = serde_json::to_vec(&value)?.len();
    if bytes > MAX_VALUE_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`value` has {bytes} bytes as JSON; at most {MAX_VALUE_BYTES} are kept: split it over several keys"
        )));
    }
    let expires_ms = now().saturating_add(u64::from(ttl_seconds) * 1000);
    let info = Info { bytes: bytes as u64, expires_ms };
    let pair = [
        (format!("{ENTRIES}{key}"), serde_json::to_vec(&Entry { value, expires_ms })?),
        (format!("{INFOS}{key}"), serde_json::to_vec(&info)?),
    ];
    match kv::set_many(&pair) {
        Err(kv::Error::QuotaExceeded(_)) => {
            remove_expired(ctx)?;
            kv::set_many(&pair).map_err(full)
        }
        other => Ok(other?),
    }
}

fn full(error: kv::Error) -> Error {
    match error {
        kv::Error::QuotaExceeded(bound) => Error::unavailable(format!(
            "the cache is full ({bound}) and nothing in it has expired: delete entries by `cache_delete` or `cache_clear`"
        )),
        other => other.into(),
    }
}

fn remove_expired(ctx: &Ctx) -> Result<()> {
    for key in keys("")? {
        ctx.check()?;
        if info(&key)?.is_some_and(|info| info.is_expired()) {
            delete(&key)?;
        }
    }
    Ok(())
}

/// What is known of the entry under a key.
pub(crate) fn info(key: &str) -> Result<Option<Info>> {
    kv::get_json(&format!("{INFOS}{key}"))
}

/// The keys that start with a prefix, expired entries' too.
pub(crate) fn keys(prefix: &str) -> Result<Vec<String>> {
    let stored = kv::keys(&format!("{ENTRIES}{prefix}"))?;
    Ok(stored.iter().filter_map(|key| key.strip_prefix(ENTRIES)).map(str::to_owned).collect())
}

/// Deletes an entry. Answers whether it was there.
pub(crate) fn delete(key: &str) -> Result<bool> {
    kv::delete(&format!("{INFOS}{key}"))?;
    Ok(kv::delete(&format!("{ENTRIES}{key}"))?)
}
