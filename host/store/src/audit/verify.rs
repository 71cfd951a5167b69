//! Whether the log is what the host wrote.

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use super::{
    chain::{AuditKey, Link, size},
    head::AuditHead,
    numbers::{signed, unsigned},
    record::{AuditRecord, Gap},
    row::{AuditRow, select},
};
use crate::error::StoreError;

/// Most gaps that are told one by one.
const MAX_GAPS: usize = 100;

/// What was found to be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The first record that is there; later than 1 when older ones were dropped, which a checkpoint proves.
    pub from: u64,
    /// How many.
    pub count: u64,
    /// The last one, with its hash.
    pub head: AuditHead,
    /// Records that the host could not write, as markers among those that are there say.
    pub lost: u64,
    /// The first 100 of the markers, by their sequence number.
    pub gaps: Vec<(u64, Gap)>,
}

impl Verified {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let gap = |(sequence, gap): &(u64, Gap)| json!({ "sequence": sequence, "lost": gap.lost, "since": gap.since, "until": gap.until });
        json!({
            "from": self.from, "to": self.head.sequence, "count": self.count, "head": hex::encode(self.head.hash),
            "lost": self.lost, "gaps": self.gaps.iter().map(gap).collect::<Vec<_>>(),
        })
    }
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
    lost: u64,
    gaps: Vec<(u64, Gap)>,
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
    Ok(Verified {
        from: walk.from,
        count: walk.count,
        head: AuditHead { sequence: walk.link.sequence, hash: walk.link.hash },
        lost: walk.lost,
        gaps: walk.gaps,
    })
}

/// Checks the rows up to, and without, a sequence number.
pub(super) fn rows(db: &Connection, key: &AuditKey, until: Option<u64>) -> Result<Walk, AuditBroken> {
    let mut walk =
        Walk { link: Link::default(), from: 0, count: 0, begins: None, proven: false, lost: 0, gaps: Vec::new() };
    let mut statement = db.prepare(&format!("{} WHERE sequence < ?1 ORDER BY sequence", select(db)?))?;
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
        match marker(&row.body) {
            Some(AuditRecord::Checkpoint(checkpoint)) => {
                if let Some(begins) = self.begins {
                    self.proven = begins == (checkpoint.first, checkpoint.previous);
                }
            }
            Some(AuditRecord::Gap(gap)) => {
                self.lost = self.lost.saturating_add(gap.lost);
                if self.gaps.len() < MAX_GAPS {
                    self.gaps.push((row.sequence, gap));
                }
            }
            _ => {}
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

/// Reads what the store itself wrote; everything else is not looked at closely.
fn marker(body: &str) -> Option<AuditRecord> {
    if !body.contains("\"kind\":\"checkpoint\"") && !body.contains("\"kind\":\"gap\"") {
        return None;
    }
    serde_json::from_str(body).ok()
}
