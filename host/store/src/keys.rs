//! API keys that were issued at run time: their hashes, never themselves.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, params};

use crate::{audit::EventRecord, error::StoreError, policy_version::changed, store::Store};

/// Most keys of one tenant: two while they are changed, and some for its machines.
pub const MAX_KEYS: usize = 64;
/// Most keys in all: every one is held in memory by a running host.
pub const MAX_ALL_KEYS: usize = 100_000;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS keys (
        tenant TEXT NOT NULL, name TEXT NOT NULL, start TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,
        created INTEGER NOT NULL, expires INTEGER,
        PRIMARY KEY (tenant, name)
    ) WITHOUT ROWID;
";

/// One key.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Whose it is.
    pub tenant: String,
    /// What it is called, unique for its tenant.
    pub name: String,
    /// The first characters of the key, by which people know it again.
    pub start: String,
    /// The SHA-256 of the key.
    pub hash: [u8; 32],
    /// When it was made.
    pub created: SystemTime,
    /// From when on it is refused; none is never.
    pub expires: Option<SystemTime>,
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKey").field("tenant", &self.tenant).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Store {
    /// All keys, sorted by tenant and name; expired ones too.
    pub async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.read(all).await
    }

    /// Keeps a new key, together with the record of it.
    ///
    /// # Errors
    /// The tenant has a key of this name already, or too many.
    pub async fn add_key(&self, key: StoredKey, event: EventRecord) -> Result<(), StoreError> {
        let auditor = self.auditor();
        self.write(move |db| {
            let keys = all(db)?;
            let of_tenant = || keys.iter().filter(|other| other.tenant == key.tenant);
            if of_tenant().any(|other| other.name == key.name) {
                return Err(StoreError::Exists(format!(
                    "tenant `{}` already has a key named `{}`",
                    key.tenant, key.name
                )));
            }
            if of_tenant().count() >= MAX_KEYS || keys.len() >= MAX_ALL_KEYS {
                return Err(StoreError::Quota(format!("a tenant is limited to {MAX_KEYS} keys; revoke one first")));
            }
            db.execute(
                "INSERT INTO keys (tenant, name, start, hash, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![key.tenant, key.name, key.start, key.hash, millis(key.created), key.expires.map(millis)],
            )?;
            changed(db)?;
            auditor.append(db, event)
        })
        .await
    }

    /// Forgets a key, together with the record of it. Answers whether it was there.
    pub async fn remove_key(&self, tenant: String, name: String, event: EventRecord) -> Result<bool, StoreError> {
        let auditor = self.auditor();
        self.write(move |db| {
            if db.execute("DELETE FROM keys WHERE tenant = ?1 AND name = ?2", params![tenant, name])? == 0 {
                return Ok(false);
            }
            changed(db)?;
            auditor.append(db, event)?;
            Ok(true)
        })
        .await
    }
}

fn all(db: &Connection) -> Result<Vec<StoredKey>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT tenant, name, start, hash, created, expires FROM keys ORDER BY tenant, name")?;
    let rows = statement.query_map([], |row| {
        Ok(StoredKey {
            tenant: row.get(0)?,
            name: row.get(1)?,
            start: row.get(2)?,
            hash: row.get(3)?,
            created: time(row.get(4)?),
            expires: row.get::<_, Option<i64>>(5)?.map(time),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn time(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tenant: &str, name: &str, byte: u8) -> StoredKey {
        let created = UNIX_EPOCH + Duration::from_millis(1_700_000_000_000);
        let expires = Some(created + Duration::from_secs(60));
        StoredKey {
            tenant: tenant.into(),
            name: name.into(),
            start: "tdm_ab".into(),
            hash: [byte; 32],
            created,
            expires,
        }
    }

    #[tokio::test]
    async fn keys_are_kept_by_tenant_and_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let store = Store::open(&path).unwrap();
        let event = || EventRecord::of_host("key.issued");
        store.add_key(key("a", "ci", 1), event()).await.unwrap();
        store.add_key(key("b", "ci", 2), event()).await.unwrap();
        assert!(matches!(store.add_key(key("a", "ci", 3), event()).await, Err(StoreError::Exists(_))));
        drop(store);
        let store = Store::open(&path).unwrap();
        assert_eq!(store.keys().await.unwrap(), [key("a", "ci", 1), key("b", "ci", 2)]);
        assert!(!format!("{:?}", store.keys().await.unwrap()).contains("[1, 1"), "hashes do not print");
        assert!(store.remove_key("a".into(), "ci".into(), event()).await.unwrap());
        assert!(!store.remove_key("a".into(), "ci".into(), event()).await.unwrap());
        assert_eq!(store.keys().await.unwrap(), [key("b", "ci", 2)]);
        assert_eq!(store.policy_version().await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_tenant_has_a_bounded_number() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store.db")).unwrap();
        for i in 0..MAX_KEYS {
            let mut key = key("a", &i.to_string(), 0);
            key.hash[..8].copy_from_slice(&i.to_be_bytes());
            store.add_key(key, EventRecord::of_host("key.issued")).await.unwrap();
        }
        let refused = store.add_key(key("a", "more", 9), EventRecord::of_host("key.issued")).await;
        assert!(matches!(refused, Err(StoreError::Quota(_))), "{refused:?}");
    }
}
