//! Journals of workflows, and who coordinates them.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::StoreError;

use super::{
    codes::{Columns, access, millis, signed, strings, time, unsigned, workflow_state, workflow_state_code},
    context::{TxContext, Whole},
    submit,
};
use crate::{
    Append, Appended, Caps, Cursor, Event, KEEP_OTHER, LeasedWorkflow, MAX_EVENTS, MAX_SCAN, NewEvent, NewWorkflow,
    Page, Started, Timestamp, WorkflowFilter, WorkflowId, WorkflowLease, WorkflowRow, WorkflowState,
    check::{Prepared, access_text},
};

const ROW: &str = "SELECT id, tenant, subject, name, state, tags, idem, created_at, finished_at, last, worker, fence,
    lease_until, trace, access, seq FROM workflows";

pub(super) fn start(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    new: &NewWorkflow,
    hash: &[u8; 32],
    then: &[Prepared],
) -> Result<Whole<Started>, StoreError> {
    if let Some(found) = existing(db, new, hash)? {
        return Ok(Whole::Done(found));
    }
    if let Some(why) = full(db, caps, &new.tenant)?.or_else(|| moment.full.clone()) {
        return Ok(Whole::Done(Started::QuotaExceeded(why)));
    }
    let tags = serde_json::to_string(&new.tags).unwrap_or_default();
    db.prepare_cached(
        "INSERT INTO workflows (id, tenant, subject, name, state, tags, idem, hash, created_at, last, trace,
            access)
         VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        new.id.as_bytes(),
        new.tenant,
        new.subject,
        new.name,
        tags,
        new.idempotency_key,
        hash,
        millis(moment.now),
        signed(new.events.len() as u64),
        new.trace,
        access_text(new.access.as_ref()),
    ])?;
    write(db, moment.now, db.last_insert_rowid(), 0, &new.events)?;
    moment.news.ready = true;
    moment.changed(&new.tenant, new.id.as_bytes());
    Ok(match submit::whole(db, moment, caps, then)? {
        Some(id) => Whole::Conflict(id),
        None => Whole::Done(Started::Created),
    })
}

fn existing(db: &Connection, new: &NewWorkflow, hash: &[u8; 32]) -> Result<Option<Started>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT id, state, hash, tenant FROM workflows WHERE (tenant = ?1 AND idem = ?2) OR id = ?3 ORDER BY idem = ?2 DESC",
    )?;
    let found: Option<([u8; 16], i64, [u8; 32], String)> = statement
        .query_row(params![new.tenant, new.idempotency_key, new.id.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((id, code, known, tenant)) = found else { return Ok(None) };
    if known != *hash || tenant != new.tenant {
        return Ok(Some(Started::Conflict));
    }
    Ok(Some(Started::Existing { id: WorkflowId::from_bytes(id), state: workflow_state(code)? }))
}

fn full(db: &Connection, caps: &Caps, tenant: &str) -> Result<Option<String>, StoreError> {
    let mut counts = db.prepare_cached(
        "SELECT coalesce(sum(state < 2), 0), count(*) FROM workflows INDEXED BY workflows_list WHERE tenant = ?1",
    )?;
    let (open, stored): (i64, i64) = counts.query_row([tenant], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let what = if open >= signed(caps.open_workflows) {
        format!("{} workflows that have not ended", caps.open_workflows)
    } else if stored >= signed(caps.stored_workflows) {
        format!("{} stored workflows", caps.stored_workflows)
    } else {
        return Ok(None);
    };
    Ok(Some(format!("tenant `{tenant}` has its {what}; let some end first")))
}

struct Head {
    seq: i64,
    tenant: String,
    state: WorkflowState,
    last: u64,
    worker: Option<String>,
    fence: u64,
    lease_until: i64,
}

impl Head {
    fn of(db: &Connection, id: WorkflowId) -> Result<Option<Self>, StoreError> {
        let mut statement = db.prepare_cached(
            "SELECT seq, state, tenant, last, worker, fence, lease_until FROM workflows WHERE id = ?1",
        )?;
        let found = statement
            .query_row([id.as_bytes()], |row| {
                let mut columns = Columns::of(row);
                let (seq, state): (i64, i64) = (columns.next()?, columns.next()?);
                let (tenant, last) = (columns.next()?, columns.unsigned()?);
                let (worker, fence, lease_until) = (columns.next()?, columns.unsigned()?, columns.next()?);
                Ok((Self { seq, tenant, state: WorkflowState::Pending, last, worker, fence, lease_until }, state))
            })
            .optional()?;
        found.map(|(head, code)| Ok(Self { state: workflow_state(code)?, ..head })).transpose()
    }

    fn is_held(&self, lease: &WorkflowLease, now: Timestamp) -> bool {
        self.fence == lease.fence && self.worker.as_deref() == Some(&lease.worker) && self.lease_until > millis(now)
    }
}

pub(super) fn append(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    new: &Append,
    then: &[Prepared],
) -> Result<Whole<Appended>, StoreError> {
    let Some(head) = Head::of(db, new.workflow)? else { return Ok(Whole::Done(Appended::NotFound)) };
    if new.lease.as_ref().is_some_and(|lease| !head.is_held(lease, moment.now)) {
        return Ok(Whole::Done(Appended::Stale));
    }
    if head.last != new.expect_seq {
        return Ok(Whole::Done(Appended::SeqConflict { current: head.last }));
    }
    if head.state.is_terminal() {
        return Ok(Whole::Done(Appended::Terminal(head.state)));
    }
    let last = head.last + new.events.len() as u64;
    if last > MAX_EVENTS {
        return Err(StoreError::Quota(format!("a workflow has at most {MAX_EVENTS} events")));
    }
    write(db, moment.now, head.seq, head.last, &new.events)?;
    let state = new.state.unwrap_or(head.state);
    let finished_at = state.is_terminal().then_some(millis(moment.now));
    db.prepare_cached("UPDATE workflows SET last = ?2, state = ?3, finished_at = ?4 WHERE seq = ?1")?
        .execute(params![head.seq, signed(last), workflow_state_code(state), finished_at])?;
    moment.changed(&head.tenant, new.workflow.as_bytes());
    Ok(match submit::whole(db, moment, caps, then)? {
        Some(id) => Whole::Conflict(id),
        None => Whole::Done(Appended::At(last)),
    })
}

fn write(db: &Connection, now: Timestamp, workflow: i64, after: u64, events: &[NewEvent]) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO workflow_events (workflow, seq, at, kind, cid, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (event, seq) in events.iter().zip(after + 1..) {
        insert.execute(params![workflow, signed(seq), millis(now), event.kind, event.cid, event.body])?;
    }
    Ok(())
}

pub(super) fn events(db: &Connection, id: WorkflowId, after: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT e.seq, e.at, e.kind, e.cid, e.body FROM workflows w JOIN workflow_events e ON e.workflow = w.seq
         WHERE w.id = ?1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3",
    )?;
    let rows = statement.query_map(params![id.as_bytes(), signed(after), limit], |row| {
        let mut columns = Columns::of(row);
        Ok(Event {
            seq: columns.unsigned()?,
            at: time(columns.next()?),
            kind: columns.next()?,
            cid: columns.next()?,
            body: columns.next()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(WorkflowRow, i64, i64)> {
    let mut columns = Columns::of(row);
    let id = WorkflowId::from_bytes(columns.next()?);
    let (tenant, subject, name) = (columns.next()?, columns.next()?, columns.next()?);
    let code = columns.next()?;
    let workflow = WorkflowRow {
        id,
        tenant,
        subject,
        name,
        // Put right by the caller, who can fail properly.
        state: WorkflowState::Pending,
        tags: strings(&columns.next::<String>()?),
        idempotency_key: columns.next()?,
        created_at: time(columns.next()?),
        finished_at: columns.time()?,
        seq: columns.unsigned()?,
        coordinator: columns.next()?,
        fence: columns.unsigned()?,
        lease_until: columns.time()?.filter(|until| until.millis() > 0),
        trace: columns.next()?,
        access: access(columns.next()?),
    };
    Ok((workflow, code, columns.next()?))
}

pub(super) fn get(db: &Connection, tenant: &str, id: WorkflowId) -> Result<Option<WorkflowRow>, StoreError> {
    let mut statement = db.prepare_cached(&format!("{ROW} WHERE id = ?1 AND tenant = ?2"))?;
    let found = statement.query_row(params![id.as_bytes(), tenant], row).optional()?;
    found.map(|(workflow, code, _)| Ok(WorkflowRow { state: workflow_state(code)?, ..workflow })).transpose()
}

/// A tenant's stored workflows are few enough to look at in turn.
pub(super) fn list(
    db: &Connection,
    filter: &WorkflowFilter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Page<WorkflowRow>, StoreError> {
    let states = if filter.states.is_empty() { &WorkflowState::ALL[..] } else { &filter.states };
    let codes = serde_json::to_string(&states.iter().map(|state| workflow_state_code(*state)).collect::<Vec<_>>());
    let codes = codes.unwrap_or_default();
    let matching = "tenant = ?1 AND state IN (SELECT value FROM json_each(?2))
        AND (?3 IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?3))";
    let mut page = db.prepare_cached(&format!("{ROW} WHERE {matching} AND seq < ?4 ORDER BY seq DESC LIMIT ?5"))?;
    let before = after.map_or(i64::MAX, |cursor| signed(cursor.0));
    let found = page.query_map(params![filter.tenant, codes, filter.tag, before, limit + 1], row)?;
    let (mut rows, mut last, mut more) = (Vec::new(), None, false);
    for found in found {
        if rows.len() >= limit as usize {
            more = true;
            break;
        }
        let (workflow, code, seq) = found?;
        rows.push(WorkflowRow { state: workflow_state(code)?, ..workflow });
        last = Some(Cursor(unsigned(seq)));
    }
    let mut total =
        db.prepare_cached(&format!("SELECT count(*) FROM (SELECT 1 FROM workflows WHERE {matching} LIMIT ?4)"))?;
    // A tenant has some ten thousand, and their tags are looked into.
    let most = if filter.tag.is_some() { u64::from(MAX_SCAN) } else { u64::MAX };
    let params = params![filter.tenant, codes, filter.tag, signed(most.saturating_add(1))];
    let total = total.query_row(params, |row| row.get(0).map(unsigned))?;
    Ok(Page { rows, next: last.filter(|_| more), total: total.min(most), total_is_exact: total <= most })
}

pub(super) fn claim(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    worker: &str,
    max: u32,
    lease: Duration,
) -> Result<Vec<LeasedWorkflow>, StoreError> {
    let until = moment.now.plus(lease);
    // Tenants take turns, who has the fewest that run first: one that starts many does not keep others' waiting.
    let mut free = db.prepare_cached(
        "WITH held AS (SELECT tenant, count(*) AS n FROM workflows
            WHERE finished_at IS NULL AND lease_until > ?1 GROUP BY tenant)
         SELECT seq FROM (SELECT w.seq, w.lease_until, coalesce(held.n, 0)
                + row_number() OVER (PARTITION BY w.tenant ORDER BY w.lease_until, w.seq) AS turn
            FROM workflows w LEFT JOIN held ON held.tenant = w.tenant
            WHERE w.finished_at IS NULL AND w.lease_until <= ?1)
         WHERE turn <= ?3 ORDER BY turn, lease_until, seq LIMIT ?2",
    )?;
    let free: Vec<i64> = free
        .query_map(params![millis(moment.now), max, signed(caps.active_workflows)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut take = db.prepare_cached(
        "UPDATE workflows SET worker = ?2, fence = fence + 1, lease_until = ?3 WHERE seq = ?1
         RETURNING id, tenant, fence, last",
    )?;
    let mut leased = Vec::with_capacity(free.len());
    for seq in free {
        let taken = take.query_row(params![seq, worker, millis(until)], |row| {
            let mut columns = Columns::of(row);
            Ok(LeasedWorkflow {
                id: WorkflowId::from_bytes(columns.next()?),
                tenant: columns.next()?,
                lease: WorkflowLease { worker: worker.to_owned(), fence: columns.unsigned()? },
                until,
                lease_for: lease,
                seq: columns.unsigned()?,
            })
        })?;
        moment.changed(&taken.tenant, taken.id.as_bytes());
        leased.push(taken);
    }
    Ok(leased)
}

/// The lease ends at `until` from now on, if it is held. Answers whether it is.
pub(super) fn hold(
    db: &Connection,
    moment: &mut TxContext,
    id: WorkflowId,
    lease: &WorkflowLease,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let Some(head) = Head::of(db, id)?.filter(|head| head.is_held(lease, moment.now) && !head.state.is_terminal())
    else {
        return Ok(false);
    };
    db.prepare_cached("UPDATE workflows SET lease_until = ?2 WHERE seq = ?1")?
        .execute(params![head.seq, millis(until)])?;
    moment.changed(&head.tenant, id.as_bytes());
    Ok(true)
}

pub(super) fn prune(db: &Connection, moment: &mut TxContext, limit: u64) -> Result<u64, StoreError> {
    let mut over = db.prepare_cached(
        "SELECT seq FROM workflows WHERE finished_at IS NOT NULL AND finished_at <= ?1 ORDER BY finished_at LIMIT ?2",
    )?;
    // Each has many events.
    let limit = limit.min(64);
    let over: Vec<i64> = over
        .query_map(params![millis(moment.now.minus(KEEP_OTHER)), signed(limit)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for seq in &over {
        db.prepare_cached("DELETE FROM workflow_events WHERE workflow = ?1")?.execute([seq])?;
        let mut delete = db.prepare_cached("DELETE FROM workflows WHERE seq = ?1 RETURNING tenant, id")?;
        let gone: (String, [u8; 16]) = delete.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
        moment.changed(&gone.0, &gone.1);
    }
    Ok(over.len() as u64)
}
