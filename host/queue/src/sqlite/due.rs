//! What time does: scheduled tasks become ready, leases end.

use rusqlite::{Connection, params};
use tandem_store::StoreError;

use super::{
    codes::{CANCELLED, DEAD, FAILED, LEASED, READY, RETRYING, SCHEDULED, SUCCEEDED, millis, signed, state, time},
    context::TxContext,
    lease::{self, LeaseRow},
    results,
};
use crate::{Chore, FailureCode, Reaped, TaskFailure, TaskState, Timestamp};

/// Tasks in this state whose time is over, the longest first.
pub(super) fn over(db: &Connection, code: i64, now: Timestamp, limit: u64) -> Result<Vec<i64>, StoreError> {
    let mut over =
        db.prepare_cached("SELECT seq FROM tasks WHERE state = ?1 AND due_at <= ?2 ORDER BY due_at LIMIT ?3")?;
    let seqs = over.query_map(params![code, millis(now), signed(limit)], |row| row.get(0))?;
    Ok(seqs.collect::<Result<_, _>>()?)
}

/// Readies tasks whose time has come; they wait from then on, not from when this noticed. Answers whether there were
/// any.
pub(super) fn promote(db: &Connection, moment: &mut TxContext, limit: u32) -> Result<bool, StoreError> {
    let mut any = false;
    for code in [SCHEDULED, RETRYING] {
        for seq in over(db, code, moment.now, limit.into())? {
            let lane = lease::lane(db, seq)?;
            let id: [u8; 16] = db
                .prepare_cached(
                    "UPDATE tasks SET state = 1, ready_at = due_at, due_at = NULL, revision = revision + 1 WHERE seq = ?1
                     RETURNING id",
                )?
                .query_row([seq], |row| row.get(0))?;
            moment.moved(db, &id, &lane, Some(code), Some(READY))?;
            any = true;
        }
    }
    Ok(any)
}

/// Ends leases whose time is over.
pub(super) fn reap(db: &Connection, moment: &mut TxContext, limit: u32) -> Result<Vec<Reaped>, StoreError> {
    promote(db, moment, limit)?;
    let seqs = over(db, LEASED, moment.now, limit.into())?;
    let mut reaped = Vec::with_capacity(seqs.len());
    for seq in seqs {
        let Some(held) = LeaseRow::at(db, seq)? else { continue };
        let end = if held.cancel.is_some() {
            lease::End::terminal(TaskState::Cancelled)
        } else if held.attempts_left() {
            lease::End::ready()
        } else {
            lease::End::given_up(&held)
        };
        if held.cancel.is_none() {
            let message = format!("worker `{}` did not renew its lease", held.worker);
            let lost = TaskFailure { retryable: true, ..TaskFailure::new(FailureCode::LeaseExpired, message) };
            results::note_failure(db, seq, &lost)?;
        }
        let (code, _) = end.apply(db, moment, &held, false)?;
        moment.tally.work(&held.worker).lost += 1;
        reaped.push(Reaped { id: held.id, worker: held.worker, state: state(code)? });
    }
    Ok(reaped)
}

/// Ends the leases of a worker that is gone; [`reap`] and the next claim of a workflow find them over.
pub(super) fn end(db: &Connection, moment: &mut TxContext, worker: &str) -> Result<u64, StoreError> {
    let now = millis(moment.now);
    let tasks = "UPDATE tasks SET due_at = ?2 WHERE state = 2 AND due_at > ?2 AND worker = ?1 RETURNING tenant, id";
    let workflows = "UPDATE workflows SET lease_until = ?2
        WHERE finished_at IS NULL AND lease_until > ?2 AND worker = ?1 RETURNING tenant, id";
    let mut ended = 0;
    for update in [tasks, workflows] {
        let mut update = db.prepare_cached(update)?;
        let mut rows = update.query(params![worker, now])?;
        while let Some(row) = rows.next()? {
            moment.changed(&row.get::<_, String>(0)?, &row.get(1)?);
            ended += 1;
        }
    }
    moment.news.due(Chore::Reap, moment.now);
    Ok(ended)
}

/// The leases of a queue that are not this worker's end a whole lease from now.
pub(super) fn renew(db: &Connection, moment: &mut TxContext, queue: &str, besides: &str) -> Result<u64, StoreError> {
    let mut update = db.prepare_cached(
        "UPDATE tasks SET due_at = ?3 + lease_ms
         WHERE state = 2 AND queue = ?1 AND worker <> ?2 AND due_at < ?3 + lease_ms RETURNING tenant, id",
    )?;
    let mut rows = update.query(params![queue, besides, millis(moment.now)])?;
    let mut renewed = 0;
    while let Some(row) = rows.next()? {
        moment.changed(&row.get::<_, String>(0)?, &row.get(1)?);
        renewed += 1;
    }
    Ok(renewed)
}

/// When there is something to do next.
pub(super) fn next(db: &Connection, chore: Chore) -> Result<Option<Timestamp>, StoreError> {
    let codes = match chore {
        Chore::Reap => &[SCHEDULED, LEASED, RETRYING][..],
        Chore::Prune => &[SUCCEEDED, FAILED, DEAD, CANCELLED],
    };
    let mut earliest = db.prepare_cached("SELECT min(due_at) FROM tasks WHERE state = ?1 AND due_at IS NOT NULL")?;
    let mut next = None;
    for code in codes {
        let due: Option<i64> = earliest.query_row([code], |row| row.get(0))?;
        next = next.into_iter().chain(due).min();
    }
    Ok(next.map(time))
}
