//! What clients ask of tasks: begin, get, update, cancel.

use std::{sync::Arc, time::Duration};

use rmcp::model::{CallToolResult, DetailedTask, ErrorData, InputResponses, JsonObject, Task};
use serde_json::{Map, Value, json};
use tandem_catalog::Tool;
use tandem_engine::ClientCapabilities;
use tandem_queue::{
    Adopted, CancelState, MAX_TIMEOUT, NewTask, RetryKind, RetryPolicy, StoredTask, TaskId, TaskResult, TaskStore as _,
    TaskStoreError,
};
use tandem_router::Router;
use tandem_types::Caller;

use super::{
    limits::{ATTEMPTS, LEASE},
    run,
    running::{RunningTask, Stop},
    table::{QUEUE, Tasks},
    wire,
};
use crate::{
    incoming::Incoming,
    limiter::Permit,
    mcp::{driver::CallDriver, errors},
};

/// What a call becomes a task with.
#[derive(Debug)]
pub(crate) struct TaskPromotion {
    pub(crate) tool: Arc<Tool>,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) caller: Caller,
    pub(crate) capabilities: ClientCapabilities,
    pub(crate) permit: Permit,
}

impl Tasks {
    /// Makes a running call a task. It comes back where that cannot be, and is a call as before.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        of: TaskPromotion,
        driver: Box<CallDriver<CallToolResult>>,
    ) -> Result<Task, Box<CallDriver<CallToolResult>>> {
        let again = of.tool.is_repeatable();
        let task = recorded(&of, again, self.keep);
        let tool = task.tool.clone();
        let (lease, at) = match self.store.adopt(task, &self.worker, LEASE).await {
            Ok(Adopted::Leased { lease, at }) => (lease, at),
            Ok(refused) => {
                let reason = match refused {
                    Adopted::QuotaExceeded(cap) => cap,
                    Adopted::Leased { .. } | Adopted::Conflict => "its id is taken".to_owned(),
                };
                tracing::warn!(tool, reason, "tasks: call not promoted to a task");
                return Err(driver);
            }
            Err(error) => {
                tracing::warn!(tool, %error, "tasks: call not promoted to a task");
                return Err(driver);
            }
        };
        tracing::info!(task = %lease.id, tool, "tasks: call promoted to a task");
        metrics::counter!("tandem_mcp_tasks_total", "state" => "begun").increment(1);
        let live = self.enter(RunningTask::new(lease, 1, again, at, Some(of.permit)));
        run::start(self.clone(), live, driver);
        Ok(wire::begun(lease.id, at, self.keep))
    }

    /// A task as it is now.
    pub(crate) async fn get(&self, router: &Router, of: &Incoming, id: &str) -> Result<DetailedTask, ErrorData> {
        let stored = self.find(&of.caller.tenant, id).await?;
        let live = self.of(&stored.row.id);
        let result = match &stored.result {
            None => None,
            Some(result) => Some(self.result(router, of, stored.row.id, result).await?),
        };
        Ok(wire::detailed(&stored, live.as_deref(), result, self.keep))
    }

    /// A result, from the task's row or by its content id.
    async fn result(
        &self,
        router: &Router,
        of: &Incoming,
        id: TaskId,
        kept: &TaskResult,
    ) -> Result<JsonObject, ErrorData> {
        let text = match kept {
            TaskResult::Inline(text) => Some(text.clone()),
            TaskResult::Cid(cid) => self.store.content(cid).await.map_err(failed)?,
        };
        let bytes = text.as_ref().map_or(0, String::len);
        of.note_bytes(bytes);
        let read = move || text.and_then(|text| serde_json::from_str(&text).ok());
        let read = router.answer_on(&of.caller, bytes, read).await;
        read.map_err(|error| errors::of_request(&error))?.ok_or_else(|| {
            tracing::error!(task = %id, "tasks: cannot read a stored result");
            let data = json!({"code": "unavailable", "retryable": false});
            ErrorData::internal_error("the stored result of the task cannot be read", Some(data))
        })
    }

    /// Answers questions of a task. What it does not ask (any more) is left aside.
    pub(crate) async fn update(&self, tenant: &str, id: &str, answers: InputResponses) -> Result<(), ErrorData> {
        let stored = self.find(tenant, id).await?;
        match self.of(&stored.row.id) {
            Some(live) => {
                let taken = live.answer(answers, self.store.now());
                taken.map_err(|wrong| errors::invalid("invalid_input_response", wrong.to_string()))
            }
            None => Ok(()),
        }
    }

    /// Stops a task. One that has ended stays as it is.
    pub(crate) async fn cancel(&self, tenant: &str, subject: &str, id: &str) -> Result<(), ErrorData> {
        let found = self.find(tenant, id).await?.row.id;
        match self.store.cancel(tenant, found, &format!("cancelled by {subject}")).await.map_err(failed)? {
            CancelState::NotFound => Err(unknown(id)),
            CancelState::Requested => {
                if let Some(live) = self.of(&found) {
                    live.stop(Stop::Cancelled);
                }
                Ok(())
            }
            CancelState::Done { .. } | CancelState::Terminal(_) => Ok(()),
        }
    }

    /// A task of this tenant that began as a call.
    async fn find(&self, tenant: &str, id: &str) -> Result<StoredTask, ErrorData> {
        let parsed: TaskId = id.parse().map_err(|_| unknown(id))?;
        let found = self.store.get(tenant, parsed).await.map_err(failed)?;
        found.filter(|task| task.row.queue == QUEUE).ok_or_else(|| unknown(id))
    }
}

/// What the store keeps of a call.
fn recorded(of: &TaskPromotion, again: bool, keep: Duration) -> NewTask {
    let arguments = serde_json::to_string(&of.arguments).unwrap_or_default();
    let mut task = NewTask::new(&of.caller.tenant, &of.tool.descriptor.name, &arguments);
    task.subject = of.caller.subject.to_string();
    task.access = Some(of.caller.access.clone());
    task.queue = QUEUE.to_owned();
    task.timeout_s = seconds(of.tool.limits.deadline.min(MAX_TIMEOUT)).max(1);
    task.retry = match again {
        true => RetryPolicy { policy: RetryKind::Linear, max_attempts: ATTEMPTS, base_delay_ms: 1 },
        false => RetryPolicy { policy: RetryKind::None, max_attempts: 1, base_delay_ms: 1 },
    };
    task.retention_s = Some(seconds(keep));
    let ClientCapabilities { elicitation, sampling, roots } = of.capabilities;
    let asked = json!({"elicitation": elicitation, "sampling": sampling, "roots": roots});
    task.metadata = Some(json!({ "client": asked }).to_string());
    task
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn unknown(id: &str) -> ErrorData {
    let shown: String = id.chars().take(64).collect();
    errors::invalid("not_found", format!("unknown task `{shown}`: there is none, or its time to live is over"))
}

fn failed(error: TaskStoreError) -> ErrorData {
    tracing::error!(%error, "tasks: store failed");
    let data = json!({"code": "unavailable", "retryable": true});
    ErrorData::internal_error("the task store does not answer; try again later", Some(data))
}
