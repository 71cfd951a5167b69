//! Appending, and dropping what is too old or too much.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    chain::{AuditKey, DAY, Link, size},
    numbers::{millis, signed, unsigned},
    record::{AuditRecord, Checkpoint, EventRecord},
    retention::AuditRetention,
    verify,
};
use crate::error::StoreError;

/// Retention is looked at whenever so many records were added.
const ROTATE_EVERY: u64 = 1024;
/// Most records dropped in one transaction: other writers wait for it. Four times what is added meanwhile.
const ROTATE_AT_MOST: u64 = 4096;

/// A clock that goes back by so much was set, in milliseconds; time services correct less all the time.
const SET_BACK: u64 = 60_000;

/// How records are written.
pub(super) struct WriteOptions<'a> {
    pub(super) key: &'a AuditKey,
    pub(super) retention: AuditRetention,
    /// What the clock says, in milliseconds since 1970.
    pub(super) now: u64,
}

/// Adds records of these bodies.
pub(super) fn append(db: &Connection, options: &WriteOptions<'_>, bodies: &[String]) -> Result<(), StoreError> {
    let before = last(db)?.unwrap_or_default();
    let marked = match stepped(&before, options.now) {
        Some(event) => add(db, options, before, &[event.body()])?,
        None => before,
    };
    let after = add(db, options, marked, bodies)?;
    if before.sequence / ROTATE_EVERY != after.sequence / ROTATE_EVERY {
        rotate(db, options)?;
    }
    Ok(())
}

/// What is said of a clock that jumped since the last record, or of a host that recorded nothing for more than a day.
fn stepped(last: &Link, now: u64) -> Option<AuditRecord> {
    if last.sequence == 0 || (last.time.saturating_sub(now) <= SET_BACK && now.saturating_sub(last.time) <= DAY) {
        return None;
    }
    let seconds = (i128::from(now) - i128::from(last.time)) / 1000;
    Some(EventRecord::of_host("clock.stepped").with("seconds", seconds.to_string()).into())
}

fn add(db: &Connection, options: &WriteOptions<'_>, mut link: Link, bodies: &[String]) -> Result<Link, StoreError> {
    let key = options.key;
    let mut insert = db.prepare_cached(
        "INSERT INTO audit (sequence, time, age, bytes, body, previous, hash, mac)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for body in bodies {
        let next = link.next(options.now, body);
        let (sequence, time, bytes) = (signed(next.sequence), signed(next.time), signed(next.bytes));
        let age = next.age.map(signed);
        insert.execute(params![sequence, time, age, bytes, body, link.hash, next.hash, key.mac(&next.hash)])?;
        link = next;
    }
    db.prepare_cached("INSERT OR REPLACE INTO audit_head (id, sequence, hash, mac) VALUES (0, ?1, ?2, ?3)")?
        .execute(params![signed(link.sequence), link.hash, key.head_mac(link.sequence, &link.hash)])?;
    Ok(link)
}

/// Drops records from the front, as the retention says, and notes it. Answers how many.
pub(super) fn rotate(db: &Connection, options: &WriteOptions<'_>) -> Result<u64, StoreError> {
    let key = options.key;
    let (Some(first), Some(last)) = (first(db)?, last(db)?) else { return Ok(0) };
    let Some(keep) = kept(db, options, &first, &last)? else { return Ok(0) };
    // A changed record must not vanish with an authentic note that says all was well.
    if let Err(broken) = verify::rows(db, key, Some(keep)) {
        tracing::error!(%broken, "audit: rotation stopped, the log was modified; keep a copy of the store and inspect it");
        return Ok(0);
    }
    let Some(previous) = hash_before(db, keep)? else { return Ok(0) };
    let dropped = keep - first.sequence;
    db.execute("INSERT OR REPLACE INTO audit_rotation (id, first) VALUES (0, ?1)", [signed(keep)])?;
    db.execute("DELETE FROM audit WHERE sequence < ?1", [signed(keep)])?;
    db.execute("DELETE FROM audit_rotation", [])?;
    let checkpoint = AuditRecord::Checkpoint(Checkpoint { first: keep, previous, dropped });
    add(db, options, last, &[checkpoint.body()])?;
    Ok(dropped)
}

/// The first record to keep, if there is anything to drop. Bytes and age only grow along the chain, so the place is found
/// by halving, and whatever the clock said, what is dropped was written before what is kept.
fn kept(db: &Connection, options: &WriteOptions<'_>, first: &Link, last: &Link) -> Result<Option<u64>, StoreError> {
    let retention = options.retention;
    let present = last.bytes.saturating_sub(first.bytes);
    let too_much = present > retention.max_bytes;
    // With some slack, so that a record does not cost a checkpoint of its own.
    let slack = retention.keep / 16;
    let age = last.counted_at(options.now);
    let oldest = age.saturating_sub(millis(retention.keep));
    let too_old = first.counted() < age.saturating_sub(millis(retention.keep + slack));
    if !too_much && !too_old {
        return Ok(None);
    }
    let target = last.bytes.saturating_sub(retention.max_bytes / 8 * 7);
    let drops = |link: &Link| (too_much && link.bytes < target) || (too_old && link.counted() < oldest);
    let (mut low, mut high) = (first.sequence, last.sequence.min(first.sequence + ROTATE_AT_MOST));
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(link) = link(db, middle)? else { return Ok(None) };
        if drops(&link) { low = middle + 1 } else { high = middle }
    }
    Ok((low > first.sequence).then_some(low))
}

const LINK: &str = "SELECT sequence, time, age, bytes, hash FROM audit";

fn read_link(row: &rusqlite::Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link {
        sequence: unsigned(row.get(0)?),
        time: unsigned(row.get(1)?),
        age: row.get::<_, Option<i64>>(2)?.map(unsigned),
        bytes: unsigned(row.get(3)?),
        hash: row.get(4)?,
    })
}

fn last(db: &Connection) -> Result<Option<Link>, StoreError> {
    let mut statement = db.prepare_cached(&format!("{LINK} ORDER BY sequence DESC LIMIT 1"))?;
    Ok(statement.query_row([], read_link).optional()?)
}

/// The first link, as it was before its own record was added to the bytes.
fn first(db: &Connection) -> Result<Option<Link>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT sequence, time, age, bytes, hash, body FROM audit ORDER BY sequence LIMIT 1")?;
    let row = statement.query_row([], |row| Ok((read_link(row)?, row.get::<_, String>(5)?))).optional()?;
    Ok(row.map(|(link, body)| Link { bytes: link.bytes.saturating_sub(size(&body)), ..link }))
}

fn link(db: &Connection, sequence: u64) -> Result<Option<Link>, StoreError> {
    let mut statement = db.prepare_cached(&format!("{LINK} WHERE sequence = ?1"))?;
    Ok(statement.query_row([signed(sequence)], read_link).optional()?)
}

fn hash_before(db: &Connection, sequence: u64) -> Result<Option<[u8; 32]>, StoreError> {
    Ok(link(db, sequence - 1)?.map(|link| link.hash))
}
