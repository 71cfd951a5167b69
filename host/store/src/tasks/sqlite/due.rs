//! What time does: scheduled tasks become ready, leases end.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Moment,
    codes::millis,
    codes::{LEASED, READY, RETRYING, SCHEDULED, state},
    lease::{self, Held},
};
use crate::{
    StoreError,
    tasks::{Reaped, TaskState, Timestamp},
};

/// Readies tasks whose time has come; they wait from then on, not from when this noticed.
pub(super) fn promote(db: &Connection, moment: &mut Moment, limit: u32) -> Result<(), StoreError> {
    for code in [SCHEDULED, RETRYING] {
        let mut due =
            db.prepare_cached("SELECT seq FROM tasks WHERE state = ?1 AND due_at <= ?2 ORDER BY due_at LIMIT ?3")?;
        let seqs: Vec<i64> =
            due.query_map(params![code, millis(moment.now), limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for seq in seqs {
            let lane = lease::lane(db, seq)?;
            db.prepare_cached(
                "UPDATE tasks SET state = 1, ready_at = due_at, due_at = NULL, revision = revision + 1 WHERE seq = ?1",
            )?
            .execute([seq])?;
            moment.tally.moved(db, &lane, Some(code), Some(READY))?;
        }
    }
    Ok(())
}

/// Ends leases whose time is over.
pub(super) fn reap(db: &Connection, moment: &mut Moment, limit: u32) -> Result<Vec<Reaped>, StoreError> {
    promote(db, moment, limit)?;
    let mut over =
        db.prepare_cached("SELECT seq FROM tasks WHERE state = 2 AND due_at <= ?1 ORDER BY due_at LIMIT ?2")?;
    let seqs: Vec<i64> =
        over.query_map(params![millis(moment.now), limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut reaped = Vec::with_capacity(seqs.len());
    for seq in seqs {
        let Some(held) = Held::at(db, seq)? else { continue };
        let end = if held.cancel.is_some() {
            lease::End::terminal(TaskState::Cancelled)
        } else if held.attempts_left() {
            lease::End::ready()
        } else {
            lease::End::terminal(TaskState::Dead)
        };
        if held.cancel.is_none() {
            lease::note(db, seq, &format!("worker `{}` lost its lease", held.worker), None, None)?;
        }
        let code = end.apply(db, moment, &held, false)?;
        moment.tally.work(&held.worker).lost += 1;
        reaped.push(Reaped { id: held.id, worker: held.worker, state: state(code)? });
    }
    Ok(reaped)
}

/// When there is something to do next.
pub(super) fn next(db: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let mut earliest = db.prepare_cached("SELECT min(due_at) FROM tasks WHERE state = ?1 AND due_at IS NOT NULL")?;
    let mut next = None;
    for code in [SCHEDULED, LEASED, RETRYING] {
        let due: Option<i64> = earliest.query_row([code], |row| row.get(0)).optional()?.flatten();
        next = next.into_iter().chain(due).min();
    }
    Ok(next.map(super::codes::time))
}
