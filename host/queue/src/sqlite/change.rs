//! What a task's owner may do with it: cancel, change, submit again.

use rusqlite::{Connection, params};
use tandem_store::StoreError;

use super::{
    codes::{LEASED, READY, SCHEDULED, millis, signed, state, time},
    context::TxContext,
    lease::{End, LeaseRow},
    read, submit,
    tally::Lane,
};
use crate::{
    CancelHint, CancelState, Caps, Chore, Hint, LeaseRef, NewTask, Patch, Resubmit, ResubmitOpts, TaskId, TaskState,
    Updated, check,
};

pub(super) fn cancel(
    db: &Connection,
    moment: &mut TxContext,
    tenant: &str,
    id: TaskId,
    reason: &str,
) -> Result<CancelState, StoreError> {
    let Some(held) = LeaseRow::by_id(db, tenant, id)? else { return Ok(CancelState::NotFound) };
    let was = state(held.state)?;
    if was.is_terminal() {
        return Ok(CancelState::Terminal(was));
    }
    // The first reason stands.
    db.prepare_cached("UPDATE tasks SET cancel = coalesce(cancel, ?2), revision = revision + 1 WHERE seq = ?1")?
        .execute(params![held.seq, reason])?;
    moment.changed(tenant, id.as_bytes());
    if held.state == LEASED {
        let lease = LeaseRef { id, fence: held.fence };
        moment.news.hints.push(Hint::Cancel(CancelHint { lease, worker: held.worker }));
        return Ok(CancelState::Requested);
    }
    End::terminal(TaskState::Cancelled).apply(db, moment, &held, false)?;
    Ok(CancelState::Done { was })
}

pub(super) fn update(
    db: &Connection,
    moment: &mut TxContext,
    (tenant, id): (&str, TaskId),
    patch: &Patch,
    expect: Option<u64>,
) -> Result<Updated, StoreError> {
    let Some(held) = LeaseRow::by_id(db, tenant, id)? else { return Ok(Updated::NotFound) };
    let was = state(held.state)?;
    if was.is_terminal() {
        return Ok(Updated::Terminal(was));
    }
    let current: u64 = db
        .prepare_cached("SELECT revision FROM tasks WHERE seq = ?1")?
        .query_row([held.seq], |row| row.get::<_, i64>(0))?
        .unsigned_abs();
    if expect.is_some_and(|expect| expect != current) {
        return Ok(Updated::Revision { current });
    }
    if patch.run_at.is_some() && held.state == LEASED {
        return Ok(Updated::Leased);
    }
    let mut lane = Lane { priority: patch.priority.map_or(held.lane.priority, i64::from), ..held.lane.clone() };
    if let Some(target) = &patch.target_peer {
        lane.target.clone_from(target);
        // Those who passed it by may have it now.
        moment.news.ready = true;
    }
    let (mut code, mut due_at, mut ready_at) = (held.state, None, None);
    if let Some(run_at) = patch.run_at {
        let later = run_at > moment.now;
        code = if later { SCHEDULED } else { READY };
        due_at = later.then_some(millis(run_at));
        // A task that is ready already keeps the time it waited.
        ready_at = (later || held.state != READY).then_some(millis(run_at.max(moment.now)));
    } else if held.state != READY {
        due_at = Some(held.due_at);
    }
    db.prepare_cached(
        "UPDATE tasks SET state = ?2, due_at = ?3, ready_at = coalesce(?4, ready_at), priority = ?5,
            timeout_s = coalesce(?6, timeout_s), target = ?7, revision = revision + 1 WHERE seq = ?1",
    )?
    .execute(params![held.seq, code, due_at, ready_at, lane.priority, patch.timeout_s, lane.target])?;
    if let Some(due_at) = due_at {
        moment.news.due(Chore::Reap, time(due_at));
    }
    if code != held.state || lane != held.lane {
        moment.tally.moved(db, &held.lane, Some(held.state), None)?;
        moment.tally.moved(db, &lane, None, Some(code))?;
    }
    texts(db, moment, &held, patch)?;
    moment.changed(tenant, id.as_bytes());
    let Some(task) = read::get(db, tenant, id)? else { return Ok(Updated::NotFound) };
    let old_priority = u8::try_from(held.lane.priority).unwrap_or_default();
    Ok(Updated::Changed { task: Box::new(task), old_priority })
}

fn texts(db: &Connection, moment: &mut TxContext, held: &LeaseRow, patch: &Patch) -> Result<(), StoreError> {
    let tenant = held.lane.tenant.as_str();
    if let Some(metadata) = &patch.metadata {
        let mut old =
            db.prepare_cached("SELECT coalesce(length(CAST(metadata AS BLOB)), 0) FROM task_data WHERE seq = ?1")?;
        let grown = signed(metadata.len() as u64) - old.query_row([held.seq], |row| row.get::<_, i64>(0))?;
        db.prepare_cached("UPDATE task_data SET metadata = ?2 WHERE seq = ?1")?.execute(params![held.seq, metadata])?;
        db.prepare_cached("UPDATE tasks SET bytes = bytes + ?2 WHERE seq = ?1")?.execute(params![held.seq, grown])?;
        moment.tally.usage(db, tenant)?.bytes += grown;
    }
    if let Some(tags) = &patch.tags {
        untag(db, tenant, held.seq)?;
        let json = serde_json::to_string(tags).unwrap_or_default();
        db.prepare_cached("UPDATE task_data SET tags = ?2 WHERE seq = ?1")?.execute(params![held.seq, json])?;
        submit::tag(db, tenant, held.seq, tags)?;
    }
    Ok(())
}

pub(super) fn untag(db: &Connection, tenant: &str, seq: i64) -> Result<(), StoreError> {
    db.prepare_cached(
        "DELETE FROM task_tags WHERE tenant = ?1 AND seq = ?2
            AND tag IN (SELECT value FROM json_each((SELECT tags FROM task_data WHERE seq = ?2)))",
    )?
    .execute(params![tenant, seq])?;
    Ok(())
}

pub(super) fn resubmit(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    (tenant, id): (&str, TaskId),
    options: &ResubmitOpts,
) -> Result<Resubmit, StoreError> {
    let Some(old) = read::get(db, tenant, id)? else { return Ok(Resubmit::NotFound) };
    if !old.row.state.is_terminal() {
        return Ok(Resubmit::NotTerminal(old.row.state));
    }
    let retention_s = db
        .prepare_cached("SELECT retention_s FROM tasks WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))?;
    let task = NewTask {
        id: options.id,
        tenant: old.row.tenant,
        subject: options.subject.clone(),
        queue: old.row.queue,
        tool: old.row.tool,
        arguments: options.arguments.clone().unwrap_or(old.arguments),
        priority: options.priority.unwrap_or(old.row.priority),
        timeout_s: old.row.timeout_s,
        retry: old.row.retry,
        run_at: None,
        tags: old.row.tags,
        metadata: old.row.metadata,
        target_peer: old.row.target_peer,
        // The key still names the old one.
        idempotency_key: None,
        retention_s,
        step: None,
        trace: None,
        access: options.access.clone(),
    };
    let mut prepared = check::prepare(task, moment.now).map_err(|error| StoreError::TooLarge(error.to_string()))?;
    prepared.from = Some(id);
    Ok(Resubmit::Submitted(submit::one(db, moment, caps, &prepared)?))
}
