//! What this host asks of a peer's queue.
//!
//! **Promises.** Whatever a peer answers, no more is taken than was asked for, and nothing else.

use std::{sync::Arc, time::Duration};

use libp2p::PeerId;
use serde_json::Value;
use tandem_queue::{
    Beat, FailureCode, LeaseRef, Leased, MAX_ARGUMENTS, Outcome, Progress, SqliteTasks, TaskFailure, TaskResult,
    TaskStore as _, Timestamp,
};
use tandem_reactor::rpc::{PeerRpc as _, REQUEST, RpcError};

use super::{
    blobs::{BlobRef, Blobs},
    messages::{Claim, Finished, LeaseState, MAX_TASKS, Renewal, Renewals, Task, Tasks, from_value, to_params},
    outcome::OutcomeKind,
};
use crate::{
    limits::{LEASE, QUEUE},
    peers::PeerDirectory,
};

/// How long a peer may take to answer about tasks. It only looks into its store; who takes longer holds up a slot here, or
/// leases that end in 30 s.
const ANSWER: Duration = Duration::from_secs(5);

/// See the module.
pub(super) struct LeaseClient {
    /// Whose clock counts.
    pub(super) tasks: SqliteTasks,
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) blobs: Arc<Blobs>,
}

impl LeaseClient {
    /// Claims tasks of these tools.
    pub(super) async fn claim(&self, peer: PeerId, tools: Vec<String>, max: u32) -> Result<Vec<Leased>, RpcError> {
        if tools.is_empty() {
            return Ok(Vec::new());
        }
        let max = max.min(MAX_TASKS);
        let params = to_params(&Claim { tools: tools.clone(), max, lease_s: LEASE.as_secs() });
        let answer = self.peers.links.ask(peer, "tasks/claim", params, ANSWER).await?;
        let Tasks { tasks } = from_value(answer)?;
        let now = self.tasks.now();
        let fits = tasks.into_iter().filter(|task| tools.contains(&task.tool)).take(max as usize);
        let mut leased = Vec::new();
        for task in fits {
            match self.arguments(peer, &task).await {
                Ok(arguments) => leased.push(self::leased(task, arguments, now)),
                Err(error) => {
                    tracing::warn!(%peer, task = %task.lease.id, %error, "task arguments unavailable; releasing the task");
                    drop(self.finish(peer, task.lease, Outcome::Release).await);
                }
            }
        }
        Ok(leased)
    }

    async fn arguments(&self, peer: PeerId, task: &Task) -> Result<String, RpcError> {
        match task.kept {
            None => Ok(task.arguments.to_string()),
            Some(blob) => self.blobs.fetch(peer, blob, MAX_ARGUMENTS).await,
        }
    }

    /// Renews leases; the answers are in their order.
    pub(super) async fn renew(
        &self,
        peer: PeerId,
        beats: Vec<(LeaseRef, Option<Progress>)>,
    ) -> Result<Vec<Beat>, RpcError> {
        let leases = beats.into_iter().map(|(lease, progress)| Renewal { lease, progress }).collect();
        let answer = self.peers.links.ask(peer, "tasks/renew", to_params(&Renewals { leases }), ANSWER).await;
        let states: Vec<LeaseState> = from_value(answer?.get_mut("leases").map(Value::take).unwrap_or_default())?;
        Ok(states.into_iter().map(Beat::from).collect())
    }

    /// Tells the host that runs a task to renew its lease now.
    pub(super) fn renew_now(&self, peer: PeerId, lease: LeaseRef) {
        self.peers.links.tell(peer, "tasks/renew-now", to_params(&lease));
    }

    /// Hands an outcome in. It may be sent again after a lost answer: the fence makes the second one harmless.
    pub(super) async fn finish(&self, peer: PeerId, lease: LeaseRef, outcome: Outcome) -> Result<(), RpcError> {
        let message = self.finished(peer, lease, outcome)?;
        let timeout = message.kept.map_or(REQUEST, |blob| blob.timeout());
        let done = self.peers.links.ask(peer, "tasks/finish", to_params(&message), timeout).await;
        if let Some(blob) = message.kept {
            self.blobs.exports.revoke(peer, blob.cid);
        }
        done.map(drop)
    }

    /// The message of an outcome; a large result may be read by the peer from now on.
    fn finished(&self, peer: PeerId, lease: LeaseRef, outcome: Outcome) -> Result<Finished, RpcError> {
        let (mut result, mut kept, mut failure) = (None, None, None);
        let outcome = match outcome {
            Outcome::Ok(TaskResult::Inline(text)) => {
                result = serde_json::from_str(&text).ok();
                OutcomeKind::Ok
            }
            Outcome::Ok(TaskResult::Cid(cid)) => {
                failure = Some(TaskFailure::new(FailureCode::BadOutput, format!("the result {cid} is not here")));
                OutcomeKind::Fatal
            }
            Outcome::Kept { cid, content } => {
                let cid = cid.parse().map_err(|error| RpcError::invalid(format!("`{cid}`: {error}")))?;
                let blob = BlobRef { cid, bytes: content.len() };
                if !self.blobs.exports.grant(peer, blob, &content) {
                    return Err(RpcError::unavailable("too many large results wait to be fetched"));
                }
                kept = Some(blob);
                OutcomeKind::Ok
            }
            Outcome::Retry { failure: why, .. } => {
                failure = Some(why);
                OutcomeKind::Retry
            }
            Outcome::Fatal { failure: why } => {
                failure = Some(why);
                OutcomeKind::Fatal
            }
            Outcome::Snooze(_) | Outcome::Release => OutcomeKind::Release,
        };
        let (error, code) = failure.map(|failure| (failure.message, failure.code)).unzip();
        Ok(Finished { lease, outcome, result, kept, error, code })
    }
}

/// A task of a peer as if it were leased from the own queue.
fn leased(task: Task, arguments: String, now: Timestamp) -> Leased {
    let lease_for = Duration::from_secs(task.lease_s);
    Leased {
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
        until: now.plus(lease_for),
        lease_for,
        step: None,
        trace: task.traceparent,
        access: task.access,
    }
}
