//! Tasks between hosts. The host whose queue it is keeps the task; the one that runs it claims, renews and hands in, each time
//! with the fence.
//!
//! | Message | What |
//! |---|---|
//! | `tasks/offer` (notification) | there may be something to claim |
//! | `tasks/claim` | `{tools, max, lease_s}` → `{tasks: [{id, fence, tool, arguments, attempt, timeout_s, lease_s, traceparent?, …}]}` |
//! | `tasks/renew` | `{leases: [{id, fence, progress?}]}` → `{leases: [{state, reason?}]}`, in their order |
//! | `tasks/finish` | `{id, fence, outcome, result?, kept?, error?, code?}` → `{state}`, or `stale_fence`, `lease_expired` |
//! | `tasks/renew-now` (notification) | `{id, fence}`: renew this lease now, there is news |
//!
//! Arguments of a task and results that are too large for a message are named in it, as `{cid, bytes}` under `kept`; see
//! [`super::contents`].
//!
//! A claim gets tasks of every tenant where the operator lets in only peers of his choice, and of one tenant alone where he made
//! the peer a tenant of its own (`p2p.tenants`) or the claim shows a token of one: no task of a higher priority than that tenant
//! may have (`max-priority`). In an open network it gets none.

use std::{sync::Arc, time::Duration};

use libp2p::PeerId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use tandem_config::Admission;
use tandem_queue::{
    Beat, ClaimReq, FailureCode, Finish, LeaseRef, Leased, MAX_ARGUMENTS, MAX_BATCH, Outcome, Progress, TaskFailure,
    TaskResult, TaskState, TaskStore, Timestamp,
};
use tandem_reactor::{
    rpc::{PeerRpc as _, REQUEST, RpcError},
    trust::Conduct,
};

use super::{
    Ending, LEASE, QUEUE, Trust,
    contents::{self, Named, PART},
    worker,
};
use crate::core::Core;

/// Tasks of one claim: their arguments must fit a frame.
pub(super) const MAX_TASKS: u32 = 3;
/// How long a peer may take to answer about tasks. It only looks into its store; who takes longer holds up a place here, or
/// leases that end in 30 s.
const ANSWER: Duration = Duration::from_secs(5);

/// Tells the host that runs a task to renew its lease now.
pub(super) fn renew_now(core: &Core, peer: PeerId, lease: LeaseRef) {
    core.links.tell(peer, "tasks/renew-now", object(&lease));
}

fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn read<T: DeserializeOwned>(params: Map<String, Value>) -> Result<T, RpcError> {
    serde_json::from_value(Value::Object(params)).map_err(|error| RpcError::invalid(error.to_string()))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    tools: Vec<String>,
    max: u32,
    lease_s: u64,
}

#[derive(Serialize, Deserialize)]
struct Task {
    #[serde(flatten)]
    lease: LeaseRef,
    tool: String,
    #[serde(default)]
    arguments: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<Named>,
    priority: u8,
    attempt: u32,
    max_attempts: u32,
    timeout_s: u32,
    lease_s: u64,
    /// The W3C trace context within which it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Tasks {
    tasks: Vec<Task>,
}

#[derive(Serialize, Deserialize)]
struct Renewal {
    #[serde(flatten)]
    lease: LeaseRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<Progress>,
}

#[derive(Serialize, Deserialize)]
struct Renewals {
    leases: Vec<Renewal>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Lease {
    Extended {
        until: Timestamp,
    },
    Cancelled {
        until: Timestamp,
        reason: String,
    },
    #[serde(rename = "lease_expired")]
    Expired,
    #[serde(rename = "stale_fence")]
    Stale,
}

#[derive(Serialize, Deserialize)]
struct Finished {
    #[serde(flatten)]
    lease: LeaseRef,
    outcome: Ending,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<Named>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The kind of the error. Older hosts do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<FailureCode>,
}

// What a peer asks of this host's queue.

/// A peer claims what it is trusted with: of one tenant where it speaks for that one alone, up to a priority.
pub(crate) async fn claim_for(
    core: &Core,
    peer: PeerId,
    (tenant, max_priority): (Option<String>, u8),
    params: Map<String, Value>,
) -> Result<Value, RpcError> {
    let Claim { tools, max, lease_s } = read(params)?;
    core.queue.claims.note(peer, Trust::With { tenant: tenant.clone(), max_priority });
    let (name, chosen) = (peer.to_string(), core.settings.network.admission != Admission::Open);
    let claim = ClaimReq {
        worker: name.clone(),
        peer: Some(name),
        queues: vec![QUEUE.to_owned()],
        tools,
        tenants: tenant.map(|tenant| vec![tenant]),
        max: max.min(MAX_TASKS),
        lease: Duration::from_secs(lease_s),
        max_priority,
    };
    if !chosen {
        return Err(RpcError::new(-32002, "unauthorized", "in an open network, tasks are given to nobody"));
    }
    let leased = core.queue.tasks.claim(claim).await.map_err(|error| RpcError::unavailable(error.to_string()))?;
    let kept = |arguments: &str| {
        let named = (arguments.len() > PART).then(|| Named::of(arguments));
        // Where there is no room to lend it, the peer hands the task back.
        named.inspect(|named| _ = core.queue.lent.lend(peer, *named, arguments))
    };
    let tasks = leased.into_iter().map(|task| (kept(&task.arguments), task)).map(|(kept, task)| Task {
        lease: task.lease,
        arguments: match kept {
            None => serde_json::from_str(&task.arguments).unwrap_or_default(),
            Some(_) => Value::Null,
        },
        kept,
        tool: task.tool,
        priority: task.priority,
        attempt: task.attempt,
        max_attempts: task.max_attempts,
        timeout_s: task.timeout_s,
        lease_s: task.lease_for.as_secs(),
        traceparent: task.trace,
    });
    Ok(Value::Object(object(&Tasks { tasks: tasks.collect() })))
}

/// A peer renews its leases.
pub(crate) async fn renew_for(core: &Core, peer: PeerId, params: Map<String, Value>) -> Result<Value, RpcError> {
    let Renewals { leases } = read(params)?;
    if leases.len() > MAX_BATCH {
        return Err(RpcError::limited(format!("at most {MAX_BATCH} leases in one message")));
    }
    let beats = leases.into_iter().map(|renewal| (renewal.lease, renewal.progress)).collect();
    let beats = core.queue.tasks.heartbeat(&peer.to_string(), beats).await;
    let beats = beats.map_err(|error| RpcError::unavailable(error.to_string()))?;
    let leases: Vec<_> = beats
        .into_iter()
        .map(|beat| match beat {
            Beat::Extended { until } => Lease::Extended { until },
            Beat::CancelRequested { until, reason } => Lease::Cancelled { until, reason },
            Beat::Expired => Lease::Expired,
            Beat::Stale => Lease::Stale,
        })
        .collect();
    Ok(json!({"leases": leases}))
}

/// A peer hands an outcome in.
pub(crate) async fn finish_for(core: &Core, peer: PeerId, params: Map<String, Value>) -> Result<Value, RpcError> {
    let Finished { lease, outcome, result, kept, error, code } = read(params)?;
    let result = match kept {
        None => TaskResult::Inline(result.unwrap_or_default().to_string()),
        Some(named) => TaskResult::Cid(named.cid.to_string()),
    };
    let outcome = match outcome.without_result(code, FailureCode::Unknown, error) {
        Some(outcome) => outcome,
        None => match kept {
            // One that has the lease no more only hears what came of it.
            Some(named) if holds(core, peer, lease).await? => {
                let content = contents::fetch(core, peer, named, core.settings.max_result).await?;
                Outcome::Kept { cid: named.cid.to_string(), content }
            }
            _ => Outcome::Ok(result),
        },
    };
    let done = core.queue.tasks.finish(&peer.to_string(), vec![(lease, outcome)]).await;
    match done.map_err(|error| RpcError::invalid(error.to_string()))?.pop() {
        Some(Finish::Applied { state, .. }) => {
            if state == TaskState::Succeeded {
                core.report(peer, Conduct::Completion);
            }
            Ok(json!({"state": state}))
        }
        Some(Finish::AlreadyDone { state, .. }) => Ok(json!({"state": state})),
        Some(Finish::Expired) => {
            Err(RpcError::new(-32010, "lease_expired", "the lease ended before; the task runs again"))
        }
        Some(Finish::Stale) | None => {
            Err(RpcError::new(-32011, "stale_fence", "another worker has the task now, or it is gone"))
        }
    }
}

/// Whether a peer has this lease. It is renewed by this.
async fn holds(core: &Core, peer: PeerId, lease: LeaseRef) -> Result<bool, RpcError> {
    let beats = core.queue.tasks.heartbeat(&peer.to_string(), vec![(lease, None)]).await;
    let beat = beats.map_err(|error| RpcError::unavailable(error.to_string()))?.pop();
    Ok(matches!(beat, Some(Beat::Extended { .. } | Beat::CancelRequested { .. })))
}

/// A peer says that there is news of a lease of ours.
pub(crate) fn renew_now_asked(core: &Arc<Core>, peer: PeerId, params: Map<String, Value>) {
    if let Ok(lease) = read::<LeaseRef>(params)
        && core.queue.running().get(&lease).is_some_and(|running| running.of == Some(peer))
    {
        worker::renew_now(core, lease);
    }
}

// What this host asks of a peer's queue.

pub(super) async fn claim(core: &Core, peer: PeerId, tools: Vec<String>, max: u32) -> Result<Vec<Leased>, RpcError> {
    if tools.is_empty() {
        return Ok(Vec::new());
    }
    let params = object(&Claim { tools: tools.clone(), max: max.min(MAX_TASKS), lease_s: LEASE.as_secs() });
    let answer = core.links.ask(peer, "tasks/claim", params, ANSWER).await?;
    let Tasks { tasks } = serde_json::from_value(answer).map_err(|error| RpcError::invalid(error.to_string()))?;
    let now = core.queue.tasks.now();
    // Whatever a peer answers, no more is run than there are places, and nothing that was not asked for.
    let fits = tasks.into_iter().filter(|task| tools.contains(&task.tool)).take(max.min(MAX_TASKS) as usize);
    let mut leased = Vec::new();
    for task in fits {
        let arguments = match task.kept {
            None => task.arguments.to_string(),
            Some(named) => match contents::fetch(core, peer, named, MAX_ARGUMENTS).await {
                Ok(arguments) => arguments,
                Err(error) => {
                    tracing::warn!(%peer, task = %task.lease.id, %error, "task arguments unavailable; releasing the task");
                    drop(finish(core, peer, task.lease, Outcome::Release).await);
                    continue;
                }
            },
        };
        leased.push(Leased {
            lease: task.lease,
            tenant: String::new(),
            subject: String::new(),
            queue: QUEUE.to_owned(),
            tool: task.tool,
            arguments,
            priority: task.priority,
            attempt: task.attempt,
            max_attempts: task.max_attempts,
            timeout_s: task.timeout_s,
            until: now.plus(Duration::from_secs(task.lease_s)),
            lease_for: Duration::from_secs(task.lease_s),
            step: None,
            trace: task.traceparent,
        });
    }
    Ok(leased)
}

pub(super) async fn renew(
    core: &Core,
    peer: PeerId,
    beats: Vec<(LeaseRef, Option<Progress>)>,
) -> Result<Vec<Beat>, RpcError> {
    let leases = beats.into_iter().map(|(lease, progress)| Renewal { lease, progress }).collect();
    let answer = core.links.ask(peer, "tasks/renew", object(&Renewals { leases }), ANSWER).await;
    let leases: Vec<Lease> = serde_json::from_value(answer?.get_mut("leases").map(Value::take).unwrap_or_default())
        .map_err(|error| RpcError::invalid(error.to_string()))?;
    let beat = |lease| match lease {
        Lease::Extended { until } => Beat::Extended { until },
        Lease::Cancelled { until, reason } => Beat::CancelRequested { until, reason },
        Lease::Expired => Beat::Expired,
        Lease::Stale => Beat::Stale,
    };
    Ok(leases.into_iter().map(beat).collect())
}

/// Hands an outcome in. It may be sent again after a lost answer: the fence makes the second one harmless.
pub(super) async fn finish(core: &Core, peer: PeerId, lease: LeaseRef, outcome: Outcome) -> Result<(), RpcError> {
    let (mut result, mut kept, mut failure) = (None, None, None);
    let outcome = match outcome {
        Outcome::Ok(TaskResult::Inline(text)) => {
            result = serde_json::from_str(&text).ok();
            Ending::Ok
        }
        Outcome::Ok(TaskResult::Cid(cid)) => {
            failure = Some(TaskFailure::new(FailureCode::BadOutput, format!("the result {cid} is not here")));
            Ending::Fatal
        }
        Outcome::Kept { cid, content } => {
            let cid = cid.parse().map_err(|error| RpcError::invalid(format!("`{cid}`: {error}")))?;
            let named = Named { cid, bytes: content.len() };
            if !core.queue.lent.lend(peer, named, &content) {
                return Err(RpcError::unavailable("too many large results wait to be fetched"));
            }
            kept = Some(named);
            Ending::Ok
        }
        Outcome::Retry { failure: why, .. } => {
            failure = Some(why);
            Ending::Retry
        }
        Outcome::Fatal { failure: why } => {
            failure = Some(why);
            Ending::Fatal
        }
        Outcome::Snooze(_) | Outcome::Release => Ending::Release,
    };
    let (error, code) = failure.map(|failure| (failure.message, failure.code)).unzip();
    let params = object(&Finished { lease, outcome, result, kept, error, code });
    let patience = kept.map_or(REQUEST, |named| named.patience());
    let done = core.links.ask(peer, "tasks/finish", params, patience).await;
    if let Some(named) = kept {
        core.queue.lent.take_back(peer, named.cid);
    }
    done.map(drop)
}
