//! What an operator changed of the grants at run time, and the number that tells other processes of a change.
//!
//! **Promises.** A change, its audit record and the new number are one transaction. **Bounds** by
//! [`tandem_package::MAX_CHANGES`] for one plugin and party, and by [`MAX_ROWS`] in all.

use rusqlite::{Connection, params};
use tandem_package::{GrantChange, GrantItem, GrantKind, MAX_CHANGES, Overlay, Overlays};
use tandem_types::Name;

use crate::{audit::EventRecord, columns::parsed, error::StoreError, policy_version::changed, store::Store};

/// Most changes in all.
pub const MAX_ROWS: i64 = 20_000;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS grants (
        plugin TEXT NOT NULL, tenant TEXT NOT NULL, item TEXT NOT NULL, value TEXT,
        PRIMARY KEY (plugin, tenant, item)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS policy (id INTEGER PRIMARY KEY CHECK (id = 0), version INTEGER NOT NULL);
    INSERT OR IGNORE INTO policy (id, version) VALUES (0, 0);
";

/// What to do with the changes for one plugin and party.
#[derive(Clone, Debug)]
pub enum GrantEdit {
    /// Take these over.
    Record(Vec<(GrantItem, GrantChange)>),
    /// Forget those of a kind, or all.
    Clear(Option<GrantKind>),
}

impl Store {
    /// All changes.
    pub async fn overlays(&self) -> Result<Overlays, StoreError> {
        self.read(overlays).await
    }

    /// A number that is another one after each change of grants or keys, whoever made it.
    pub async fn policy_version(&self) -> Result<u64, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT version FROM policy")?;
            Ok(statement.query_row([], |row| row.get::<_, i64>(0))?.unsigned_abs())
        })
        .await
    }

    /// Edits the changes for a plugin and all tenants, or one, together with the record of it. Answers all changes
    /// as they are then.
    pub async fn edit_grants(
        &self,
        plugin: Name,
        tenant: Option<Name>,
        edit: GrantEdit,
        event: EventRecord,
    ) -> Result<Overlays, StoreError> {
        let auditor = self.auditor();
        self.write(move |db| {
            let mut all = overlays(db)?;
            let overlay = all.entry(plugin.clone(), tenant.clone());
            match edit {
                GrantEdit::Record(changes) => {
                    changes.into_iter().for_each(|(item, change)| overlay.record(item, change))
                }
                GrantEdit::Clear(kind) => overlay.clear(kind),
            }
            if overlay.len() > MAX_CHANGES {
                return Err(StoreError::TooLarge(format!(
                    "`{plugin}` would have more than {MAX_CHANGES} changed grants"
                )));
            }
            replace(db, plugin.as_str(), tenant.as_ref().map_or("", Name::as_str), overlay)?;
            changed(db)?;
            auditor.append(db, event)?;
            Ok(all)
        })
        .await
    }
}

fn replace(db: &Connection, plugin: &str, tenant: &str, overlay: &Overlay) -> Result<(), StoreError> {
    db.execute("DELETE FROM grants WHERE plugin = ?1 AND tenant = ?2", params![plugin, tenant])?;
    let mut insert = db.prepare_cached("INSERT INTO grants (plugin, tenant, item, value) VALUES (?1, ?2, ?3, ?4)")?;
    for (item, change) in overlay.changes() {
        insert.execute(params![plugin, tenant, item.to_string(), change.to_kept()])?;
    }
    let count: i64 = db.query_row("SELECT count(*) FROM grants", [], |row| row.get(0))?;
    if count > MAX_ROWS {
        return Err(StoreError::TooLarge(format!("too many changed grants: the limit is {MAX_ROWS}")));
    }
    Ok(())
}

fn overlays(db: &Connection) -> Result<Overlays, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT plugin, tenant, item, value FROM grants ORDER BY plugin, tenant, item")?;
    let mut rows = statement.query([])?;
    let mut overlays = Overlays::default();
    while let Some(row) = rows.next()? {
        let tenant = row.get::<_, String>(1)?;
        let tenant = if tenant.is_empty() { None } else { Some(parsed(row, 1)?) };
        let item: GrantItem = parsed(row, 2)?;
        let value: Option<String> = row.get(3)?;
        // A change that cannot be read must not be left out: it may be a revocation.
        let change = GrantChange::from_kept(&item, value.as_deref())
            .map_err(|error| StoreError::Database(rusqlite::Error::ToSqlConversionFailure(Box::new(error))))?;
        overlays.entry(parsed(row, 0)?, tenant).restore(item, change);
    }
    Ok(overlays)
}

#[cfg(test)]
mod tests;
