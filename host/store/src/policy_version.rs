//! The number that tells other processes of a change of grants or keys.

use rusqlite::Connection;

use crate::error::StoreError;

/// Tells other processes.
pub(crate) fn changed(db: &Connection) -> Result<(), StoreError> {
    db.execute("UPDATE policy SET version = version + 1", [])?;
    Ok(())
}
