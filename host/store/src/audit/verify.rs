//! Whether the log is what the host wrote.

use rusqlite::{Connection, OptionalExtension};

use super::{
    AuditKey, AuditRecord, Checkpoint,
    chain::{Link, size},
    read::{AuditRow, COLUMNS},
    write::{signed, unsigned},
};
use crate::StoreError;

/// What was found to be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The first record that is there; later than 1 when older ones were dropped, which a checkpoint proves.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// How many.
    pub count: u64,
    /// The last one's hash. Whoever notes it elsewhere can tell later that the log was not put back to an
    /// older state.
    pub head: [u8; 32],
}

/// Why a log is not what the host wrote.
#[derive(Debug, thiserror::Error)]
pub enum AuditBroken {
    /// A record was changed, put in or taken out.
    #[error("record {sequence}: {why}")]
    Record {
        /// The first record that is wrong.
        sequence: u64,
        /// In which way.
        why: &'static str,
    },
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for AuditBroken {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a walk along the rows has seen.
pub(super) struct Walk {
    link: Link,
    from: u64,
    count: u64,
    /// What a checkpoint must say about the beginning; none when nothing was dropped.
    begins: Option<(u64, [u8; 32])>,
    proven: bool,
}

/// Checks everything.
pub(super) fn all(db: &Connection, key: &AuditKey) -> Result<Verified, AuditBroken> {
    let walk = rows(db, key, None)?;
    let broken = |sequence, why| Err(AuditBroken::Record { sequence, why });
    let mut statement = db.prepare("SELECT sequence, hash, mac FROM audit_head")?;
    let head = statement.query_row([], |row| Ok((unsigned(row.get(0)?), row.get(1)?, row.get(2)?))).optional()?;
    let head: Option<(u64, [u8; 32], [u8; 32])> = head;
    match head {
        None if walk.count == 0 => {}
        None => return broken(walk.link.sequence, "the note of the newest record is missing"),
        Some((sequence, hash, mac)) => {
            if key.head_mac(sequence, &hash) != mac {
                return broken(sequence, "the note of the newest record is not authentic");
            }
            if (sequence, hash) != (walk.link.sequence, walk.link.hash) {
                return broken(walk.link.sequence + 1, "it is missing: records were taken from the end");
            }
        }
    }
    if walk.begins.is_some() && !walk.proven {
        return broken(walk.from, "records before it are missing, and no checkpoint says that the host dropped them");
    }
    Ok(Verified { from: walk.from, to: walk.link.sequence, count: walk.count, head: walk.link.hash })
}

/// Checks the rows up to, and without, a sequence number.
pub(super) fn rows(db: &Connection, key: &AuditKey, until: Option<u64>) -> Result<Walk, AuditBroken> {
    let mut walk = Walk { link: Link::default(), from: 0, count: 0, begins: None, proven: false };
    let mut statement = db.prepare(&format!("{COLUMNS} WHERE sequence < ?1 ORDER BY sequence"))?;
    let mut rows = statement.query([until.map_or(i64::MAX, signed)])?;
    while let Some(row) = rows.next()? {
        walk.step(key, &AuditRow::read(row)?)?;
    }
    Ok(walk)
}

impl Walk {
    fn step(&mut self, key: &AuditKey, row: &AuditRow) -> Result<(), AuditBroken> {
        let wrong = |why| Err(AuditBroken::Record { sequence: row.sequence, why });
        if self.count == 0 {
            self.begin(row);
        }
        let expected = self.link.sequence + 1;
        if row.sequence != expected {
            return Err(AuditBroken::Record { sequence: expected, why: "it is missing" });
        }
        if row.previous != self.link.hash {
            return wrong("it does not follow the record before it");
        }
        if row.link().hash_of(&row.previous, &row.body) != row.hash {
            return wrong("it was changed");
        }
        if key.mac(&row.hash) != row.mac {
            return wrong("it was not written with this host's key");
        }
        if let (Some(begins), Some(checkpoint)) = (self.begins, checkpoint(&row.body)) {
            self.proven = begins == (checkpoint.first, checkpoint.previous);
        }
        self.link = row.link();
        self.count += 1;
        Ok(())
    }

    /// The first row that is there: number 1, or the one that a checkpoint names.
    fn begin(&mut self, row: &AuditRow) {
        self.from = row.sequence;
        if row.sequence > 1 {
            self.begins = Some((row.sequence, row.previous));
            self.link = Link {
                sequence: row.sequence - 1,
                hash: row.previous,
                bytes: row.bytes.saturating_sub(size(&row.body)),
                ..Link::default()
            };
        }
    }
}

/// Reads a checkpoint; everything else is not looked at closely.
fn checkpoint(body: &str) -> Option<Checkpoint> {
    if !body.contains("\"kind\":\"checkpoint\"") {
        return None;
    }
    match serde_json::from_str(body) {
        Ok(AuditRecord::Checkpoint(checkpoint)) => Some(checkpoint),
        _ => None,
    }
}
