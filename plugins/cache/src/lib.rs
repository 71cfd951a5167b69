//! The cache category: values kept by key until they expire.
//!
//! **Promises.** An expired value is never found. A value is kept until then, unless a call that makes room removes it (README).
//!
//! **Bounds.** Keys of 100 characters, values of 512 KiB as JSON and 32 levels, 30 days, and the keys and bytes of the `kv` grant.
//!
//! **Refuses.** What is beyond the bounds, with an error that names the argument.

mod entries;
mod limits;

use tandem_sdk::prelude::*;

/// The category.
#[derive(Debug)]
pub struct Cache;

/// What was found.
#[output]
pub struct Found {
    /// Whether there is a value.
    pub found: bool,
    /// The value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub value: Option<Value>,
    /// Seconds until it expires, rounded up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub expires_in_seconds: Option<u64>,
}

/// What was set.
#[output]
pub struct Set {
    /// Seconds until it expires.
    pub expires_in_seconds: u32,
}

/// What was deleted.
#[output]
pub struct Deleted {
    /// How many entries were removed, expired ones among them.
    pub deleted: u64,
}

/// What the cache holds.
#[output]
pub struct Stats {
    /// Entries that can be found.
    pub entries: u64,
    /// Entries that expired and still take room.
    pub expired: u64,
    /// Bytes of all of these values, as JSON.
    pub value_bytes: u64,
}

#[tools]
impl Cache {
    /// Gets the value that is cached under a key by `cache_set`. For a missing or expired key `found` is false.
    #[tool(read_only, title = "Get a cached value")]
    fn cache_get(
        /// The key, as `report:2026`.
        #[arg(min_length = 1, max_length = 100)]
        key: &str,
    ) -> Result<Found> {
        let entry = entries::get(key)?;
        let expires_in_seconds = entry.as_ref().and_then(entries::Entry::left).map(|left| left.div_ceil(1000));
        Ok(Found { found: entry.is_some(), value: entry.map(|entry| entry.value), expires_in_seconds })
    }

    /// Remembers (caches) a JSON value under a key for seconds, minutes or hours, until it expires; a value that is already there is
    /// replaced. Use `storage_put` for what must not expire.
    #[tool(destructive, title = "Cache a value")]
    fn cache_set(
        ctx: &Ctx,
        /// The key, as `report:2026`.
        #[arg(min_length = 1, max_length = 100)]
        key: &str,
        /// Any JSON value, at most 512 KiB and 32 levels deep, as `{"total": 12}`.
        value: Value,
        /// Seconds to keep it, as `600`; 3600 (an hour) unless given, at most 2592000 (30 days).
        #[arg(default = 3600, min = 1, max = 2592000)]
        ttl_seconds: u32,
    ) -> Result<Set> {
        entries::set(ctx, key, value, ttl_seconds)?;
        Ok(Set { expires_in_seconds: ttl_seconds })
    }

    /// Deletes the value of one key; a missing key is not an error. `cache_clear` deletes many.
    #[tool(destructive, idempotent, title = "Delete a cached value")]
    fn cache_delete(
        /// The key, as `report:2026`.
        #[arg(min_length = 1, max_length = 100)]
        key: &str,
    ) -> Result<Deleted> {
        Ok(Deleted { deleted: u64::from(entries::delete(key)?) })
    }

    /// Deletes all values, or those whose keys start with a prefix.
    #[tool(destructive, idempotent, title = "Clear the cache")]
    fn cache_clear(
        ctx: &Ctx,
        /// What the keys start with, as `report:`; everything is deleted without it.
        #[arg(max_length = 100)]
        prefix: Option<String>,
    ) -> Result<Deleted> {
        let mut deleted = 0;
        for key in entries::keys(prefix.as_deref().unwrap_or_default())? {
            ctx.check()?;
            deleted += u64::from(entries::delete(&key)?);
        }
        Ok(Deleted { deleted })
    }

    /// Returns how many entries the cache holds and their bytes. It does not count hits and misses.
    #[tool(read_only, title = "Cache statistics")]
    fn cache_stats(ctx: &Ctx) -> Result<Stats> {
        let mut stats = Stats { entries: 0, expired: 0, value_bytes: 0 };
        for key in entries::keys("")? {
            ctx.check()?;
            let Some(info) = entries::info(&key)? else { continue };
            if info.is_expired() {
                stats.expired += 1;
            } else {
                stats.entries += 1;
            }
            stats.value_bytes += info.bytes;
        }
        Ok(stats)
    }
}

tandem_sdk::export!(Cache);
