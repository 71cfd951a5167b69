//! The end of a lease, however it comes: one place that moves a task on and keeps the counts.

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::StoreError;

use super::{
    codes::{Columns, LEASED, READY, SUCCEEDED, millis, retry_kind, signed, state, state_code, step, time},
    context::TxContext,
    tally::Lane,
};
use crate::{
    Caps, Chore, Ended, Hint, KEEP_OTHER, KEEP_SUCCEEDED, LeaseRef, RetryPolicy, StepRef, TaskId, TaskState, Timestamp,
    clock,
};

/// A task that is leased or was.
pub(super) struct LeaseRow {
    pub(super) seq: i64,
    pub(super) id: TaskId,
    pub(super) state: i64,
    pub(super) lane: Lane,
    pub(super) fence: u64,
    /// The fence under which an outcome counted last.
    pub(super) settled: u64,
    pub(super) worker: String,
    pub(super) attempt: u32,
    pub(super) retry: RetryPolicy,
    pub(super) due_at: i64,
    pub(super) lease_ms: i64,
    pub(super) started_at: i64,
    pub(super) cancel: Option<String>,
    retention_s: Option<i64>,
    step: Option<StepRef>,
}

const HELD: &str =
    "SELECT seq, id, state, queue, tool, target, tenant, priority, fence, settled, worker, attempt, retry,
    max_attempts, base_delay_ms, due_at, lease_ms, started_at, cancel, retention_s, workflow, step FROM tasks";

impl LeaseRow {
    pub(super) fn at(db: &Connection, seq: i64) -> Result<Option<Self>, StoreError> {
        let mut statement = db.prepare_cached(&format!("{HELD} WHERE seq = ?1"))?;
        Ok(statement.query_row([seq], Self::read).optional()?)
    }

    /// The task of this lease, if it is or was this worker's.
    pub(super) fn of(db: &Connection, lease: &LeaseRef, worker: &str) -> Result<Option<Self>, StoreError> {
        let mut statement = db.prepare_cached(&format!("{HELD} WHERE id = ?1"))?;
        let held = statement.query_row([lease.id.as_bytes()], Self::read).optional()?;
        Ok(held.filter(|held| held.fence == lease.fence && held.fence > 0 && held.worker == worker))
    }

    pub(super) fn by_id(db: &Connection, tenant: &str, id: TaskId) -> Result<Option<Self>, StoreError> {
        let mut statement = db.prepare_cached(&format!("{HELD} WHERE id = ?1"))?;
        let held = statement.query_row([id.as_bytes()], Self::read).optional()?;
        Ok(held.filter(|held| held.lane.tenant == tenant))
    }

    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let mut columns = Columns::of(row);
        Ok(Self {
            seq: columns.next()?,
            id: TaskId::from_bytes(columns.next()?),
            state: columns.next()?,
            lane: Lane {
                queue: columns.next()?,
                tool: columns.next()?,
                target: columns.next()?,
                tenant: columns.next()?,
                priority: columns.next()?,
            },
            fence: columns.unsigned()?,
            settled: columns.unsigned()?,
            worker: columns.next::<Option<String>>()?.unwrap_or_default(),
            attempt: columns.small()?,
            retry: RetryPolicy {
                policy: retry_kind(columns.next()?),
                max_attempts: columns.small()?,
                base_delay_ms: columns.unsigned()?,
            },
            due_at: columns.next::<Option<i64>>()?.unwrap_or_default(),
            lease_ms: columns.next::<Option<i64>>()?.unwrap_or_default(),
            started_at: columns.next::<Option<i64>>()?.unwrap_or_default(),
            cancel: columns.next()?,
            retention_s: columns.next()?,
            step: step(&mut columns)?,
        })
    }

    /// Its lease goes on at this time.
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        self.state == LEASED && self.due_at > millis(now)
    }

    pub(super) fn attempts_left(&self) -> bool {
        super::super::backoff::ceiling(self.retry, self.attempt).is_some()
    }

    fn expires_at(&self, now: Timestamp, code: i64) -> i64 {
        let keep = if code == SUCCEEDED { KEEP_SUCCEEDED } else { KEEP_OTHER };
        let keep = self.retention_s.map_or(signed(clock::millis(keep)), |seconds| seconds.saturating_mul(1000));
        millis(now).saturating_add(keep)
    }
}

/// Where a task goes from here.
pub(super) struct End {
    code: i64,
    run_at: Option<Timestamp>,
    counts: bool,
}

impl End {
    pub(super) const fn terminal(state: TaskState) -> Self {
        Self { code: state_code(state), run_at: None, counts: true }
    }

    /// No further attempt is made.
    pub(super) const fn given_up(held: &LeaseRow) -> Self {
        Self::terminal(if held.retry.retries() { TaskState::Dead } else { TaskState::Failed })
    }

    /// Ready again. It keeps the time it has waited since.
    pub(super) const fn ready() -> Self {
        Self { code: READY, run_at: None, counts: true }
    }

    /// Waits, in this state, until then.
    pub(super) const fn later(state: TaskState, run_at: Timestamp) -> Self {
        Self { code: state_code(state), run_at: Some(run_at), counts: true }
    }

    /// The attempt does not count. A task that is handed back for ever dies.
    pub(super) fn uncounted(self, held: &LeaseRow, caps: &Caps) -> Self {
        if held.fence >= caps.claims {
            return Self::terminal(TaskState::Dead);
        }
        Self { counts: false, ..self }
    }

    /// Moves the task there from whatever it is in; `settles` when its worker said so. Answers the state, and when it
    /// runs again if it does.
    pub(super) fn apply(
        self,
        db: &Connection,
        moment: &mut TxContext,
        held: &LeaseRow,
        settles: bool,
    ) -> Result<(i64, Option<Timestamp>), StoreError> {
        // Due at once is ready.
        let run_at = self.run_at.filter(|run_at| *run_at > moment.now).map(millis);
        let code = if self.run_at.is_some() && run_at.is_none() { READY } else { self.code };
        let terminal = code >= SUCCEEDED;
        let due_at = if terminal { Some(held.expires_at(moment.now, code)) } else { run_at };
        let attempt = if self.counts { held.attempt } else { held.attempt.saturating_sub(1) };
        let settled = if settles { held.fence } else { held.settled };
        db.prepare_cached(
            "UPDATE tasks SET state = ?2, due_at = ?3, attempt = ?4, settled = ?5, revision = revision + 1,
                finished_at = ?6, ready_at = coalesce(?7, ready_at) WHERE seq = ?1",
        )?
        .execute(params![
            held.seq,
            code,
            due_at,
            attempt,
            signed(settled),
            terminal.then_some(millis(moment.now)),
            run_at
        ])?;
        moment.moved(db, held.id.as_bytes(), &held.lane, Some(held.state), Some(code))?;
        if held.state == LEASED {
            moment.tally.work(&held.worker).running -= 1;
        }
        if let Some(due_at) = due_at {
            moment.news.due(if terminal { Chore::Prune } else { Chore::Reap }, time(due_at));
        }
        if terminal {
            let ended = Ended { id: held.id, state: state(code)?, step: held.step.clone() };
            moment.news.hints.push(Hint::Ended(ended));
        }
        Ok((code, run_at.map(time)))
    }
}

pub(super) fn lane(db: &Connection, seq: i64) -> Result<Lane, StoreError> {
    let mut statement = db.prepare_cached("SELECT queue, tool, target, tenant, priority FROM tasks WHERE seq = ?1")?;
    Ok(statement.query_row([seq], |row| {
        Ok(Lane {
            queue: row.get(0)?,
            tool: row.get(1)?,
            target: row.get(2)?,
            tenant: row.get(3)?,
            priority: row.get(4)?,
        })
    })?)
}
