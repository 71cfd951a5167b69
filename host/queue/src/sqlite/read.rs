//! Looking at tasks: one, a page of them, a place in the queue. Runs on the reader's thread, where the projection
//! has no answer.

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::StoreError;

use super::{
    codes::{
        Columns, LEASED, READY, RETRYING, SCHEDULED, retry_kind, signed, state, state_code, step, strings, time,
        unsigned,
    },
    order::rank,
    results,
};
use crate::{
    Cursor, FailureCode, Filter, MAX_COUNT, MAX_SCAN, Page, RetryPolicy, StoredTask, TaskFailure, TaskId, TaskRow,
    TaskState,
};

const ROW: &str =
    "SELECT t.id, t.tenant, t.subject, t.queue, t.tool, t.state, t.priority, t.due_at, t.attempt, t.fence,
    t.revision, t.worker, t.progress, t.created_at, t.started_at, t.finished_at, t.timeout_s, t.retry, t.max_attempts,
    t.base_delay_ms, t.target, t.idem, t.resubmitted_from, t.workflow, t.step, t.cancel, d.tags, d.metadata, r.error, r.code,
    r.detail, r.retryable,
    t.ready_at
    FROM tasks t JOIN task_data d ON d.seq = t.seq LEFT JOIN task_results r ON r.seq = t.seq";

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(TaskRow, i64)> {
    let mut columns = Columns::of(row);
    let id = TaskId::from_bytes(columns.next()?);
    let (tenant, subject, queue, tool) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
    let (code, priority, due_at): (i64, u8, Option<i64>) = (columns.next()?, columns.next()?, columns.next()?);
    let due_at = due_at.map(time);
    let task = TaskRow {
        id,
        tenant,
        subject,
        queue,
        tool,
        // Put right by the caller, who can fail properly.
        state: TaskState::Ready,
        priority,
        attempt: columns.small()?,
        fence: columns.unsigned()?,
        revision: columns.unsigned()?,
        worker: columns.next()?,
        lease_until: due_at.filter(|_| code == LEASED),
        progress: columns.next::<Option<String>>()?.and_then(|json| serde_json::from_str(&json).ok()),
        created_at: time(columns.next()?),
        run_at: due_at.filter(|_| code == SCHEDULED || code == RETRYING),
        started_at: columns.time()?,
        finished_at: columns.time()?,
        expires_at: due_at.filter(|_| code > RETRYING),
        timeout_s: columns.small()?,
        retry: RetryPolicy {
            policy: retry_kind(columns.next()?),
            max_attempts: columns.small()?,
            base_delay_ms: columns.unsigned()?,
        },
        target_peer: Some(columns.next::<String>()?).filter(|peer| !peer.is_empty()),
        idempotency_key: columns.next()?,
        resubmitted_from: columns.next::<Option<[u8; 16]>>()?.map(TaskId::from_bytes),
        step: step(&mut columns)?,
        cancel_reason: columns.next()?,
        tags: strings(&columns.next::<String>()?),
        metadata: columns.next()?,
        failure: failure(&mut columns)?,
        ready_since: columns.time()?.filter(|_| code == READY),
    };
    Ok((task, code))
}

/// The columns `error`, `code`, `detail` and `retryable`. A row of an older store has the first alone.
fn failure(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Option<TaskFailure>> {
    let (message, code): (Option<String>, Option<String>) = (columns.next()?, columns.next()?);
    let (detail, retryable): (Option<String>, Option<bool>) = (columns.next()?, columns.next()?);
    let code = code.map_or(FailureCode::Unknown, FailureCode::from);
    let retryable = retryable.unwrap_or_default();
    Ok(message.map(|message| TaskFailure { code, message, detail, retryable }))
}

fn at(db: &Connection, seq: i64) -> Result<Option<TaskRow>, StoreError> {
    let mut statement = db.prepare_cached(&format!("{ROW} WHERE t.seq = ?1"))?;
    let found = statement.query_row([seq], row).optional()?;
    found.map(|(task, code)| Ok(TaskRow { state: state(code)?, ..task })).transpose()
}

pub(super) fn get(db: &Connection, tenant: &str, id: TaskId) -> Result<Option<StoredTask>, StoreError> {
    let Some(seq) = seq(db, tenant, id)? else { return Ok(None) };
    let Some(row) = at(db, seq)? else { return Ok(None) };
    let mut arguments = db.prepare_cached("SELECT arguments FROM task_data WHERE seq = ?1")?;
    let arguments = arguments.query_row([seq], |row| row.get(0))?;
    Ok(Some(StoredTask { row, arguments, result: results::result(db, seq)? }))
}

fn seq(db: &Connection, tenant: &str, id: TaskId) -> Result<Option<i64>, StoreError> {
    let mut statement = db.prepare_cached("SELECT seq FROM tasks WHERE id = ?1 AND tenant = ?2")?;
    Ok(statement.query_row(params![id.as_bytes(), tenant], |row| row.get(0)).optional()?)
}

pub(super) fn position(db: &Connection, tenant: &str, id: TaskId) -> Result<Option<u64>, StoreError> {
    let mut own = db.prepare_cached(
        "SELECT seq, queue, priority, ready_at FROM tasks WHERE id = ?1 AND tenant = ?2 AND state = 1",
    )?;
    let own: Option<(i64, String, i64, i64)> = own
        .query_row(params![id.as_bytes(), tenant], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((seq, queue, priority, ready_at)) = own else { return Ok(None) };
    let own_rank = rank(ready_at, priority);
    let mut lanes = db.prepare_cached(
        "SELECT tool, target, priority, n FROM task_counts WHERE tenant = ?1 AND state = ?2 AND queue = ?3 AND n > 0",
    )?;
    // The open cursor keeps what is counted below in one snapshot with it.
    let mut lanes = lanes.query(params![tenant, READY, queue])?;
    let mut ahead = 0;
    while let Some(lane) = lanes.next()? {
        let (tool, target, of): (String, String, i64) = (lane.get(0)?, lane.get(1)?, lane.get(2)?);
        // When a task of that priority would have had to come to have this one's rank.
        let at = (own_rank - rank(0, of), seq);
        ahead += before(db, (tenant, &queue, &tool, &target, of), at, lane.get(3)?)?;
    }
    Ok(Some(unsigned(ahead) + 1))
}

/// How many of a lane's `all` tasks come before this moment and place. Counted from both ends by turns, ever further: one that
/// was just queued has few behind it, however many are before it.
fn before(
    db: &Connection,
    (tenant, queue, tool, target, priority): (&str, &str, &str, &str, i64),
    (ready_at, seq): (i64, i64),
    all: i64,
) -> Result<i64, StoreError> {
    let mut first = db.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM tasks INDEXED BY tasks_ready
         WHERE state = 1 AND queue = ?1 AND tool = ?2 AND target = ?3 AND tenant = ?4 AND priority = ?5
            AND (ready_at, seq) < (?6, ?7) LIMIT ?8)",
    )?;
    let mut rest = db.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM tasks INDEXED BY tasks_ready
         WHERE state = 1 AND queue = ?1 AND tool = ?2 AND target = ?3 AND tenant = ?4 AND priority = ?5
            AND (ready_at, seq) >= (?6, ?7) LIMIT ?8)",
    )?;
    let mut reach = 32;
    loop {
        let of = params![queue, tool, target, tenant, priority, ready_at, seq, reach];
        let behind: i64 = rest.query_row(of, |row| row.get(0))?;
        if behind < reach {
            return Ok(all.saturating_sub(behind).max(0));
        }
        let ahead: i64 = first.query_row(of, |row| row.get(0))?;
        if ahead < reach {
            return Ok(ahead);
        }
        reach *= 8;
    }
}

pub(super) fn list(
    db: &Connection,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Page<TaskRow>, StoreError> {
    let (total, total_is_exact) = total(db, filter)?;
    if (total, total_is_exact) == (0, true) {
        return Ok(Page { rows: Vec::new(), next: None, total, total_is_exact });
    }
    let (rows, next) = rows(db, filter, after, limit)?;
    Ok(Page { rows, next, total, total_is_exact })
}

/// The rows of a page, and where it goes on: of so many that were looked at.
pub(super) fn rows(
    db: &Connection,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<(Vec<TaskRow>, Option<Cursor>), StoreError> {
    let before = after.map_or(i64::MAX, |cursor| signed(cursor.0));
    // What the index does not answer is looked at row by row.
    let narrow = !is_indexed(filter);
    let wanted = if narrow { MAX_SCAN } else { limit.saturating_add(1) };
    let seqs = candidates(db, filter, before, wanted)?;
    let full = seqs.len() >= wanted as usize;
    let (mut rows, mut last, mut more) = (Vec::new(), None, full);
    for seq in seqs {
        if rows.len() >= limit as usize {
            more = true;
            break;
        }
        last = Some(Cursor(unsigned(seq)));
        if narrow && !matches(db, filter, seq)? {
            continue;
        }
        rows.extend(at(db, seq)?);
    }
    Ok((rows, last.filter(|_| more)))
}

/// Whether one index answers all of it.
fn is_indexed(filter: &Filter) -> bool {
    let alone = [filter.tag.is_some(), filter.worker.is_some(), filter.workflow.is_some(), filter.tool.is_some()];
    let narrowed = alone.iter().filter(|on| **on).count();
    filter.queue.is_none() && (narrowed == 0 || (narrowed == 1 && filter.states.is_empty()))
}

/// It is narrowed by something that counts are not kept of.
const fn driven(filter: &Filter) -> bool {
    filter.tag.is_some() || filter.worker.is_some() || filter.workflow.is_some()
}

/// Rows that may match, newest first, from the index that narrows most.
fn candidates(db: &Connection, filter: &Filter, before: i64, limit: u32) -> Result<Vec<i64>, StoreError> {
    let tenant = &filter.tenant;
    let seqs = |statement: &str, of: &dyn rusqlite::ToSql| -> Result<Vec<i64>, StoreError> {
        let mut statement = db.prepare_cached(statement)?;
        let rows = statement.query_map(params![tenant, of, before, limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    if let Some(workflow) = &filter.workflow {
        return seqs(
            "SELECT seq FROM tasks WHERE workflow = ?2 AND +tenant = ?1 AND seq < ?3 ORDER BY seq DESC LIMIT ?4",
            workflow.as_bytes(),
        );
    }
    if let Some(tag) = &filter.tag {
        return seqs(
            "SELECT seq FROM task_tags WHERE tenant = ?1 AND tag = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4",
            tag,
        );
    }
    if let Some(worker) = &filter.worker {
        return seqs(
            "SELECT seq FROM tasks INDEXED BY tasks_worker WHERE tenant = ?1 AND worker = ?2 AND seq < ?3
             ORDER BY seq DESC LIMIT ?4",
            worker,
        );
    }
    if let (Some(tool), true) = (&filter.tool, filter.states.is_empty()) {
        return seqs(
            "SELECT seq FROM tasks INDEXED BY tasks_tool WHERE tenant = ?1 AND tool = ?2 AND seq < ?3
             ORDER BY seq DESC LIMIT ?4",
            tool,
        );
    }
    let states = if filter.states.is_empty() { &TaskState::ALL[..] } else { &filter.states };
    let mut all = Vec::new();
    for state in states {
        all.extend(seqs(
            "SELECT seq FROM tasks INDEXED BY tasks_list WHERE tenant = ?1 AND state = ?2 AND seq < ?3
             ORDER BY seq DESC LIMIT ?4",
            &state_code(*state),
        )?);
    }
    all.sort_unstable_by_key(|seq| std::cmp::Reverse(*seq));
    all.dedup();
    all.truncate(limit as usize);
    Ok(all)
}

fn matches(db: &Connection, filter: &Filter, seq: i64) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT state FROM tasks WHERE seq = ?1 AND (?2 IS NULL OR queue = ?2) AND (?3 IS NULL OR tool = ?3)
            AND (?4 IS NULL OR worker = ?4)
            AND (?5 IS NULL OR EXISTS (SELECT 1 FROM task_tags g WHERE g.tenant = tasks.tenant AND tag = ?5 AND g.seq = ?1))",
    )?;
    let code = statement
        .query_row(params![seq, filter.queue, filter.tool, filter.worker, filter.tag], |row| row.get(0))
        .optional()?;
    let Some(code) = code else { return Ok(false) };
    Ok(filter.states.is_empty() || filter.states.contains(&state(code)?))
}

/// How many match, and whether it is so many exactly.
fn total(db: &Connection, filter: &Filter) -> Result<(u64, bool), StoreError> {
    if driven(filter) {
        let narrow = !is_indexed(filter);
        let most = if narrow { MAX_SCAN } else { MAX_COUNT };
        // One more tells whether there are more.
        let mut seqs = candidates(db, filter, i64::MAX, most + 1)?;
        let exact = seqs.len() <= most as usize;
        seqs.truncate(most as usize);
        if !narrow {
            return Ok((seqs.len() as u64, exact));
        }
        let mut total = 0;
        for seq in seqs {
            total += u64::from(matches(db, filter, seq)?);
        }
        return Ok((total, exact));
    }
    let mut counts = db.prepare_cached(
        "SELECT state, sum(n) FROM task_counts WHERE tenant = ?1 AND (?2 IS NULL OR queue = ?2)
            AND (?3 IS NULL OR tool = ?3) GROUP BY state",
    )?;
    let mut counts = counts.query(params![filter.tenant, filter.queue, filter.tool])?;
    let mut total = 0;
    while let Some(count) = counts.next()? {
        if filter.states.is_empty() || filter.states.contains(&state(count.get(0)?)?) {
            total += unsigned(count.get(1)?);
        }
    }
    Ok((total, true))
}
