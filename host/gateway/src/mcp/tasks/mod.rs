//! Tool calls that go on as tasks: MCP's extension `io.modelcontextprotocol/tasks` (SEP-2663), kept by the task queue.
//!
//! A call of a tool that may become a task begins as any other. When it takes longer than
//! [`GatewayConfig::task_after`](crate::GatewayConfig), its client gets a task's id instead of a result, and the call goes
//! on without it. What is promised:
//!
//! - Whoever has an id has a task that is on disk: it is recorded, leased to this host, before the id is told. A result
//!   is kept for [`GatewayConfig::task_keep`](crate::GatewayConfig), whatever becomes of the host meanwhile.
//! - Nothing that may have had effects runs twice. A host that dies in the middle of a task lets its lease end: then a
//!   read-only or idempotent tool is run again, and any other task is `failed` with the code `interrupted`.
//! - A question of the guest makes the task `input_required`; answers reach the suspended guest. A cancellation stops it.
//! - What belongs to another tenant is unknown, like what never was.
//!
//! **Bounds.** Tasks that run ([`GatewayConfig::task_limit`](crate::GatewayConfig), of one tenant half unless said
//! otherwise): a call that finds no place stays a call. Each holds one suspended guest, within its tool's deadline. A
//! result has at most [`GatewayConfig::task_max_result`](crate::GatewayConfig); a long one counts among the bytes that the
//! task store keeps for its tenant, and goes with its task.
//!
//! **Refuses.** Clients that did not declare the extension, where the tool runs as a task only. Notifications of a task's
//! status are optional and are not sent: the protocol library does not read who asked for them.

pub(crate) mod keep;
mod live;
mod run;
mod wire;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rmcp::model::{CallToolResult, DetailedTask, ErrorData, InputResponses, JsonObject, Task};
use serde_json::{Map, Value, json};
use tandem_catalog::Tool;
use tandem_engine::ClientCapabilities;
use tandem_queue::{
    Adopted, CancelState, LeaseRef, MAX_CONTENT, MAX_TIMEOUT, NewTask, RetryKind, RetryPolicy, SqliteTasks, StoredTask,
    TaskId, TaskResult, TaskStore as _, TaskStoreError, Timestamp,
};
use tandem_router::Router;
use tandem_types::Caller;
use tokio::sync::Notify;
use uuid::Uuid;

pub(crate) use self::live::Live;
use super::{driver::CallDriver, errors};
use crate::{
    GatewayConfig,
    incoming::Incoming,
    places::{self, Place, Places},
};

/// The queue that they are in: workers of the network of hosts claim from another.
const QUEUE: &str = "mcp";
/// For so long a task is this host's without a renewal, and so long one waits for its end when the host died.
const LEASE: Duration = Duration::from_secs(12);
/// Runs of a task that may be run again, the lost ones counted: one that brings the host down must not do so for ever.
const ATTEMPTS: u32 = 3;

/// The tasks of this host.
pub(crate) struct Tasks {
    store: SqliteTasks,
    /// The holder of the leases: another one each time the host starts.
    worker: String,
    places: Arc<Places>,
    keep: Duration,
    max_result: usize,
    /// Those that run here.
    live: Mutex<HashMap<TaskId, Arc<Live>>>,
    ended: Notify,
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks").field("worker", &self.worker).finish_non_exhaustive()
    }
}

/// What a call becomes a task with.
#[derive(Debug)]
pub(crate) struct TaskPromotion {
    pub(crate) tool: Arc<Tool>,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) caller: Caller,
    pub(crate) capabilities: ClientCapabilities,
    pub(crate) place: Place,
}

impl Tasks {
    /// `open`: all callers are the same one.
    pub(crate) fn new(store: SqliteTasks, config: &GatewayConfig, open: bool) -> Arc<Self> {
        let limit = config.task_limit;
        let per_tenant = config.task_limit_per_tenant.unwrap_or_else(|| places::share(limit, open));
        Arc::new(Self {
            store,
            worker: format!("mcp-{}", Uuid::now_v7()),
            places: Places::new(limit, per_tenant),
            keep: config.task_keep,
            max_result: config.task_max_result.min(MAX_CONTENT),
            live: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// A place for one more task of this tenant.
    pub(crate) fn place(&self, tenant: &Arc<str>) -> Option<Place> {
        self.places.take(tenant).ok()
    }

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
                tracing::warn!(tool, reason, "a call does not become a task");
                return Err(driver);
            }
            Err(error) => {
                tracing::warn!(tool, %error, "a call does not become a task");
                return Err(driver);
            }
        };
        tracing::info!(task = %lease.id, tool, "the call goes on as a task");
        metrics::counter!("tandem_mcp_tasks_total", "state" => "begun").increment(1);
        let live = self.enter(Live::new(lease, 1, again, at, Some(of.place)));
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
            tracing::error!(task = %id, "a result that was kept cannot be read");
            let data = json!({"code": "unavailable", "retryable": false});
            ErrorData::internal_error("the task's result cannot be read any more", Some(data))
        })
    }

    /// Answers questions of a task. What it does not ask (any more) is left aside.
    pub(crate) async fn update(&self, tenant: &str, id: &str, answers: InputResponses) -> Result<(), ErrorData> {
        let stored = self.find(tenant, id).await?;
        match self.of(&stored.row.id) {
            Some(live) => {
                live.answer(answers, self.store.now()).map_err(|text| errors::invalid("invalid_input_response", text))
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
                    live.stop(live::Stop::Cancelled);
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

    fn lock(&self) -> MutexGuard<'_, HashMap<TaskId, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, id: &TaskId) -> Option<Arc<Live>> {
        self.lock().get(id).cloned()
    }

    fn all(&self) -> Vec<Arc<Live>> {
        self.lock().values().cloned().collect()
    }

    fn enter(&self, live: Live) -> Arc<Live> {
        let live = Arc::new(live);
        self.lock().insert(live.lease.id, live.clone());
        live
    }

    /// Only under its own lease: a later run of the same task has another.
    fn leave(&self, lease: LeaseRef) {
        let mut all = self.lock();
        if all.get(&lease.id).is_some_and(|live| live.lease == lease) {
            all.remove(&lease.id);
        }
        drop(all);
        self.ended.notify_waiters();
    }
}

/// What the store keeps of a call.
fn recorded(of: &TaskPromotion, again: bool, keep: Duration) -> NewTask {
    let arguments = serde_json::to_string(&of.arguments).unwrap_or_default();
    let mut task = NewTask::new(&of.caller.tenant, &of.tool.descriptor.name, &arguments);
    task.subject = of.caller.subject.to_string();
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

/// What the client could be asked when the task began.
fn capabilities(metadata: Option<&str>) -> ClientCapabilities {
    let metadata: Value = metadata.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let can = |what: &str| metadata.pointer(&format!("/client/{what}")) == Some(&Value::Bool(true));
    ClientCapabilities { elicitation: can("elicitation"), sampling: can("sampling"), roots: can("roots") }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn unknown(id: &str) -> ErrorData {
    let shown: String = id.chars().take(64).collect();
    errors::invalid("not_found", format!("unknown task `{shown}`: there is none, or its time to live is over"))
}

fn failed(error: TaskStoreError) -> ErrorData {
    tracing::error!(%error, "the task store failed");
    let data = json!({"code": "unavailable", "retryable": true});
    ErrorData::internal_error("the task store does not answer; try again later", Some(data))
}

/// A time as the protocol writes it.
fn time(at: Timestamp) -> String {
    let at = i64::try_from(at.millis()).ok().and_then(chrono::DateTime::<chrono::Utc>::from_timestamp_millis);
    at.unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
