//! Renewing leases and ending them with an outcome.

use rusqlite::{Connection, params};
use tandem_store::StoreError;

use super::{
    codes::{millis, signed, state, time},
    context::TxContext,
    lease::{End, LeaseRow},
    results::{note_failure, note_result, result},
};
use crate::{
    Beat, Caps, FailureCode, Finish, LeaseRef, MAX_BACKOFF, Outcome, Progress, TaskFailure, TaskResult, TaskState,
    backoff::{ceiling, jittered},
};

pub(super) fn heartbeat(
    db: &Connection,
    moment: &mut TxContext,
    worker: &str,
    beats: &[(LeaseRef, Option<Progress>)],
) -> Result<Vec<Beat>, StoreError> {
    beats.iter().map(|(lease, progress)| beat(db, moment, worker, lease, progress.as_ref())).collect()
}

fn beat(
    db: &Connection,
    moment: &mut TxContext,
    worker: &str,
    lease: &LeaseRef,
    progress: Option<&Progress>,
) -> Result<Beat, StoreError> {
    let Some(held) = LeaseRow::of(db, lease, worker)? else { return Ok(Beat::Stale) };
    if !held.is_live(moment.now) {
        return Ok(if held.settled == held.fence { Beat::Stale } else { Beat::Expired });
    }
    let until = match held.cancel {
        Some(_) => held.due_at,
        None => millis(moment.now).saturating_add(held.lease_ms),
    };
    let progress = progress.and_then(|progress| serde_json::to_string(progress).ok());
    db.prepare_cached("UPDATE tasks SET due_at = ?2, progress = coalesce(?3, progress) WHERE seq = ?1")?
        .execute(params![held.seq, until, progress])?;
    moment.tally.work(worker);
    moment.changed(&held.lane.tenant, held.id.as_bytes());
    let until = time(until);
    Ok(match held.cancel {
        Some(reason) => Beat::CancelRequested { until, reason },
        None => Beat::Extended { until },
    })
}

pub(super) fn finish(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    worker: &str,
    outcomes: &[(LeaseRef, Outcome)],
) -> Result<Vec<Finish>, StoreError> {
    outcomes.iter().map(|(lease, outcome)| settle(db, moment, caps, (worker, lease), outcome)).collect()
}

fn settle(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    (worker, lease): (&str, &LeaseRef),
    outcome: &Outcome,
) -> Result<Finish, StoreError> {
    let Some(held) = LeaseRow::of(db, lease, worker)? else { return Ok(Finish::Stale) };
    if held.settled == held.fence {
        return Ok(Finish::AlreadyDone { state: state(held.state)?, result: result(db, held.seq)? });
    }
    if !held.is_live(moment.now) {
        return Ok(Finish::Expired);
    }
    let end = decide(db, moment, caps, &held, outcome)?;
    let (code, run_at) = end.apply(db, moment, &held, true)?;
    Ok(Finish::Applied { state: state(code)?, run_at })
}

/// Where the outcome leads, its texts kept. A task that is to be cancelled only ends well or cancelled.
fn decide(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    held: &LeaseRow,
    outcome: &Outcome,
) -> Result<End, StoreError> {
    let now = moment.now;
    if let Outcome::Kept { cid, content } = outcome
        && let Some(full) = keep(db, moment, caps, held, cid, content)?
    {
        return Ok(full);
    }
    let work = moment.tally.work(&held.worker);
    match outcome {
        Outcome::Ok(_) | Outcome::Kept { .. } => {
            work.completed += 1;
            work.completed_ms += millis(now).saturating_sub(held.started_at);
        }
        Outcome::Retry { .. } | Outcome::Fatal { .. } => work.failed += 1,
        Outcome::Snooze(_) | Outcome::Release => {}
    }
    match outcome {
        Outcome::Ok(TaskResult::Inline(json)) => note_result(db, held.seq, None, Some(json))?,
        Outcome::Ok(TaskResult::Cid(cid)) | Outcome::Kept { cid, .. } => note_result(db, held.seq, Some(cid), None)?,
        Outcome::Retry { failure, .. } | Outcome::Fatal { failure } => note_failure(db, held.seq, failure)?,
        // One that dies by this says why.
        Outcome::Snooze(_) | Outcome::Release if held.fence >= caps.claims => {
            let message = format!("it was claimed {} times and ended in none of them", held.fence);
            note_failure(db, held.seq, &TaskFailure::new(FailureCode::LimitExceeded, message))?;
        }
        Outcome::Snooze(_) | Outcome::Release => {}
    }
    Ok(match outcome {
        Outcome::Ok(_) | Outcome::Kept { .. } => End::terminal(TaskState::Succeeded),
        _ if held.cancel.is_some() => End::terminal(TaskState::Cancelled),
        Outcome::Fatal { .. } => End::terminal(TaskState::Failed),
        Outcome::Retry { delay, .. } => match ceiling(held.retry, held.attempt) {
            None => End::given_up(held),
            Some(ceiling) => {
                let wait = delay.map_or_else(|| jittered(ceiling), |delay| delay.min(MAX_BACKOFF));
                End::later(TaskState::Retrying, now.plus(wait))
            }
        },
        Outcome::Snooze(wait) => {
            End::later(TaskState::Scheduled, now.plus((*wait).min(MAX_BACKOFF))).uncounted(held, caps)
        }
        Outcome::Release => End::ready().uncounted(held, caps),
    })
}

/// Keeps a large result. Where the tenant has no room for it, the task fails by that: its worker cannot mend it.
fn keep(
    db: &Connection,
    moment: &mut TxContext,
    caps: &Caps,
    held: &LeaseRow,
    cid: &str,
    content: &str,
) -> Result<Option<End>, StoreError> {
    let (bytes, usage) = (signed(content.len() as u64), moment.tally.usage(db, &held.lane.tenant)?);
    if usage.bytes.saturating_add(bytes) > signed(caps.bytes) {
        let message = format!("the tenant has its {} bytes of stored tasks; let some end first", caps.bytes);
        note_failure(db, held.seq, &TaskFailure::new(FailureCode::LimitExceeded, message))?;
        moment.tally.work(&held.worker).failed += 1;
        return Ok(Some(End::terminal(TaskState::Failed)));
    }
    usage.bytes += bytes;
    db.prepare_cached("UPDATE tasks SET bytes = bytes + ?2 WHERE seq = ?1")?.execute(params![held.seq, bytes])?;
    db.prepare_cached("INSERT OR IGNORE INTO task_contents (cid, content) VALUES (?1, ?2)")?.execute([cid, content])?;
    Ok(None)
}
