//! What a peer asks of this host's queue.
//!
//! A claim gets tasks of every tenant where the operator lets in only peers of his choice, and of one tenant alone where he made
//! the peer a tenant of its own (`p2p.tenants`) or the claim shows a token of one: no task of a higher priority than that tenant
//! may have (`max-priority`). In an open network it gets none.
//!
//! **Promises.** The queue is the only judge of leases and fences: a stale fence is refused, and an outcome counts once.

use std::{sync::Arc, time::Duration};

use libp2p::PeerId;
use serde_json::{Map, Value, json};
use tandem_queue::{
    Beat, ClaimReq, FailureCode, Finish, LeaseRef, Leased, MAX_BATCH, Outcome, SqliteTasks, TaskResult, TaskState,
    TaskStore as _,
};
use tandem_reactor::{rpc::RpcError, trust::Conduct};

use super::{
    blobs::{BlobRef, Blobs, PART},
    claims::{ClaimNotes, Trust},
    messages::{Claim, Finished, LeaseState, MAX_TASKS, Renewals, Task, Tasks, from_params, to_params},
};
use crate::{
    limits::QUEUE,
    peers::{PeerDirectory, TaskPolicy},
};

/// See the module.
pub(crate) struct LeaseServer {
    pub(super) tasks: SqliteTasks,
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) policy: Arc<TaskPolicy>,
    pub(super) blobs: Arc<Blobs>,
    pub(super) claims: Arc<ClaimNotes>,
    /// Bytes of a task's result.
    pub(super) max_result: usize,
}

fn unavailable(error: impl std::fmt::Display) -> RpcError {
    RpcError::unavailable(error.to_string())
}

impl LeaseServer {
    /// A peer claims what it is trusted with: of one tenant where it speaks for that one alone, up to a priority.
    pub(crate) async fn claim(
        &self,
        peer: PeerId,
        (tenant, max_priority): (Option<String>, u8),
        params: Map<String, Value>,
    ) -> Result<Value, RpcError> {
        let Claim { tools, max, lease_s } = from_params(params)?;
        self.claims.record(peer, Trust::With { tenant: tenant.clone(), max_priority });
        if !self.policy.leases_to_peers() {
            return Err(RpcError::new(-32002, "unauthorized", "in an open network, tasks are not leased to peers"));
        }
        let name = peer.to_string();
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
        let leased = self.tasks.claim(claim).await.map_err(unavailable)?;
        let tasks = leased.into_iter().map(|task| self.task_message(peer, task)).collect();
        Ok(Value::Object(to_params(&Tasks { tasks })))
    }

    /// A claim of a peer was refused before it came here.
    pub(crate) fn claim_refused(&self, peer: PeerId) {
        self.claims.record(peer, Trust::Refused);
    }

    fn task_message(&self, peer: PeerId, task: Leased) -> Task {
        let blob = (task.arguments.len() > PART).then(|| BlobRef::of(&task.arguments));
        // Where there is no room to export it, the peer hands the task back.
        let kept = blob.inspect(|blob| _ = self.blobs.exports.grant(peer, *blob, &task.arguments));
        Task {
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
            access: task.access,
        }
    }

    /// A peer renews its leases.
    pub(crate) async fn renew(&self, peer: PeerId, params: Map<String, Value>) -> Result<Value, RpcError> {
        let Renewals { leases } = from_params(params)?;
        if leases.len() > MAX_BATCH {
            return Err(RpcError::limited(format!("at most {MAX_BATCH} leases in one message")));
        }
        let beats = leases.into_iter().map(|renewal| (renewal.lease, renewal.progress)).collect();
        let beats = self.tasks.heartbeat(&peer.to_string(), beats).await.map_err(unavailable)?;
        let leases: Vec<_> = beats.into_iter().map(LeaseState::from).collect();
        Ok(json!({"leases": leases}))
    }

    /// A peer hands an outcome in.
    pub(crate) async fn finish(&self, peer: PeerId, params: Map<String, Value>) -> Result<Value, RpcError> {
        let Finished { lease, outcome, result, kept, error, code } = from_params(params)?;
        let result = match kept {
            None => TaskResult::Inline(result.unwrap_or_default().to_string()),
            Some(blob) => TaskResult::Cid(blob.cid.to_string()),
        };
        let outcome = match outcome.without_result(code, FailureCode::Unknown, error) {
            Some(outcome) => outcome,
            None => match kept {
                // One that has the lease no more only hears what came of it.
                Some(blob) if self.holds(peer, lease).await? => {
                    let content = self.blobs.fetch(peer, blob, self.max_result).await?;
                    Outcome::Kept { cid: blob.cid.to_string(), content }
                }
                _ => Outcome::Ok(result),
            },
        };
        let done = self.tasks.finish(&peer.to_string(), vec![(lease, outcome)]).await;
        match done.map_err(|error| RpcError::invalid(error.to_string()))?.pop() {
            Some(Finish::Applied { state, .. }) => {
                if state == TaskState::Succeeded {
                    self.peers.report(peer, Conduct::Completion);
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
    async fn holds(&self, peer: PeerId, lease: LeaseRef) -> Result<bool, RpcError> {
        let beats = self.tasks.heartbeat(&peer.to_string(), vec![(lease, None)]).await;
        let beat = beats.map_err(unavailable)?.pop();
        Ok(matches!(beat, Some(Beat::Extended { .. } | Beat::CancelRequested { .. })))
    }

    /// A peer reads a part of what was granted to it.
    pub(crate) fn read(&self, peer: PeerId, params: Map<String, Value>) -> Result<Value, RpcError> {
        self.blobs.exports.read(peer, params)
    }
}
