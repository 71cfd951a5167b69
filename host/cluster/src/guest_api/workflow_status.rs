//! What a workflow came to, step by step.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};
use tandem_queue::{Filter, SqliteTasks, TaskRow, TaskStore as _, TaskStoreError, Timestamp, WorkflowRow};
use tandem_workflow::{OnFailure, Output, State, StepRecord, StepState};

use super::document::{Answer, workflow_state};
use crate::{
    format::{rfc3339, without_nulls},
    peers::PeerDirectory,
    queue::{ExplainCache, WaitExplainer},
    workflow_runtime::Journal,
};

/// Bytes of a step's result that the answer carries. `p2p_taskqueue_get_result` has a longer one.
const MAX_RESULT: usize = 16 << 10;
/// Bytes of all results that the answer carries: it must go through a guest.
const MAX_RESULTS: usize = 256 << 10;
/// Tasks of a page, and pages: a workflow has at most a thousand steps, and each attempt of one is a task.
const PAGE: u32 = 1_000;
const PAGES: usize = 8;

pub(super) async fn shown(
    tasks: &SqliteTasks,
    (peers, waits): (&PeerDirectory, &WaitExplainer),
    row: &WorkflowRow,
    journal: &Journal,
) -> Answer {
    let state = &journal.state;
    let (tasks, mut cache, mut room) = (newest(tasks, row).await?, ExplainCache::default(), MAX_RESULTS);
    let mut steps = Vec::with_capacity(state.steps().len());
    for (id, record) in state.steps() {
        let task = tasks.get(id);
        let mut shown = step(state, id, record, task, &mut room);
        if let (Some(name), Value::Object(shown)) = (peers.name_of_text(record.peer.as_deref()), &mut shown) {
            shown.insert("peer_name".to_owned(), name.into());
        }
        if let (Some(task), Value::Object(shown)) = (task.filter(|_| !record.state.is_terminal()), &mut shown)
            && let Some(wait) = waits.of_task(task, &mut cache).await?
        {
            shown.insert("waits_for".to_owned(), wait.into_json());
        }
        steps.push(shown);
    }
    let clock: Vec<_> = journal.log.clock().iter().map(ToString::to_string).collect();
    Ok(without_nulls(json!({
        "workflow_id": row.id.to_string(),
        "name": row.name,
        "state": workflow_state(row.state),
        "progress": state.progress(),
        "steps": steps,
        "clock": clock,
        "tags": row.tags,
        "created_at": rfc3339(row.created_at),
        "finished_at": row.finished_at.map(rfc3339),
        "coordinator": row.coordinator,
        "coordinator_name": peers.name_of_text(row.coordinator.as_deref()),
        "coordinating_peers": participants(row, state),
        "target_peers": (!state.plan().target_peers().is_empty()).then(|| state.plan().target_peers()),
        "reason": state.reason().map(ToOwned::to_owned).or_else(|| first_failure(state)),
    })))
}

/// The task of each step's newest attempt.
async fn newest(store: &SqliteTasks, row: &WorkflowRow) -> Result<HashMap<String, TaskRow>, TaskStoreError> {
    let filter = Filter { tenant: row.tenant.clone(), workflow: Some(row.id), ..Filter::default() };
    let (mut tasks, mut after) = (HashMap::new(), None);
    for _ in 0..PAGES {
        let page = store.list(filter.clone(), after, PAGE).await?;
        for task in page.rows {
            let Some(step) = task.step.as_ref().map(|step| step.step.clone()) else { continue };
            tasks.entry(step).or_insert(task);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(tasks)
}

fn step(state: &State, id: &str, record: &StepRecord, task: Option<&TaskRow>, room: &mut usize) -> Value {
    let error = record.error.as_ref().map(|error| format!("{}: {}", error.code, error.message));
    let (result, cid) = match &record.output {
        Some(Output::Inline(result)) => (inline(result, room), None),
        Some(Output::Content(cid)) => (None, Some(cid.to_string())),
        None => (None, None),
    };
    let left_out = (record.output.is_some() && result.is_none()).then_some(true);
    let mut shown = without_nulls(json!({
        "id": id,
        "tool": state.plan().step(id).map(|step| &step.tool),
        "state": record.state,
        "peer": record.peer,
        "task_id": task.map(|task| task.id.to_string()),
        "attempt": record.attempt,
        "max_attempts": state.plan().step(id).map(|step| step.retry.max_attempts),
        "started_at": record.started_at.or(record.claimed_at).map(millis),
        "finished_at": record.finished_at.map(millis),
        "duration_ms": record.duration_ms(),
        "retry_at": record.retry_at.map(millis),
        "error": error,
        "error_code": record.error.as_ref().map(|error| &error.code),
        "result_cid": cid,
        "result_left_out": left_out,
    }));
    // A result may be null.
    if let (Some(result), Value::Object(shown)) = (result, &mut shown) {
        shown.insert("result".to_owned(), result);
    }
    shown
}

/// A result, where there is room for it.
fn inline(result: &Value, room: &mut usize) -> Option<Value> {
    let bytes = result.to_string().len();
    let fits = bytes <= MAX_RESULT && bytes <= *room;
    if fits {
        *room -= bytes;
    }
    fits.then(|| result.clone())
}

fn millis(at: u64) -> String {
    rfc3339(Timestamp::from_millis(at))
}

/// The hosts that take part: who coordinates it, whom it is for, and who ran a step.
fn participants(row: &WorkflowRow, state: &State) -> Vec<String> {
    let ran: BTreeSet<_> = state.steps().filter_map(|(_, record)| record.peer.clone()).collect();
    let first = row.coordinator.clone().or_else(|| state.coordinator().map(|(peer, _)| peer.to_owned()));
    let mut peers: Vec<String> = first.into_iter().collect();
    for peer in state.plan().target_peers().iter().cloned().chain(ran) {
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    peers
}

/// Why a workflow failed that was neither cancelled nor out of time.
fn first_failure(state: &State) -> Option<String> {
    if !state.is_finished() {
        return None;
    }
    let failed = state.steps().filter(|(id, record)| {
        let continues = state.plan().step(id).is_some_and(|step| step.on_failure == OnFailure::Continue);
        record.state == StepState::Failed && !continues
    });
    let (id, record) = failed.min_by_key(|(_, record)| record.finished_at)?;
    let error = record.error.as_ref().map(|error| format!(": {}: {}", error.code, error.message));
    Some(format!("step `{id}` failed{}", error.unwrap_or_default()))
}
