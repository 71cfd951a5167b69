//! Figures of the queue and its workers.

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::StoreError;

use super::{
    codes::{Columns, READY, millis, signed, state, strings, time, unsigned},
    waiting::FIRST_OF_LANE,
};
use crate::{MAX_WORKERS, QueueStats, Scope, Timestamp, WorkerInfo, WorkerStats};

pub(super) fn stats(db: &Connection, scope: &Scope, now: Timestamp) -> Result<QueueStats, StoreError> {
    let tenant = match scope {
        Scope::Tenant(tenant) => Some(tenant.as_str()),
        Scope::All => None,
    };
    let mut stats = QueueStats { oldest_ready: oldest(db, tenant)?, ..QueueStats::default() };
    let counts = match tenant {
        Some(_) => "SELECT state, tool, priority, sum(n) FROM task_counts WHERE tenant = ?1 AND n > 0 GROUP BY 1, 2, 3",
        None => "SELECT state, tool, priority, sum(n) FROM task_counts WHERE ?1 IS NULL AND n > 0 GROUP BY 1, 2, 3",
    };
    let mut counts = db.prepare_cached(counts)?;
    let mut counts = counts.query([tenant])?;
    while let Some(row) = counts.next()? {
        let (state, count) = (state(row.get(0)?)?, unsigned(row.get(3)?));
        *stats.states.entry(state).or_default() += count;
        *stats.by_tool.entry(row.get(1)?).or_default().entry(state).or_default() += count;
        if !state.is_terminal() {
            *stats.by_priority.entry(row.get(2)?).or_default() += count;
        }
    }
    let second = now.millis() / 1000;
    stats.ended_last_minute = db
        .prepare_cached(
            "SELECT coalesce(sum(n), 0) FROM task_ends WHERE (?1 IS NULL OR tenant = ?1) AND second > ?2 AND second <= ?3",
        )?
        .query_row(params![tenant, signed(second) - 60, signed(second)], |row| row.get(0).map(unsigned))?;
    let mut paused = db.prepare_cached("SELECT queue FROM task_paused ORDER BY queue")?;
    stats.paused = paused.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(stats)
}

/// The first of each lane is its oldest.
fn oldest(db: &Connection, tenant: Option<&str>) -> Result<Option<Timestamp>, StoreError> {
    let mut lanes = db.prepare_cached(
        "SELECT queue, tool, target, tenant, priority FROM task_counts
         WHERE state = ?1 AND n > 0 AND (?2 IS NULL OR tenant = ?2)",
    )?;
    let mut first = db.prepare_cached(FIRST_OF_LANE)?;
    let mut lanes = lanes.query(params![READY, tenant])?;
    let mut oldest: Option<i64> = None;
    while let Some(row) = lanes.next()? {
        let mut columns = Columns::of(row);
        let (queue, tool, target): (String, String, String) = (columns.next()?, columns.next()?, columns.next()?);
        let (tenant, priority): (String, i64) = (columns.next()?, columns.next()?);
        let ready_at = first.query_row(params![queue, tool, target, tenant, priority], |row| row.get(0)).optional()?;
        oldest = oldest.into_iter().chain(ready_at).min();
    }
    Ok(oldest.map(time))
}

pub(super) fn pause(db: &Connection, queue: &str, paused: bool) -> Result<(), StoreError> {
    if paused {
        // A queue needs no task to be paused; their number is bounded so that the names are.
        let count: i64 = db.query_row("SELECT count(*) FROM task_paused", [], |row| row.get(0))?;
        if count >= 1024 {
            return Err(StoreError::TooLarge("1024 queues are already paused".to_owned()));
        }
        db.execute("INSERT OR IGNORE INTO task_paused (queue) VALUES (?1)", [queue])?;
    } else {
        db.execute("DELETE FROM task_paused WHERE queue = ?1", [queue])?;
    }
    Ok(())
}

pub(super) fn seen(
    db: &Connection,
    now: Timestamp,
    worker: &WorkerInfo,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let known = db.prepare_cached("SELECT 1 FROM task_workers WHERE worker = ?1")?.exists([&worker.worker])?;
    if !known {
        let count: u32 = db.query_row("SELECT count(*) FROM task_workers", [], |row| row.get(0))?;
        if count >= MAX_WORKERS {
            return Err(StoreError::Quota(format!("{MAX_WORKERS} workers are known already; they go when unseen")));
        }
    }
    let tools = serde_json::to_string(&worker.tools).unwrap_or_default();
    db.prepare_cached(
        "INSERT INTO task_workers (worker, capacity, tools, seen_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET capacity = excluded.capacity, tools = excluded.tools, seen_at = excluded.seen_at,
            expires_at = excluded.expires_at",
    )?
    .execute(params![worker.worker, worker.capacity, tools, millis(now), millis(expires_at)])?;
    Ok(())
}

pub(super) fn workers(db: &Connection, now: Timestamp) -> Result<Vec<WorkerStats>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT worker, capacity, tools, running, completed, failed, lost, completed_ms, seen_at FROM task_workers
         WHERE expires_at > ?1 OR running > 0 ORDER BY worker",
    )?;
    let rows = statement.query_map([millis(now)], |row| {
        let mut columns = Columns::of(row);
        Ok(WorkerStats {
            worker: columns.next()?,
            capacity: columns.small()?,
            tools: strings(&columns.next::<String>()?),
            running: columns.unsigned()?,
            completed: columns.unsigned()?,
            failed: columns.unsigned()?,
            lost_leases: columns.unsigned()?,
            completed_ms: columns.unsigned()?,
            last_seen: time(columns.next()?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
