//! What waits for a worker, and what holds it back from all of them.

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::StoreError;

use super::codes::{Columns, READY, millis, time, unsigned};
use crate::{Hold, MAX_COUNT, MAX_LANES, ReadyLane, Scope, Timestamp};

/// When the oldest ready task of a lane became ready.
pub(super) const FIRST_OF_LANE: &str = "SELECT ready_at FROM tasks INDEXED BY tasks_ready
     WHERE state = 1 AND queue = ?1 AND tool = ?2 AND target = ?3 AND tenant = ?4 AND priority = ?5
     ORDER BY ready_at LIMIT 1";

/// Each lane by its count; the first of its index is its oldest.
pub(super) fn ready(db: &Connection, scope: &Scope, before: Timestamp) -> Result<Vec<ReadyLane>, StoreError> {
    let tenant = match scope {
        Scope::Tenant(tenant) => Some(tenant.as_str()),
        Scope::All => None,
    };
    let mut lanes = db.prepare_cached(
        "SELECT queue, tool, target, tenant, priority, n FROM task_counts
         WHERE state = ?1 AND n > 0 AND (?2 IS NULL OR tenant = ?2) LIMIT ?3",
    )?;
    let mut first = db.prepare_cached(FIRST_OF_LANE)?;
    let mut long = db.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM tasks INDEXED BY tasks_ready
         WHERE state = 1 AND queue = ?1 AND tool = ?2 AND target = ?3 AND tenant = ?4 AND priority = ?5
            AND ready_at <= ?6 LIMIT ?7)",
    )?;
    let mut rows = lanes.query(params![READY, tenant, MAX_LANES])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let (queue, tool, target): (String, String, String) = (columns.next()?, columns.next()?, columns.next()?);
        let (tenant, priority, tasks): (String, u8, i64) = (columns.next()?, columns.next()?, columns.next()?);
        let oldest = first.query_row(params![queue, tool, target, tenant, priority], |row| row.get(0)).optional()?;
        let Some(oldest) = oldest.map(time) else { continue };
        let long = match oldest <= before {
            true => long
                .query_row(params![queue, tool, target, tenant, priority, millis(before), MAX_COUNT], |row| {
                    row.get(0).map(unsigned)
                })?,
            false => 0,
        };
        let target_peer = Some(target).filter(|target| !target.is_empty());
        found.push(ReadyLane { tenant, queue, tool, target_peer, priority, tasks: unsigned(tasks), long, oldest });
    }
    Ok(found)
}

pub(super) fn hold(db: &Connection, tenant: &str, queue: &str, most: u64) -> Result<Option<Hold>, StoreError> {
    if db.prepare_cached("SELECT 1 FROM task_paused WHERE queue = ?1")?.exists([queue])? {
        return Ok(Some(Hold::Paused));
    }
    let mut leased = db.prepare_cached("SELECT leased FROM task_tenants WHERE tenant = ?1")?;
    let leased = leased.query_row([tenant], |row| row.get(0).map(unsigned)).optional()?.unwrap_or_default();
    Ok((leased >= most).then_some(Hold::Running(leased)))
}
