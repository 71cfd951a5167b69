//! Counts that a transaction changes: gathered while it works, written once at its end.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::StoreError;

use super::codes::{LEASED, READY, SUCCEEDED, millis, signed};
use crate::Timestamp;

/// Tasks that are alike for the queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    pub(super) queue: String,
    pub(super) tool: String,
    pub(super) target: String,
    pub(super) tenant: String,
    pub(super) priority: i64,
}

/// What a tenant has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub(super) queued: i64,
    pub(super) leased: i64,
    pub(super) stored: i64,
    pub(super) bytes: i64,
    pub(super) turn: i64,
}

/// What a worker did in this transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    pub(super) running: i64,
    pub(super) completed: i64,
    pub(super) failed: i64,
    pub(super) lost: i64,
    pub(super) completed_ms: i64,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    lanes: HashMap<(i64, Lane), i64>,
    usage: HashMap<String, Usage>,
    ends: HashMap<String, i64>,
    work: HashMap<String, Work>,
}

impl Tally {
    /// A task that was in `from` is in `to` now; none is not stored.
    pub(super) fn moved(
        &mut self,
        db: &Connection,
        lane: &Lane,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<(), StoreError> {
        let usage = self.usage(db, &lane.tenant)?;
        for (state, by) in [(from, -1), (to, 1)] {
            match state {
                Some(LEASED) => usage.leased += by,
                Some(state) if state < SUCCEEDED => usage.queued += by,
                _ => {}
            }
            usage.stored += if state.is_some() { by } else { 0 };
        }
        for (state, by) in [(from, -1), (to, 1)] {
            if let Some(state) = state {
                *self.lanes.entry((state, lane.clone())).or_default() += by;
            }
        }
        if from.is_some_and(|from| from < SUCCEEDED) && to.is_some_and(|to| to >= SUCCEEDED) {
            *self.ends.entry(lane.tenant.clone()).or_default() += 1;
        }
        Ok(())
    }

    /// What the tenant has, with what this transaction changed; changes of it are kept.
    pub(super) fn usage(&mut self, db: &Connection, tenant: &str) -> Result<&mut Usage, StoreError> {
        if !self.usage.contains_key(tenant) {
            let mut statement =
                db.prepare_cached("SELECT queued, leased, stored, bytes, turn FROM task_tenants WHERE tenant = ?1")?;
            let usage = statement
                .query_row([tenant], |row| {
                    Ok(Usage {
                        queued: row.get(0)?,
                        leased: row.get(1)?,
                        stored: row.get(2)?,
                        bytes: row.get(3)?,
                        turn: row.get(4)?,
                    })
                })
                .optional()?;
            self.usage.insert(tenant.to_owned(), usage.unwrap_or_default());
        }
        Ok(self.usage.entry(tenant.to_owned()).or_default())
    }

    pub(super) fn work(&mut self, worker: &str) -> &mut Work {
        if !self.work.contains_key(worker) {
            self.work.insert(worker.to_owned(), Work::default());
        }
        self.work.entry(worker.to_owned()).or_default()
    }

    /// Writes it all. Answers whether anything became ready.
    pub(super) fn flush(self, db: &Connection, now: Timestamp) -> Result<bool, StoreError> {
        if self.lanes.is_empty() && self.usage.is_empty() && self.work.is_empty() {
            return Ok(false);
        }
        let ready = self.lanes.iter().any(|((state, _), by)| *state == READY && *by > 0);
        let mut count = db.prepare_cached(
            "INSERT INTO task_counts (state, queue, tool, target, tenant, priority, n) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET n = n + excluded.n",
        )?;
        for ((state, lane), by) in self.lanes {
            if by != 0 {
                count.execute(params![state, lane.queue, lane.tool, lane.target, lane.tenant, lane.priority, by])?;
            }
        }
        let mut usage = db.prepare_cached(
            "INSERT OR REPLACE INTO task_tenants (tenant, queued, leased, stored, bytes, turn)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for (tenant, of) in self.usage {
            usage.execute(params![tenant, of.queued, of.leased, of.stored, of.bytes, of.turn])?;
        }
        let second = now.millis() / 1000;
        let mut ends = db.prepare_cached(
            "INSERT INTO task_ends (tenant, slot, second, n) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET n = excluded.n + CASE WHEN second = excluded.second THEN n ELSE 0 END,
                second = excluded.second",
        )?;
        for (tenant, n) in self.ends {
            ends.execute(params![tenant, signed(second % 64), signed(second), n])?;
        }
        let mut work = db.prepare_cached(
            "INSERT INTO task_workers (worker, running, completed, failed, lost, completed_ms, seen_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7 + 3600000)
             ON CONFLICT DO UPDATE SET running = running + excluded.running, completed = completed + excluded.completed,
                failed = failed + excluded.failed, lost = lost + excluded.lost,
                completed_ms = completed_ms + excluded.completed_ms,
                seen_at = CASE WHEN excluded.lost > 0 THEN seen_at ELSE max(seen_at, excluded.seen_at) END,
                expires_at = CASE WHEN excluded.lost > 0 THEN expires_at ELSE max(expires_at, excluded.expires_at) END",
        )?;
        for (worker, of) in self.work {
            let times = (of.completed, of.failed, of.lost, of.completed_ms, millis(now));
            work.execute(params![worker, of.running, times.0, times.1, times.2, times.3, times.4])?;
        }
        Ok(ready)
    }
}
