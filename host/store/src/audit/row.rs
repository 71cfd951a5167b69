//! One record as it is stored.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{chain::Link, numbers::unsigned, record::AuditRecord};
use crate::error::StoreError;

/// What [`AuditRow::read`] takes. A store that no host has opened since records have an age lacks that column.
pub(super) fn select(db: &Connection) -> Result<&'static str, StoreError> {
    let aged = db.prepare("SELECT 1 FROM pragma_table_info('audit') WHERE name = 'age'")?.exists([])?;
    Ok(match aged {
        true => "SELECT sequence, time, age, bytes, body, previous, hash, mac FROM audit",
        false => "SELECT sequence, time, NULL, bytes, body, previous, hash, mac FROM audit",
    })
}

/// One record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// 1, 2, 3, … without gaps.
    pub sequence: u64,
    /// Milliseconds since 1970, as the clock said: the order of records is that of `sequence`.
    pub time: u64,
    /// How old the log was, in milliseconds, by the time that its rotation counts in: it never goes back, and a jump of the
    /// clock counts as a day at most. None in records of older hosts.
    pub age: Option<u64>,
    /// Bytes of all records up to this one.
    pub bytes: u64,
    /// The canonical JSON of an [`AuditRecord`].
    pub body: String,
    /// The hash of the record before.
    pub previous: [u8; 32],
    /// SHA-256 over previous hash, sequence, time, age, bytes and body.
    pub hash: [u8; 32],
    /// HMAC-SHA256 of the hash under the host's key.
    pub mac: [u8; 32],
}

impl AuditRow {
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            sequence: unsigned(row.get(0)?),
            time: unsigned(row.get(1)?),
            age: row.get::<_, Option<i64>>(2)?.map(unsigned),
            bytes: unsigned(row.get(3)?),
            body: row.get(4)?,
            previous: row.get(5)?,
            hash: row.get(6)?,
            mac: row.get(7)?,
        })
    }

    pub(super) fn link(&self) -> Link {
        Link { sequence: self.sequence, time: self.time, age: self.age, bytes: self.bytes, hash: self.hash }
    }

    /// The record; none when the row holds none, which [`AuditReader::verify`](super::AuditReader::verify) reports.
    #[must_use]
    pub fn record(&self) -> Option<AuditRecord> {
        serde_json::from_str(&self.body).ok()
    }

    /// Everything, as one line of an export: hashes in hexadecimal, the body as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "sequence": self.sequence, "time": self.time, "age": self.age, "bytes": self.bytes,
            "body": serde_json::from_str(&self.body).unwrap_or(Value::Null),
            "previous": hex::encode(self.previous), "hash": hex::encode(self.hash), "mac": hex::encode(self.mac),
        })
    }
}
