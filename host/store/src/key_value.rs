//! The key-value table: statements, bounds and quotas.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    error::StoreError,
    limits::{MAX_BATCH, MAX_KEY, MAX_VALUE},
    room::Use,
    store::Store,
};

/// Whose keys: one tenant's use of one plugin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Namespace {
    /// The tenant.
    pub tenant: Arc<str>,
    /// The plugin.
    pub plugin: Arc<str>,
}

/// What one namespace may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Bytes of keys and values together.
    pub bytes: u64,
    /// Number of keys.
    pub keys: u64,
}

/// One page of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// Sorted by bytes.
    pub keys: Vec<String>,
    /// Where the next page starts; none on the last.
    pub next: Option<String>,
}

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS kv (
        tenant TEXT NOT NULL, plugin TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
        PRIMARY KEY (tenant, plugin, key)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS kv_usage (
        tenant TEXT NOT NULL, plugin TEXT NOT NULL, keys INTEGER NOT NULL, bytes INTEGER NOT NULL,
        PRIMARY KEY (tenant, plugin)
    ) WITHOUT ROWID;
";

impl Store {
    /// The value, or none.
    pub async fn get(&self, ns: Namespace, key: String) -> Result<Option<Vec<u8>>, StoreError> {
        check_key(&key)?;
        self.read(move |db| get(db, &ns, &key)).await
    }

    /// Keys that start with `prefix`, sorted by bytes, after `after`, at most `limit`.
    pub async fn list(
        &self,
        ns: Namespace,
        prefix: String,
        limit: u32,
        after: Option<String>,
    ) -> Result<KeyPage, StoreError> {
        self.read(move |db| list(db, &ns, &prefix, limit.clamp(1, 1000), after.as_deref())).await
    }

    /// Writes all entries or none, durably. Refuses where that would leave too little disk for the audit log.
    pub async fn set_many(
        &self,
        ns: Namespace,
        quota: Quota,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        check_entries(&entries)?;
        self.room.take(bytes(&entries), Use::New)?;
        self.write(move |db| set_many(db, &ns, quota, &entries)).await
    }

    /// Writes `value` only while the present value equals `expected`. Answers whether it did.
    pub async fn compare_and_set(
        &self,
        ns: Namespace,
        quota: Quota,
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let entry = (key, value);
        check_entries(std::slice::from_ref(&entry))?;
        self.room.take(bytes(std::slice::from_ref(&entry)), Use::New)?;
        self.write(move |db| compare_and_set(db, &ns, quota, &entry, expected.as_deref())).await
    }

    /// Removes a key. Answers whether it was there.
    pub async fn delete(&self, ns: Namespace, key: String) -> Result<bool, StoreError> {
        check_key(&key)?;
        self.write(move |db| delete(db, &ns, &key)).await
    }
}

fn check_key(key: &str) -> Result<(), StoreError> {
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(StoreError::TooLarge(format!("key length {} bytes, must be 1 to {MAX_KEY}", key.len())));
    }
    Ok(())
}

fn check_entries(entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
    if entries.len() > MAX_BATCH {
        return Err(StoreError::TooLarge(format!("a batch is limited to {MAX_BATCH} entries, got {}", entries.len())));
    }
    for (key, value) in entries {
        check_key(key)?;
        if value.len() > MAX_VALUE {
            return Err(StoreError::TooLarge(format!(
                "a value has at most {MAX_VALUE} bytes, that of `{key}` has {}",
                value.len()
            )));
        }
    }
    Ok(())
}

/// Bytes of keys and values.
fn bytes(entries: &[(String, Vec<u8>)]) -> u64 {
    entries.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum()
}

fn get(db: &Connection, ns: &Namespace, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = db.prepare_cached("SELECT value FROM kv WHERE tenant = ?1 AND plugin = ?2 AND key = ?3")?;
    Ok(statement.query_row(params![ns.tenant, ns.plugin, key], |row| row.get(0)).optional()?)
}

fn list(db: &Connection, ns: &Namespace, prefix: &str, limit: u32, after: Option<&str>) -> Result<KeyPage, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT key FROM kv WHERE tenant = ?1 AND plugin = ?2 AND key >= ?3 AND key > ?4 ORDER BY key LIMIT ?5",
    )?;
    let rows = statement
        .query_map(params![ns.tenant, ns.plugin, prefix, after.unwrap_or(""), i64::from(limit) + 1], |row| {
            row.get::<_, String>(0)
        })?;
    let mut page = KeyPage::default();
    for key in rows {
        let key = key?;
        if !key.starts_with(prefix) {
            break;
        }
        if page.keys.len() == limit as usize {
            page.next = page.keys.last().cloned();
            break;
        }
        page.keys.push(key);
    }
    Ok(page)
}

/// Writes the entries and keeps the namespace's totals; over the quota it changes nothing (the caller
/// rolls the savepoint back).
fn set_many(db: &Connection, ns: &Namespace, quota: Quota, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
    let (mut keys, mut bytes) = usage(db, ns)?;
    for (key, value) in entries {
        if let Some(old) = size(db, ns, key)? {
            keys -= 1;
            bytes -= old;
        }
        keys += 1;
        bytes += (key.len() + value.len()) as i64;
        db.prepare_cached("INSERT OR REPLACE INTO kv (tenant, plugin, key, value) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![ns.tenant, ns.plugin, key, value])?;
    }
    if keys as u64 > quota.keys {
        return Err(StoreError::Quota(format!("the store's quota of {} keys would be exceeded", quota.keys)));
    }
    if bytes as u64 > quota.bytes {
        return Err(StoreError::Quota(format!("the store's quota of {} bytes would be exceeded", quota.bytes)));
    }
    set_usage(db, ns, keys, bytes)
}

/// Writes `value` only while the present value equals `expected`. Answers whether it did.
fn compare_and_set(
    db: &Connection,
    ns: &Namespace,
    quota: Quota,
    entry: &(String, Vec<u8>),
    expected: Option<&[u8]>,
) -> Result<bool, StoreError> {
    if get(db, ns, &entry.0)?.as_deref() != expected {
        return Ok(false);
    }
    set_many(db, ns, quota, std::slice::from_ref(entry))?;
    Ok(true)
}

fn delete(db: &Connection, ns: &Namespace, key: &str) -> Result<bool, StoreError> {
    let Some(old) = size(db, ns, key)? else { return Ok(false) };
    db.prepare_cached("DELETE FROM kv WHERE tenant = ?1 AND plugin = ?2 AND key = ?3")?
        .execute(params![ns.tenant, ns.plugin, key])?;
    let (keys, bytes) = usage(db, ns)?;
    set_usage(db, ns, keys - 1, bytes - old)?;
    Ok(true)
}

fn size(db: &Connection, ns: &Namespace, key: &str) -> Result<Option<i64>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT length(value) FROM kv WHERE tenant = ?1 AND plugin = ?2 AND key = ?3")?;
    let value: Option<i64> = statement.query_row(params![ns.tenant, ns.plugin, key], |row| row.get(0)).optional()?;
    Ok(value.map(|n| n + key.len() as i64))
}

fn usage(db: &Connection, ns: &Namespace) -> Result<(i64, i64), StoreError> {
    let mut statement = db.prepare_cached("SELECT keys, bytes FROM kv_usage WHERE tenant = ?1 AND plugin = ?2")?;
    let row = statement.query_row(params![ns.tenant, ns.plugin], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(row.unwrap_or((0, 0)))
}

fn set_usage(db: &Connection, ns: &Namespace, keys: i64, bytes: i64) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR REPLACE INTO kv_usage (tenant, plugin, keys, bytes) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![ns.tenant, ns.plugin, keys, bytes])?;
    Ok(())
}
