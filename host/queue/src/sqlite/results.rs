//! What came of tasks: results, large ones by their content id, and failures.

use rusqlite::{Connection, OptionalExtension, params};
use tandem_store::StoreError;

use crate::{TaskFailure, TaskResult};

/// Keeps the result of a task.
pub(super) fn note_result(db: &Connection, seq: i64, cid: Option<&str>, text: Option<&str>) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR REPLACE INTO task_results (seq, cid, result) VALUES (?1, ?2, ?3)")?
        .execute(params![seq, cid, text])?;
    Ok(())
}

/// Keeps why a task's last attempt failed.
pub(super) fn note_failure(db: &Connection, seq: i64, failure: &TaskFailure) -> Result<(), StoreError> {
    let TaskFailure { code, message, detail, retryable } = failure;
    db.prepare_cached(
        "INSERT OR REPLACE INTO task_results (seq, error, code, detail, retryable) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![seq, message, code.name(), detail, retryable])?;
    Ok(())
}

pub(super) fn content(db: &Connection, cid: &str) -> Result<Option<String>, StoreError> {
    let mut statement = db.prepare_cached("SELECT content FROM task_contents WHERE cid = ?1")?;
    Ok(statement.query_row([cid], |row| row.get(0)).optional()?)
}

pub(super) fn result(db: &Connection, seq: i64) -> Result<Option<TaskResult>, StoreError> {
    let mut statement = db.prepare_cached("SELECT cid, result FROM task_results WHERE seq = ?1")?;
    let row = statement
        .query_row([seq], |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?)))
        .optional()?;
    Ok(row.and_then(|(cid, result)| cid.map(TaskResult::Cid).or(result.map(TaskResult::Inline))))
}
