//! Reading the log: pages by sequence, with filters.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use super::{
    chain::AuditKey,
    head::{AuditHead, HeadMissing},
    note,
    numbers::signed,
    record::Gap,
    row::{AuditRow, select},
    verify::{self, AuditBroken, Verified},
};
use crate::error::StoreError;

/// Most records of one page.
pub const MAX_PAGE: u32 = 1000;

/// Which records are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only records after this one.
    pub after: u64,
    /// The newest ones instead of the oldest; the answer is in ascending order all the same.
    pub newest: bool,
    /// At most so many, up to [`MAX_PAGE`].
    pub limit: u32,
    /// Only those of a tenant.
    pub tenant: Option<String>,
    /// Only calls of a tool.
    pub tool: Option<String>,
    /// Only calls that ended so.
    pub outcome: Option<String>,
    /// Only those of this kind, as `gap`.
    pub kind: Option<String>,
    /// Only those from this time on, in milliseconds since 1970.
    pub since: Option<u64>,
}

/// Reads the log of a store's file, also while a host writes it. Blocking; has a connection of its own, so that
/// a long look keeps no plugin waiting.
#[derive(Debug)]
pub struct AuditReader {
    db: Connection,
}

impl AuditReader {
    /// Opens a store's file for reading only.
    pub fn open(store: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(store, flags)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(Self { db })
    }

    /// What the host beside whose store it is lost and has not marked in the log yet.
    ///
    /// # Errors
    /// The note of it cannot be read, or the host did not write it.
    pub fn unmarked(store: &Path) -> std::io::Result<Option<Gap>> {
        note::noted(store, &AuditKey::read(store)?)
    }

    /// A page, in ascending order.
    pub fn page(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let order = if query.newest { "DESC" } else { "ASC" };
        let mut statement = self.db.prepare_cached(&format!(
            "{} WHERE sequence > ?1 AND time >= ?2 AND (?3 IS NULL OR body ->> 'tenant' = ?3)
             AND (?4 IS NULL OR body ->> 'tool' = ?4) AND (?5 IS NULL OR body ->> 'outcome' = ?5)
             AND (?6 IS NULL OR body ->> 'kind' = ?6)
             ORDER BY sequence {order} LIMIT ?7",
            select(&self.db)?
        ))?;
        let (after, since) = (signed(query.after), signed(query.since.unwrap_or(0)));
        let limit = query.limit.clamp(1, MAX_PAGE);
        let filters = params![after, since, query.tenant, query.tool, query.outcome, query.kind, limit];
        let rows = statement.query_map(filters, AuditRow::read)?;
        let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
        if query.newest {
            rows.reverse();
        }
        Ok(rows)
    }

    /// Walks along the whole chain, as it is at this moment. Takes about a second for 200 000 records.
    ///
    /// # Errors
    /// The first record that is not what the host wrote.
    pub fn verify(&self, key: &AuditKey) -> Result<Verified, AuditBroken> {
        let snapshot = self.db.unchecked_transaction()?;
        verify::all(&snapshot, key)
    }

    /// Whether a record that was seen once is still there.
    ///
    /// # Errors
    /// It is not.
    pub fn contains(&self, seen: AuditHead) -> Result<(), HeadMissing> {
        let query = AuditQuery { after: seen.sequence.saturating_sub(1), limit: 1, ..AuditQuery::default() };
        match self.page(&query)?.first() {
            Some(row) if row.sequence == seen.sequence && row.hash == seen.hash => Ok(()),
            Some(row) if row.sequence > seen.sequence => Err(HeadMissing::Dropped(seen.sequence)),
            _ => Err(HeadMissing::Differs(seen.sequence)),
        }
    }
}
