//! Queuing tasks.

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::StoreError;

use super::{
    codes::{READY, SCHEDULED, millis, retry_code, signed, state, time},
    context::TxContext,
    tally::Lane,
};
use crate::{
    Caps, Chore, Submitted, TaskId, TaskState,
    check::{Prepared, access_text},
};

/// Queues each, or says why not.
pub(super) fn all(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    batch: &[Prepared],
) -> Result<Vec<Submitted>, StoreError> {
    batch.iter().map(|task| one(db, moment, caps, task)).collect()
}

/// Queues all or fails: tasks that belong to a larger write. Answers one that cannot be, by a conflict.
pub(super) fn whole(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    batch: &[Prepared],
) -> Result<Option<TaskId>, StoreError> {
    for task in batch {
        match one(db, moment, caps, task)? {
            Submitted::Created { .. } | Submitted::Existing { .. } => {}
            Submitted::Conflict => return Ok(Some(task.task.id)),
            Submitted::QuotaExceeded(why) => return Err(StoreError::Quota(why)),
        }
    }
    Ok(None)
}

pub(super) fn one(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    new: &Prepared,
) -> Result<Submitted, StoreError> {
    let task = &new.task;
    if let Some(key) = &task.idempotency_key
        && let Some(found) = by_key(db, new, key)?
    {
        return Ok(found);
    }
    let usage = moment.tally.usage(db, &task.tenant)?;
    let bytes = usage.bytes.saturating_add(signed(new.bytes));
    let over = [
        (usage.queued >= signed(caps.queued), format!("{} queued tasks", caps.queued)),
        (usage.stored >= signed(caps.stored), format!("{} stored tasks", caps.stored)),
        (bytes > signed(caps.bytes), format!("{} bytes of stored tasks", caps.bytes)),
    ];
    let over = over
        .into_iter()
        .find(|(over, _)| *over)
        .map(|(_, cap)| format!("tenant `{}` has its {cap}; let some end first", task.tenant));
    if let Some(why) = over.or_else(|| moment.full.clone()) {
        // A task that is there already takes no room.
        return Ok(by_id(db, new)?.unwrap_or(Submitted::QuotaExceeded(why)));
    }
    let (code, due_at) = match task.run_at.filter(|run_at| *run_at > moment.now) {
        Some(run_at) => (SCHEDULED, Some(millis(run_at))),
        None => (READY, None),
    };
    if !insert(db, moment, new, code, due_at)? {
        return Ok(by_id(db, new)?.unwrap_or(Submitted::Conflict));
    }
    moment.tally.usage(db, &task.tenant)?.bytes = bytes;
    moment.moved(db, task.id.as_bytes(), &lane(new), None, Some(code))?;
    if let Some(due_at) = due_at {
        moment.news.due(Chore::Reap, time(due_at));
    }
    Ok(Submitted::Created { id: task.id, state: if code == READY { TaskState::Ready } else { TaskState::Scheduled } })
}

/// Answers whether its id was free.
fn insert(
    db: &Connection,
    moment: &TxContext,
    new: &Prepared,
    code: i64,
    due_at: Option<i64>,
) -> Result<bool, StoreError> {
    let task = &new.task;
    let mut statement = db.prepare_cached(
        "INSERT INTO tasks (id, tenant, subject, queue, tool, target, state, priority, due_at, ready_at, created_at,
            timeout_s, retry, max_attempts, base_delay_ms, retention_s, workflow, step, idem, hash, resubmitted_from, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)
         ON CONFLICT (id) DO NOTHING",
    )?;
    let now = millis(moment.now);
    let inserted = statement.execute(params![
        task.id.as_bytes(),
        task.tenant,
        task.subject,
        task.queue,
        task.tool,
        task.target_peer.as_deref().unwrap_or_default(),
        code,
        task.priority,
        due_at,
        due_at.unwrap_or(now),
        now,
        task.timeout_s,
        retry_code(task.retry.policy),
        task.retry.max_attempts,
        signed(task.retry.base_delay_ms),
        task.retention_s,
        task.step.as_ref().map(|step| step.workflow.as_bytes()),
        task.step.as_ref().map(|step| &step.step),
        task.idempotency_key,
        new.hash,
        new.from.as_ref().map(TaskId::as_bytes),
        signed(new.bytes),
    ])?;
    if inserted == 0 {
        return Ok(false);
    }
    let seq = db.last_insert_rowid();
    db.prepare_cached(
        "INSERT INTO task_data (seq, tags, metadata, arguments, trace, access) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        seq,
        new.tags,
        task.metadata,
        task.arguments,
        task.trace,
        access_text(task.access.as_ref())
    ])?;
    tag(db, &task.tenant, seq, &task.tags)?;
    Ok(true)
}

pub(super) fn tag(db: &Connection, tenant: &str, seq: i64, tags: &[String]) -> Result<(), StoreError> {
    if tags.is_empty() {
        return Ok(());
    }
    let mut statement = db.prepare_cached("INSERT OR IGNORE INTO task_tags (tenant, tag, seq) VALUES (?1, ?2, ?3)")?;
    for tag in tags {
        statement.execute(params![tenant, tag, seq])?;
    }
    Ok(())
}

fn lane(new: &Prepared) -> Lane {
    let task = &new.task;
    Lane {
        queue: task.queue.clone(),
        tool: task.tool.clone(),
        target: task.target_peer.clone().unwrap_or_default(),
        tenant: task.tenant.clone(),
        priority: i64::from(task.priority),
    }
}

type ExistingTask = ([u8; 16], i64, [u8; 32], String);

fn by_key(db: &Connection, new: &Prepared, key: &str) -> Result<Option<Submitted>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT id, state, hash, tenant FROM tasks WHERE tenant = ?1 AND queue = ?2 AND idem = ?3")?;
    let row = statement.query_row(params![new.task.tenant, new.task.queue, key], found).optional()?;
    row.map(|row| same(row, new)).transpose()
}

fn by_id(db: &Connection, new: &Prepared) -> Result<Option<Submitted>, StoreError> {
    let mut statement = db.prepare_cached("SELECT id, state, hash, tenant FROM tasks WHERE id = ?1")?;
    let row = statement.query_row([new.task.id.as_bytes()], found).optional()?;
    row.map(|row| same(row, new)).transpose()
}

fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<ExistingTask> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn same((id, code, hash, tenant): ExistingTask, new: &Prepared) -> Result<Submitted, StoreError> {
    if hash != new.hash || tenant != new.task.tenant {
        return Ok(Submitted::Conflict);
    }
    Ok(Submitted::Existing { id: TaskId::from_bytes(id), state: state(code)? })
}
