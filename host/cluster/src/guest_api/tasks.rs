//! The tools of those who submit and follow tasks.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tandem_queue::{
    CancelState, DEFAULT_PRIORITY, Filter, NewTask, Patch, Resubmit, ResubmitOpts, RetryKind, RetryPolicy, SqliteTasks,
    StoredTask, Submitted, TaskId, TaskResult, TaskRow, TaskState, TaskStore as _, Updated, WorkflowId,
};
use tandem_types::Caller;

use super::document::{
    Answer, cursor, find_task, id, no_task, object, read, read_cursor, state, states, timestamp, too_long,
};
use crate::{
    error::P2pError,
    format::{rfc3339, without_nulls},
    peers::{PeerDirectory, TaskPolicy},
    queue::{ExplainCache, OutsideWorkers, WaitExplainer},
    tools::ToolInfo,
    worker::LocalWorker,
};

/// Longest wait for a result, in seconds: the spec's.
const MAX_WAIT_S: u32 = 300;

/// Seconds that one attempt may take where nobody says.
const DEFAULT_TIMEOUT_S: u32 = 3_600;

/// Bytes of a result that an answer carries: it must go through a guest. A larger one is only named.
const MAX_ANSWER: usize = 6 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    tool: String,
    arguments: Map<String, Value>,
    priority: Option<u8>,
    timeout_s: Option<u32>,
    retry: Option<Retry>,
    run_at: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    target_peer: Option<String>,
    idempotency_key: Option<String>,
    retention_s: Option<u32>,
}

/// What the spec lets be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {
    policy: RetryKind,
    max_attempts: Option<u32>,
    base_delay_ms: Option<u64>,
}

impl From<Retry> for RetryPolicy {
    fn from(retry: Retry) -> Self {
        if retry.policy == RetryKind::None {
            return Self::ONCE;
        }
        let default = Self::default();
        Self {
            policy: retry.policy,
            max_attempts: retry.max_attempts.unwrap_or(default.max_attempts),
            base_delay_ms: retry.base_delay_ms.unwrap_or(default.base_delay_ms),
        }
    }
}

/// See the module.
pub(super) struct TaskApi {
    pub(super) tasks: SqliteTasks,
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) worker: Arc<LocalWorker>,
    pub(super) policy: Arc<TaskPolicy>,
    pub(super) waits: Arc<WaitExplainer>,
    pub(super) outside: Arc<OutsideWorkers>,
}

impl TaskApi {
    pub(super) async fn submit(&self, (caller, trace): (&Caller, Option<&str>), text: &str) -> Answer {
        let task: Task = read(text)?;
        let here = self.may_be_a_task(caller, &task.tool, task.target_peer.as_deref())?;
        let arguments = Value::Object(task.arguments).to_string();
        let mut new = NewTask::new(&caller.tenant, &task.tool, &arguments);
        new.subject = caller.subject.to_string();
        new.trace = trace.map(ToOwned::to_owned);
        new.access = Some(caller.access.clone());
        // The tool says so for whoever says nothing.
        let asked = task.priority.filter(|asked| *asked != DEFAULT_PRIORITY);
        new.priority =
            self.policy.check_priority(&caller.tenant, asked)?.unwrap_or(self.policy.default_priority(&caller.tenant));
        new.timeout_s = self.timeout(here.as_ref(), task.timeout_s)?;
        new.retry = task.retry.map_or_else(|| self.unless_given(here.as_ref(), &task.tool), RetryPolicy::from);
        new.run_at = task.run_at.as_deref().map(timestamp).transpose()?;
        new.tags = task.tags;
        new.target_peer = task.target_peer;
        new.idempotency_key = task.idempotency_key;
        new.retention_s = task.retention_s.or(new.retention_s);
        let done = self.tasks.submit(vec![new]).await?;
        let (id, now, replayed) = accepted(done.into_iter().next())?;
        let position = self.tasks.position(&caller.tenant, id).await?;
        Ok(json!({"task_id": id.to_string(), "state": state(now), "position": position, "replayed": replayed}))
    }

    /// The time of one attempt: no longer than its tool may take, and than the operator allows.
    fn timeout(&self, here: Option<&ToolInfo>, asked: Option<u32>) -> Result<u32, P2pError> {
        let most = here.map_or(u32::MAX, |info| u32::try_from(info.deadline.as_secs()).unwrap_or(u32::MAX).max(1));
        match (asked, here) {
            (Some(asked), Some(info)) if asked > most => Err(P2pError::InvalidArgument(too_long(info, asked.into()))),
            (asked, _) => self.policy.task_time(asked, DEFAULT_TIMEOUT_S.min(most)),
        }
    }

    /// The retry of a task that does not say: a call that may have had effects is not made again.
    fn unless_given(&self, here: Option<&ToolInfo>, tool: &str) -> RetryPolicy {
        let again = here.map_or_else(|| self.peers.advertisements.is_repeatable(tool), |info| info.repeatable);
        if again { RetryPolicy::default() } else { RetryPolicy::ONCE }
    }

    /// A tool that this host has must be one that a task may call, and is answered; one that it has not may be a peer's.
    fn may_be_a_task(&self, caller: &Caller, tool: &str, target: Option<&str>) -> Result<Option<ToolInfo>, P2pError> {
        if let Some(info) = self.worker.tools.info(caller, tool) {
            if info.local {
                return Err(P2pError::InvalidArgument(format!(
                    "`{tool}` is about this host and runs in its reactor lane; call it directly, it cannot run as a task"
                )));
            }
            return Ok(Some(info));
        }
        if target.is_some() || self.outside.has(&caller.tenant, tool) || self.peers.any_has_tool(tool) {
            return Ok(None);
        }
        Err(P2pError::NotFound(self.nobody_has(caller, tool)))
    }

    /// Why nobody would run it, without a word about tools that the caller may not see.
    fn nobody_has(&self, caller: &Caller, tool: &str) -> String {
        let near = self.worker.tools.find(caller, tool).err().unwrap_or_default();
        let hint = if near.is_empty() { String::new() } else { format!("; near names: {}", near.join(", ")) };
        let connected = self.peers.network.connected();
        let silent = connected.iter().filter(|(peer, _)| self.peers.advertisements.get(peer).is_none()).count();
        let there = match (connected.len(), silent) {
            (0, _) => "no other host is connected".to_owned(),
            (all, 0) => format!(
                "none of {all} connected hosts offers it: it is not loaded there, or the tenant that this host is there does not get \
                 its category (`categories` of [tenants.peers] there)"
            ),
            (all, silent) => {
                format!("none of {all} connected hosts offers it, and {silent} of them have not said what they run yet")
            }
        };
        format!(
            "no host has the tool `{tool}`: here it is not loaded, or tenant `{}` does not get its category (`categories` of \
             [tenants.{0}]); {there}. With `target_peer` a task may wait for a host that comes later{hint}",
            caller.tenant
        )
    }

    pub(super) async fn status(&self, caller: &Caller, text: &str) -> Answer {
        self.shown_waiting(&find_task(&self.tasks, caller, text).await?.row, &mut ExplainCache::default()).await
    }

    /// With why it waits, where it does.
    async fn shown_waiting(&self, row: &TaskRow, cache: &mut ExplainCache) -> Answer {
        let mut task = shown(row);
        let wait = self.waits.of_task(row, cache).await?;
        if let (Some(name), Value::Object(task)) = (self.peers.name_of_text(row.worker.as_deref()), &mut task) {
            task.insert("worker_name".to_owned(), name.into());
        }
        if let (Some(wait), Value::Object(task)) = (wait, &mut task) {
            task.insert("waits_for".to_owned(), wait.into_json());
        }
        Ok(task)
    }

    /// The result goes in as the text that it is: it may be large, and is not read here.
    pub(super) async fn result(&self, caller: &Caller, text: &str, wait_s: u32) -> Result<String, P2pError> {
        let wait = Duration::from_secs(wait_s.min(MAX_WAIT_S).into());
        let found = self.tasks.wait_end(&caller.tenant, id(text)?, wait).await?;
        let task = found.ok_or_else(|| no_task(text))?;
        let (result, cid) = match task.result {
            Some(TaskResult::Inline(text)) => (Some(text), None),
            Some(TaskResult::Cid(cid)) => {
                let content = self.tasks.content(&cid).await?;
                (content.filter(|content| content.len() <= MAX_ANSWER), Some(cid))
            }
            None => (None, None),
        };
        let took =
            task.row.started_at.zip(task.row.finished_at).map(|(start, end)| end.since(start).as_millis() as u64);
        let failure = task.row.failure.as_ref();
        let answer = json!({
            "state": state(task.row.state),
            "error": failure.map(ToString::to_string),
            "error_code": failure.map(|failure| failure.code),
            "result_cid": cid,
            "duration_ms": took,
        });
        let mut answer = without_nulls(answer).to_string();
        if let (Some(result), Some('}')) = (result, answer.pop()) {
            answer.push_str(",\"result\":");
            answer.push_str(&result);
        }
        answer.push('}');
        Ok(answer)
    }

    pub(super) async fn cancel(&self, caller: &Caller, text: &str, reason: Option<String>) -> Answer {
        let reason = reason.unwrap_or_else(|| format!("cancelled by {}", caller.subject));
        let (now, was) = match self.tasks.cancel(&caller.tenant, id(text)?, &reason).await? {
            CancelState::Done { was } => ("cancelled", state(was)),
            CancelState::Requested => ("running", "running"),
            CancelState::Terminal(TaskState::Cancelled) => ("cancelled", "cancelled"),
            CancelState::Terminal(was) => {
                return Err(P2pError::Conflict(format!("the task has ended already: it is {}", state(was))));
            }
            CancelState::NotFound => return Err(no_task(text)),
        };
        Ok(json!({"state": now, "was": was}))
    }

    pub(super) async fn list(&self, caller: &Caller, text: &str) -> Answer {
        let asked: Listing = read(text)?;
        let filter = Filter {
            tenant: caller.tenant.to_string(),
            states: asked.state.as_deref().map(states).transpose()?.unwrap_or_default(),
            queue: None,
            tool: asked.tool,
            tag: asked.tag,
            worker: asked.worker,
            workflow: asked.workflow.as_deref().map(id::<WorkflowId>).transpose()?,
        };
        let after = read_cursor(asked.cursor.as_deref())?;
        let page = self.tasks.list(filter, after, asked.limit.unwrap_or(100)).await?;
        let (mut tasks, mut cache) = (Vec::new(), ExplainCache::default());
        for row in &page.rows {
            tasks.push(self.shown_waiting(row, &mut cache).await?);
        }
        Ok(without_nulls(
            json!({"tasks": tasks, "total": page.total, "total_is_exact": page.total_is_exact, "next_cursor": page.next.map(cursor)}),
        ))
    }

    pub(super) async fn update(&self, caller: &Caller, text: &str, patch: &str) -> Answer {
        let change: Change = read(patch)?;
        if change.timeout_s.is_some() {
            let task = find_task(&self.tasks, caller, text).await?;
            let here = self.worker.tools.info(caller, &task.row.tool);
            self.timeout(here.as_ref(), change.timeout_s)?;
        }
        let patch = Patch {
            tags: change.tags,
            timeout_s: change.timeout_s,
            run_at: change.run_at.as_deref().map(timestamp).transpose()?,
            metadata: change.metadata.map(|metadata| Value::Object(metadata).to_string()),
            ..Patch::default()
        };
        Ok(shown(&self.changed(caller, text, patch).await?.0.row))
    }

    async fn changed(&self, caller: &Caller, text: &str, patch: Patch) -> Result<(StoredTask, u8), P2pError> {
        match self.tasks.update(&caller.tenant, id(text)?, patch, None).await? {
            Updated::Changed { task, old_priority } => Ok((*task, old_priority)),
            Updated::Revision { current } => Err(P2pError::Conflict(format!("the task is at revision {current} now"))),
            Updated::Leased => Err(P2pError::Conflict("the task runs; its time cannot be changed any more".to_owned())),
            Updated::Terminal(was) => Err(P2pError::Conflict(format!("the task has ended: it is {}", state(was)))),
            Updated::NotFound => Err(no_task(text)),
        }
    }

    pub(super) async fn priority(&self, caller: &Caller, text: &str, priority: u8) -> Answer {
        let patch = Patch { priority: self.policy.check_priority(&caller.tenant, Some(priority))?, ..Patch::default() };
        let (task, old) = self.changed(caller, text, patch).await?;
        let position = self.tasks.position(&caller.tenant, task.row.id).await?;
        Ok(json!({"old_priority": old, "priority": task.row.priority, "position": position}))
    }

    pub(super) async fn resubmit(
        &self,
        caller: &Caller,
        text: &str,
        arguments: Option<String>,
        priority: Option<u8>,
    ) -> Answer {
        let arguments = arguments.map(|text| object(&text).map(|map| Value::Object(map).to_string())).transpose()?;
        let priority = self.policy.check_priority(&caller.tenant, priority)?;
        let (subject, access) = (caller.subject.to_string(), Some(caller.access.clone()));
        let options = ResubmitOpts { id: TaskId::new(), subject, access, arguments, priority };
        let (new, ..) = match self.tasks.resubmit(&caller.tenant, id(text)?, options).await? {
            Resubmit::Submitted(done) => accepted(Some(done))?,
            Resubmit::NotTerminal(was) => {
                return Err(P2pError::Conflict(format!(
                    "the task has not ended: it is {}; cancel it first",
                    state(was)
                )));
            }
            Resubmit::NotFound => return Err(no_task(text)),
        };
        Ok(json!({"task_id": new.to_string(), "resubmitted_from": text}))
    }
}

/// Seconds of one attempt where nobody says: an hour, or the tool's own deadline where that is nearer. A longer time than the
/// tool may take would be a promise that nobody keeps.
fn accepted(done: Option<Submitted>) -> Result<(TaskId, TaskState, bool), P2pError> {
    match done {
        Some(Submitted::Created { id, state }) => Ok((id, state, false)),
        Some(Submitted::Existing { id, state }) => Ok((id, state, true)),
        Some(Submitted::Conflict) => {
            Err(P2pError::IdempotencyConflict("the idempotency key is in use by another task".to_owned()))
        }
        Some(Submitted::QuotaExceeded(which)) => Err(P2pError::LimitExceeded(which)),
        None => Err(P2pError::Other("the task store gave no answer".to_owned())),
    }
}

fn shown(row: &TaskRow) -> Value {
    let metadata = row.metadata.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let progress = row.progress.as_ref().map(|progress| {
        without_nulls(json!({"current": progress.current, "total": progress.total, "message": progress.message}))
    });
    without_nulls(json!({
        "task_id": row.id.to_string(),
        "tool": row.tool,
        "state": state(row.state),
        "attempt": row.attempt,
        "max_attempts": row.retry.max_attempts,
        "priority": row.priority,
        "worker": row.worker,
        "lease_expires_at": row.lease_until.map(rfc3339),
        "progress": progress,
        "created_at": rfc3339(row.created_at),
        "run_at": row.run_at.map(rfc3339),
        "started_at": row.started_at.map(rfc3339),
        "finished_at": row.finished_at.map(rfc3339),
        "error": row.failure.as_ref().map(ToString::to_string),
        "error_code": row.failure.as_ref().map(|failure| failure.code),
        "cancel_reason": row.cancel_reason,
        "timeout_s": row.timeout_s,
        "tags": row.tags,
        "metadata": metadata,
        "target_peer": row.target_peer,
        "resubmitted_from": row.resubmitted_from.map(|id| id.to_string()),
        "workflow_id": row.step.as_ref().map(|step| step.workflow.to_string()),
        "step": row.step.as_ref().map(|step| step.step.clone()),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    state: Option<String>,
    tool: Option<String>,
    tag: Option<String>,
    worker: Option<String>,
    workflow: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    tags: Option<Vec<String>>,
    timeout_s: Option<u32>,
    run_at: Option<String>,
    metadata: Option<Map<String, Value>>,
}
