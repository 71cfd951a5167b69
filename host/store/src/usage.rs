//! How often each category was called, over all runs of the host: what is called most is made ready first.

use std::collections::HashMap;

use rusqlite::params;

use crate::{error::StoreError, store::Store};

/// Most categories that are counted; the least called are forgotten. A host has far fewer.
const MAX_CATEGORIES: i64 = 10_000;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS category_calls (category TEXT PRIMARY KEY, calls INTEGER NOT NULL) WITHOUT ROWID;
";

impl Store {
    /// Calls by category.
    pub async fn category_calls(&self) -> Result<HashMap<String, u64>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT category, calls FROM category_calls")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Adds calls to what was counted before.
    pub async fn add_category_calls(&self, calls: Vec<(String, u64)>) -> Result<(), StoreError> {
        if calls.is_empty() {
            return Ok(());
        }
        self.write(move |db| {
            let mut add = db.prepare_cached(
                "INSERT INTO category_calls (category, calls) VALUES (?1, ?2)
                 ON CONFLICT (category) DO UPDATE SET calls = min(calls + excluded.calls, 1 << 60)",
            )?;
            for (category, calls) in &calls {
                add.execute(params![category, i64::try_from(*calls).unwrap_or(i64::MAX >> 3)])?;
            }
            db.prepare_cached(
                "DELETE FROM category_calls WHERE category IN
                 (SELECT category FROM category_calls ORDER BY calls DESC LIMIT -1 OFFSET ?1)",
            )?
            .execute([MAX_CATEGORIES])?;
            Ok(())
        })
        .await
    }
}
