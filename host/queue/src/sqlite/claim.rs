//! Leasing tasks: whose turn it is, and which of its tasks.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::StoreError;

use super::{
    codes::{Columns, LEASED, READY, access, millis, signed, step, time, unsigned},
    context::TxContext,
    due,
    lease::LeaseRow,
    order::rank,
    submit,
    tally::Lane,
};
use crate::{
    Adopted, Begun, Caps, Chore, ClaimReq, Hint, LeaseRef, Leased, Submitted, TaskId, Timestamp, check::Prepared, clock,
};

/// Scheduled tasks that one claim readies; the rest waits for the next.
const PROMOTE: u32 = 256;

/// The first task of a lane; the smaller rank goes first. A priority is worth so many milliseconds of waiting.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    rank: i64,
    seq: i64,
    lane: usize,
}

#[derive(Default)]
struct Tenant {
    lanes: Vec<Lane>,
    heads: Option<BinaryHeap<Reverse<Head>>>,
}

pub(super) fn claim(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    request: &ClaimReq,
    lease: Duration,
) -> Result<Vec<Leased>, StoreError> {
    if due::promote(db, moment, PROMOTE)? {
        // What was readied just now is in no count before that is written.
        moment.flush(db)?;
    }
    let mut tenants = eligible(db, request)?;
    let mut turns = BinaryHeap::new();
    for tenant in tenants.keys() {
        turns.push(Reverse((moment.tally.usage(db, tenant)?.turn, tenant.clone())));
    }
    let last = turns.iter().map(|Reverse((turn, _))| *turn).max().unwrap_or_default();
    let (mut next, mut leased) = (last + 1, Vec::new());
    while leased.len() < request.max as usize {
        let Some(Reverse((_, name))) = turns.pop() else { break };
        if moment.tally.usage(db, &name)?.leased >= signed(caps.leased) {
            continue;
        }
        let Some(tenant) = tenants.get_mut(&name) else { continue };
        let Some((lane, seq)) = tenant.take(db)? else { continue };
        leased.push(take(db, moment, &request.worker, lease, lane, seq)?);
        moment.tally.usage(db, &name)?.turn = next;
        turns.push(Reverse((next, name)));
        next += 1;
    }
    Ok(leased)
}

/// Records a task that runs already: queued and claimed at once.
pub(super) fn adopt(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    new: &Prepared,
    worker: &str,
    lease: Duration,
) -> Result<Adopted, StoreError> {
    let tenant = &new.task.tenant;
    if moment.tally.usage(db, tenant)?.leased >= signed(caps.leased) {
        let why = format!("tenant `{tenant}` has its {} running tasks; let some end first", caps.leased);
        return Ok(Adopted::QuotaExceeded(why));
    }
    let submitted = submit::one(db, moment, caps, new)?;
    let Some(held) = LeaseRow::by_id(db, tenant, new.task.id)? else {
        return Ok(match submitted {
            Submitted::QuotaExceeded(why) => Adopted::QuotaExceeded(why),
            _ => Adopted::Conflict,
        });
    };
    match submitted {
        Submitted::Created { .. } => {
            let leased = take(db, moment, worker, lease, &held.lane, held.seq)?;
            Ok(Adopted::Leased { lease: leased.lease, at: moment.now })
        }
        // The same call again, after its answer was lost.
        Submitted::Existing { id, .. } if id == held.id && held.is_live(moment.now) && held.worker == worker => {
            Ok(Adopted::Leased { lease: LeaseRef { id, fence: held.fence }, at: time(held.started_at) })
        }
        _ => Ok(Adopted::Conflict),
    }
}

/// Tenants that have something for this worker, and in which lanes. Looked up by queue, tool and target, so that
/// what nobody here can run costs nothing.
fn eligible(db: &Connection, request: &ClaimReq) -> Result<BTreeMap<String, Tenant>, StoreError> {
    let mut tenants: BTreeMap<String, Tenant> = BTreeMap::new();
    let mut lanes = db.prepare_cached(
        "SELECT tenant, priority FROM task_counts
         WHERE state = 1 AND queue = ?1 AND tool = ?2 AND target = ?3 AND n > 0 AND priority <= ?4",
    )?;
    let mut paused = db.prepare_cached("SELECT 1 FROM task_paused WHERE queue = ?1")?;
    let targets = [Some(""), request.peer.as_deref().filter(|peer| !peer.is_empty())];
    for queue in &request.queues {
        if paused.exists([queue])? {
            continue;
        }
        for tool in &request.tools {
            for target in targets.into_iter().flatten() {
                let mut rows = lanes.query(params![queue, tool, target, request.max_priority])?;
                while let Some(row) = rows.next()? {
                    let (tenant, priority): (String, i64) = (row.get(0)?, row.get(1)?);
                    if request.tenants.as_ref().is_some_and(|served| !served.contains(&tenant)) {
                        continue;
                    }
                    let lane = Lane {
                        queue: queue.clone(),
                        tool: tool.clone(),
                        target: target.to_owned(),
                        tenant: tenant.clone(),
                        priority,
                    };
                    tenants.entry(tenant).or_default().lanes.push(lane);
                }
            }
        }
    }
    Ok(tenants)
}

impl Tenant {
    /// Its next task.
    fn take(&mut self, db: &Connection) -> Result<Option<(&Lane, i64)>, StoreError> {
        let heads = match &mut self.heads {
            Some(heads) => heads,
            none => {
                let mut heads = BinaryHeap::new();
                for (at, lane) in self.lanes.iter().enumerate() {
                    heads.extend(head(db, lane, at, None)?.map(Reverse));
                }
                none.insert(heads)
            }
        };
        let Some(Reverse(first)) = heads.pop() else { return Ok(None) };
        let Some(lane) = self.lanes.get(first.lane) else { return Ok(None) };
        heads.extend(head(db, lane, first.lane, Some(first.seq))?.map(Reverse));
        Ok(Some((lane, first.seq)))
    }
}

/// The first task of a lane besides the one that is about to be taken.
fn head(db: &Connection, lane: &Lane, at: usize, besides: Option<i64>) -> Result<Option<Head>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT seq, ready_at FROM tasks INDEXED BY tasks_ready
         WHERE state = 1 AND queue = ?1 AND tool = ?2 AND target = ?3 AND tenant = ?4 AND priority = ?5 AND seq <> ?6
         ORDER BY ready_at, seq LIMIT 1",
    )?;
    let row = statement
        .query_row(
            params![lane.queue, lane.tool, lane.target, lane.tenant, lane.priority, besides.unwrap_or(-1)],
            |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)),
        )
        .optional()?;
    Ok(row.map(|(seq, ready_at)| Head { rank: rank(ready_at, lane.priority), seq, lane: at }))
}

fn take(
    db: &Connection,
    moment: &mut TxContext,
    worker: &str,
    lease: Duration,
    lane: &Lane,
    seq: i64,
) -> Result<Leased, StoreError> {
    let until: Timestamp = moment.now.plus(lease);
    let mut update = db.prepare_cached(
        "UPDATE tasks SET state = 2, fence = fence + 1, attempt = attempt + 1, revision = revision + 1, worker = ?2,
            lease_ms = ?3, due_at = ?4, started_at = ?5, progress = NULL
         WHERE seq = ?1 AND state = 1
         RETURNING id, fence, subject, attempt, max_attempts, timeout_s, workflow, step",
    )?;
    let lease_ms = signed(clock::millis(lease));
    let mut leased = update.query_row(params![seq, worker, lease_ms, millis(until), millis(moment.now)], |row| {
        let mut columns = Columns::of(row);
        Ok(Leased {
            lease: LeaseRef { id: TaskId::from_bytes(columns.next()?), fence: unsigned(columns.next()?) },
            tenant: lane.tenant.clone(),
            subject: columns.next()?,
            queue: lane.queue.clone(),
            tool: lane.tool.clone(),
            arguments: String::new(),
            priority: u8::try_from(lane.priority).unwrap_or_default(),
            attempt: columns.small()?,
            max_attempts: columns.small()?,
            timeout_s: columns.small()?,
            until,
            lease_for: lease,
            step: step(&mut columns)?,
            trace: None,
            access: None,
        })
    })?;
    (leased.arguments, leased.trace, leased.access) = db
        .prepare_cached("SELECT arguments, trace, access FROM task_data WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, access(row.get(2)?))))?;
    moment.moved(db, leased.lease.id.as_bytes(), lane, Some(READY), Some(LEASED))?;
    moment.news.due(Chore::Reap, until);
    moment.tally.work(worker).running += 1;
    if let Some(step) = &leased.step {
        let (worker, step) = (worker.to_owned(), step.clone());
        moment.news.hints.push(Hint::Begun(Begun { lease: leased.lease, worker, at: moment.now, step }));
    }
    Ok(leased)
}
