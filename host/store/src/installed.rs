//! What was installed under each plugin's name, so that a later file can be compared with it.
//!
//! It protects from whoever can change the plugin directory, not from whoever can write the store.

use rusqlite::{Connection, OptionalExtension, Row, params};
use tandem_package::Installed;

use crate::{columns::parsed, error::StoreError, store::Store};

/// Most names; a host has far fewer plugins.
const MAX_INSTALLED: i64 = 10_000;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS installed (
        name TEXT PRIMARY KEY, version TEXT NOT NULL, digest TEXT NOT NULL, signer TEXT
    ) WITHOUT ROWID;
";

impl Store {
    /// What is installed under a name.
    pub async fn installed(&self, name: String) -> Result<Option<Installed>, StoreError> {
        self.read(move |db| {
            let mut statement =
                db.prepare_cached("SELECT name, version, digest, signer FROM installed WHERE name = ?1")?;
            Ok(statement.query_row([name], read).optional()?)
        })
        .await
    }

    /// Notes what is installed from now on, in the place of what was there under the same names.
    pub async fn set_installed(&self, plugins: Vec<Installed>) -> Result<(), StoreError> {
        self.write(move |db| plugins.iter().try_for_each(|plugin| set(db, plugin))).await
    }
}

fn set(db: &Connection, plugin: &Installed) -> Result<(), StoreError> {
    let values = params![
        plugin.name,
        plugin.version.to_string(),
        plugin.digest.to_string(),
        plugin.signer.map(|key| key.to_string())
    ];
    db.prepare_cached("INSERT OR REPLACE INTO installed (name, version, digest, signer) VALUES (?1, ?2, ?3, ?4)")?
        .execute(values)?;
    let count: i64 = db.query_row("SELECT count(*) FROM installed", [], |row| row.get(0))?;
    if count > MAX_INSTALLED {
        return Err(StoreError::TooLarge(format!("too many installed plugins: the limit is {MAX_INSTALLED}")));
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Installed> {
    Ok(Installed {
        name: row.get(0)?,
        version: parsed(row, 1)?,
        digest: parsed(row, 2)?,
        signer: row.get::<_, Option<String>>(3)?.map(|_| parsed(row, 3)).transpose()?,
    })
}
