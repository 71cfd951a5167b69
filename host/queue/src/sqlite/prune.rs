//! Dropping what is over retention, a bounded number at a time: other writers wait meanwhile.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::StoreError;

use super::{
    change::untag,
    codes::{CANCELLED, SUCCEEDED, millis, signed},
    context::TxContext,
    due,
    lease::lane,
    workflows,
};
use crate::{MAX_WORKERS, Pruned, Retention};

pub(super) fn prune(
    db: &Connection,
    moment: &mut TxContext,
    keep: Retention,
    limit: u32,
) -> Result<Pruned, StoreError> {
    let mut dropped = 0;
    for code in SUCCEEDED..=CANCELLED {
        for seq in due::over(db, code, moment.now, u64::from(limit).saturating_sub(dropped))? {
            remove(db, moment, code, seq)?;
            dropped += 1;
        }
    }
    let over_cap = too_many(db, moment, keep, u64::from(limit).saturating_sub(dropped))?;
    let mut pruned = Pruned { expired: dropped, over_cap };
    pruned.expired += workflows::prune(db, moment, u64::from(limit).saturating_sub(pruned.count()))?;
    moment.flush(db)?;
    tidy(db, moment)?;
    Ok(pruned)
}

/// The oldest that ended of tenants that keep too many.
fn too_many(
    db: &Connection,
    moment: &mut TxContext,
    keep: Retention,
    limit: u64,
) -> Result<BTreeMap<String, u64>, StoreError> {
    moment.flush(db)?;
    let mut tenants = db.prepare_cached(
        "SELECT tenant, stored - queued - leased - ?1 FROM task_tenants WHERE stored - queued - leased > ?1",
    )?;
    let tenants: Vec<(String, i64)> = tenants
        .query_map([signed(keep.per_tenant)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let (mut dropped, mut of_tenants) = (0, BTreeMap::new());
    for (tenant, excess) in tenants {
        let excess = excess.min(signed(limit - dropped));
        let mut oldest = Vec::new();
        let mut ended = db.prepare_cached(
            "SELECT seq FROM tasks INDEXED BY tasks_list WHERE tenant = ?1 AND state = ?2 ORDER BY seq LIMIT ?3",
        )?;
        for code in SUCCEEDED..=CANCELLED {
            let seqs = ended.query_map(params![tenant, code, excess], |row| row.get::<_, i64>(0))?;
            for seq in seqs {
                oldest.push((seq?, code));
            }
        }
        oldest.sort_unstable();
        for (seq, code) in oldest.into_iter().take(usize::try_from(excess).unwrap_or_default()) {
            remove(db, moment, code, seq)?;
            dropped += 1;
            *of_tenants.entry(tenant.clone()).or_default() += 1;
        }
    }
    Ok(of_tenants)
}

fn remove(db: &Connection, moment: &mut TxContext, code: i64, seq: i64) -> Result<(), StoreError> {
    let lane = lane(db, seq)?;
    untag(db, &lane.tenant, seq)?;
    let mut delete = db.prepare_cached("DELETE FROM tasks WHERE seq = ?1 RETURNING bytes, id")?;
    let (bytes, id): (i64, [u8; 16]) = delete.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
    db.prepare_cached("DELETE FROM task_data WHERE seq = ?1")?.execute([seq])?;
    let mut result = db.prepare_cached("DELETE FROM task_results WHERE seq = ?1 RETURNING cid")?;
    let cid: Option<String> = result.query_row([seq], |row| row.get(0)).optional()?.flatten();
    if let Some(cid) = cid {
        db.prepare_cached(
            "DELETE FROM task_contents WHERE cid = ?1 AND NOT EXISTS (SELECT 1 FROM task_results WHERE cid = ?1)",
        )?
        .execute([cid])?;
    }
    moment.moved(db, &id, &lane, Some(code), None)?;
    moment.tally.usage(db, &lane.tenant)?.bytes -= bytes;
    Ok(())
}

/// Counts of nothing, and workers that are gone.
fn tidy(db: &Connection, moment: &TxContext) -> Result<(), StoreError> {
    let now = millis(moment.now);
    db.prepare_cached("DELETE FROM task_counts WHERE n = 0")?.execute([])?;
    db.prepare_cached("DELETE FROM task_tenants WHERE stored = 0")?.execute([])?;
    db.prepare_cached("DELETE FROM task_ends WHERE second < ?1")?.execute([now / 1000 - 64])?;
    db.prepare_cached("DELETE FROM task_workers WHERE running <= 0 AND expires_at <= ?1")?.execute([now])?;
    db.prepare_cached(
        "DELETE FROM task_workers WHERE worker IN (SELECT worker FROM task_workers WHERE running <= 0
            ORDER BY seen_at DESC LIMIT -1 OFFSET ?1)",
    )?
    .execute([MAX_WORKERS])?;
    Ok(())
}
