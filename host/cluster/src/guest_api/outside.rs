//! Workers outside of all hosts, that speak MCP alone: they claim tasks, renew their leases and hand outcomes in.
//!
//! **Promises.** A lease is its holder's: who renews or ends it shows its fence, and is the subject of the tenant that claimed it.
//!
//! **Bounds.** [`MAX_TASKS`] tasks of one claim, which waits for [`MAX_WAIT_S`] at most; what a tenant may have running; a result as for
//! hosts (`p2p.task-queue.max-result`).
//!
//! **Refuses.** Tasks of other tenants, and of a higher priority than the tenant's may have; those that are for one host; everything to
//! peers in an open network, as the queue itself does. Another worker's lease is `stale_fence`.

use std::{sync::Arc, time::Duration};

use libp2p::PeerId;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tandem_queue::{
    Beat, ClaimReq, FailureCode, Finish, LeaseRef, Leased, MAX_NAME, MAX_RESULT, Outcome, Progress, SqliteTasks,
    TaskId, TaskStore as _,
};
use tandem_types::{Caller, ContentId};
use tokio::runtime::Handle;

use super::document::{Answer, find_task, id, read, state};
use crate::{
    error::P2pError,
    format::{rfc3339, without_nulls},
    limits::QUEUE,
    peers::TaskPolicy,
    queue::{OutcomeKind, OutsideWorkers},
};

/// Tasks of one claim: their arguments go through a guest together.
const MAX_TASKS: u32 = 4;
/// Seconds that a claim waits for a task.
const MAX_WAIT_S: u32 = 60;
/// Seconds of a lease for which nobody asks for another time, and the longest.
const LEASE_S: u64 = 30;
const MAX_LEASE_S: u64 = 600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    tools: Vec<String>,
    max: Option<u32>,
    lease_s: Option<u64>,
    wait_s: Option<u32>,
}

/// The name under which a caller has its leases: no peer has such a one.
fn worker(caller: &Caller) -> String {
    let name = format!("mcp:{}/{}", caller.tenant, caller.subject);
    if name.len() <= MAX_NAME { name } else { format!("mcp:{}", ContentId::of_bytes(name.as_bytes())) }
}

/// See the module.
pub(super) struct OutsideApi {
    pub(super) tasks: SqliteTasks,
    pub(super) policy: Arc<TaskPolicy>,
    pub(super) outside: Arc<OutsideWorkers>,
    /// Where large results are written in their canonical form.
    pub(super) general: Handle,
    /// Bytes of a task's result.
    pub(super) max_result: usize,
}

impl OutsideApi {
    /// Refuses peers where the queue gives them nothing either.
    fn may_work(&self, caller: &Caller) -> Result<(), P2pError> {
        let open = !self.policy.leases_to_peers();
        if open && !caller.operator && caller.subject.parse::<PeerId>().is_ok() {
            return Err(P2pError::Unauthorized("in an open network, tasks are not leased to peers".to_owned()));
        }
        Ok(())
    }

    pub(super) async fn claim(&self, caller: &Caller, text: &str) -> Answer {
        self.may_work(caller)?;
        let Claim { tools, max, lease_s, wait_s } = read(text)?;
        if tools.is_empty() {
            return Err(P2pError::InvalidArgument("`tools` names the tools that the worker can run".to_owned()));
        }
        self.outside.note(&caller.tenant, &tools);
        let claim = ClaimReq {
            worker: worker(caller),
            peer: None,
            queues: vec![QUEUE.to_owned()],
            tools,
            tenants: Some(vec![caller.tenant.to_string()]),
            max: max.unwrap_or(1).clamp(1, MAX_TASKS),
            lease: Duration::from_secs(lease_s.unwrap_or(LEASE_S).min(MAX_LEASE_S)),
            max_priority: self.policy.max_priority(&caller.tenant),
        };
        let end = tokio::time::Instant::now() + Duration::from_secs(wait_s.unwrap_or(0).min(MAX_WAIT_S).into());
        let mut wakeups = self.tasks.wakeups();
        loop {
            let leased = self.tasks.claim(claim.clone()).await?;
            if !leased.is_empty() {
                let tasks: Vec<_> = leased.into_iter().map(shown).collect();
                return Ok(json!({"tasks": tasks}));
            }
            match tokio::time::timeout_at(end, wakeups.changed()).await {
                Ok(changed) => changed?,
                Err(_) => return Ok(json!({"tasks": []})),
            }
        }
    }

    /// The lease of a task that this caller has.
    async fn lease(&self, caller: &Caller, text: &str, fence: u64) -> Result<LeaseRef, P2pError> {
        self.may_work(caller)?;
        let found = find_task(&self.tasks, caller, text).await?;
        if found.row.worker.as_deref() != Some(&*worker(caller)) {
            return Err(P2pError::StaleFence(
                "you do not hold the lease of this task; `p2p_taskqueue_claim` gives one".to_owned(),
            ));
        }
        Ok(LeaseRef { id: id::<TaskId>(text)?, fence })
    }

    pub(super) async fn heartbeat(&self, caller: &Caller, text: &str, fence: u64, progress: Option<&str>) -> Answer {
        let progress: Option<Report> = progress.map(read).transpose()?;
        let progress = progress.map(|p| Progress { current: p.current, total: p.total, message: p.message });
        let lease = self.lease(caller, text, fence).await?;
        let beats = self.tasks.heartbeat(&worker(caller), vec![(lease, progress)]).await?;
        let (until, cancelled) = match beats.into_iter().next() {
            Some(Beat::Extended { until }) => (until, false),
            Some(Beat::CancelRequested { until, .. }) => (until, true),
            Some(Beat::Expired) => return Err(expired()),
            Some(Beat::Stale) | None => return Err(stale(fence)),
        };
        Ok(json!({"lease_expires_at": rfc3339(until), "cancelled": cancelled}))
    }

    pub(super) async fn finish(&self, caller: &Caller, text: &str, fence: u64, outcome: &str) -> Answer {
        let Handed { outcome, result, error, code } = read(outcome)?;
        if outcome != OutcomeKind::Ok && result.is_some() {
            return Err(P2pError::InvalidArgument("a `result` comes with the outcome `ok` alone".to_owned()));
        }
        let lease = self.lease(caller, text, fence).await?;
        let outcome = match outcome.without_result(code, FailureCode::Failed, error) {
            Some(outcome) => outcome,
            None => self.done(result.unwrap_or_default()).await?,
        };
        let finished = self.tasks.finish(&worker(caller), vec![(lease, outcome)]).await?;
        match finished.into_iter().next() {
            Some(Finish::Applied { state: now, run_at }) => {
                Ok(without_nulls(json!({"state": state(now), "run_at": run_at.map(rfc3339)})))
            }
            Some(Finish::AlreadyDone { state: now, .. }) => Ok(json!({"state": state(now)})),
            Some(Finish::Expired) => Err(expired()),
            Some(Finish::Stale) | None => Err(stale(fence)),
        }
    }

    /// A result in its canonical form, by its content id where it is large.
    async fn done(&self, result: Value) -> Result<Outcome, P2pError> {
        let text = result.to_string();
        let most = self.max_result;
        if text.len() > most {
            return Err(P2pError::LimitExceeded(format!(
                "the result has {} bytes, over the limit of {most} (p2p.task-queue.max-result)",
                text.len()
            )));
        }
        if text.len() <= MAX_RESULT {
            return Ok(Outcome::done(text));
        }
        // It takes milliseconds, which the network should not wait for.
        let named = self.general.spawn_blocking(move || {
            let text = String::from_utf8(tandem_types::canonical_json(&result)).map_err(|error| error.to_string())?;
            Ok::<_, String>(Outcome::done(text))
        });
        named.await.map_err(|error| P2pError::Other(error.to_string()))?.map_err(P2pError::Other)
    }
}

fn shown(task: Leased) -> Value {
    let arguments: Value = serde_json::from_str(&task.arguments).unwrap_or_else(|_| Value::Object(Map::new()));
    without_nulls(json!({
        "task_id": task.lease.id.to_string(),
        "fence": task.lease.fence,
        "tool": task.tool,
        "arguments": arguments,
        "priority": task.priority,
        "attempt": task.attempt,
        "max_attempts": task.max_attempts,
        "timeout_s": task.timeout_s,
        "lease_s": task.lease_for.as_secs(),
        "lease_expires_at": rfc3339(task.until),
        "traceparent": task.trace,
        "workflow_id": task.step.as_ref().map(|step| step.workflow.to_string()),
        "step": task.step.map(|step| step.step),
    }))
}

fn expired() -> P2pError {
    P2pError::LeaseExpired("the lease ended before; the task runs again, or is over".to_owned())
}

fn stale(fence: u64) -> P2pError {
    P2pError::StaleFence(format!("the fence {fence} is not that of the task's lease now"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    current: u64,
    total: Option<u64>,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Handed {
    outcome: OutcomeKind,
    result: Option<Value>,
    error: Option<String>,
    code: Option<FailureCode>,
}
