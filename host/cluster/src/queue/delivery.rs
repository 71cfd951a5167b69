//! Delivery of outcomes of tasks that are in another host's queue.
//!
//! **Promises.** An outcome that its host does not take at once is kept on disk, also over a restart of this host, and delivered until
//! the host has taken it, or says that it takes it no more: the fence is stale or the lease is over. **Bounds.** Those of
//! [`tandem_queue::MAX_OUTCOMES`] and its like; [`AT_ONCE`] hosts at a time, each one outcome after the other.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use libp2p::PeerId;
use tandem_queue::{KeptOutcome, LeaseRef, MAX_AGE, Outbox, Outcome, SqliteTasks, TaskStore as _};
use tandem_reactor::rpc::RpcError;
use tandem_store::Store;
use tokio::sync::Notify;

use super::lease_client::LeaseClient;
use crate::peers::PeerDirectory;

/// How long a host has to take an outcome before it is kept: a host that answers does so in a round trip, and what is not on disk
/// is lost where this host stops.
const SOON: Duration = Duration::from_secs(1);
/// Between two tries to deliver to a host that did not take its outcomes.
const PAUSE: Duration = Duration::from_secs(1);
/// Hosts that are delivered to at a time: one that does not answer holds up few others.
const AT_ONCE: usize = 8;

/// See the module.
pub(super) struct OutcomeDelivery {
    client: Arc<LeaseClient>,
    peers: Arc<PeerDirectory>,
    /// Whose clock counts.
    tasks: SqliteTasks,
    store: Store,
    /// An outcome waits for its host.
    undelivered: Notify,
}

impl OutcomeDelivery {
    pub(super) fn new(client: Arc<LeaseClient>, peers: Arc<PeerDirectory>, tasks: SqliteTasks, store: Store) -> Self {
        Self { client, peers, tasks, store, undelivered: Notify::new() }
    }

    fn outbox(&self) -> Outbox<'_> {
        Outbox::new(&self.store)
    }

    /// Delivers an outcome, or keeps it until that can be done.
    pub(super) async fn deliver(&self, peer: PeerId, lease: LeaseRef, outcome: Outcome) {
        let mut trying = std::pin::pin!(self.client.finish(peer, lease, outcome.clone()));
        let (done, mut kept) = match tokio::time::timeout(SOON, &mut trying).await {
            Ok(done) => (done, false),
            Err(_) => {
                let kept = self.keep(peer, lease, &outcome).await;
                (trying.await, kept)
            }
        };
        match done {
            Err(error) if error.is_transport() => {
                kept = kept || self.keep(peer, lease, &outcome).await;
                tracing::info!(%peer, task = %lease.id, %error, kept, "task outcome could not be delivered");
                self.undelivered.notify_one();
            }
            done => {
                log_rejection(peer, lease, &done);
                if kept {
                    self.forget(&peer.to_string(), lease).await;
                }
            }
        }
    }

    /// A task that goes back to its queue does so in any case, when its lease ends.
    async fn keep(&self, peer: PeerId, lease: LeaseRef, outcome: &Outcome) -> bool {
        if matches!(outcome, Outcome::Release | Outcome::Snooze(_)) {
            return false;
        }
        let kept = KeptOutcome { host: peer.to_string(), lease, kept_at: self.tasks.now() };
        let done = self.outbox().keep(kept, outcome).await;
        done.inspect_err(|error| {
            tracing::warn!(%peer, task = %lease.id, %error, "cannot store a task outcome; the task may run again");
        })
        .is_ok()
    }

    async fn forget(&self, host: &str, lease: LeaseRef) {
        if let Err(error) = self.outbox().forget(host, lease).await {
            tracing::warn!(task = %lease.id, %error, "cannot delete a delivered outcome; it will be delivered again");
        }
    }

    /// Delivers what is kept, until it is dropped. It begins with what was kept before this host started.
    pub(super) async fn run(&self) {
        loop {
            let kept = self.outbox().all().await.unwrap_or_else(|error| {
                tracing::error!(%error, "cannot read stored outcomes");
                Vec::new()
            });
            metrics::gauge!("tandem_p2p_outcomes_kept").set(kept.len() as f64);
            let waits = !kept.is_empty();
            let mut hosts: BTreeMap<String, Vec<KeptOutcome>> = BTreeMap::new();
            for kept in kept {
                hosts.entry(kept.host.clone()).or_default().push(kept);
            }
            stream::iter(hosts).for_each_concurrent(AT_ONCE, |(host, kept)| self.deliver_kept(host, kept)).await;
            if !waits {
                self.undelivered.notified().await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Delivers what is kept for one host, as long as it takes it.
    async fn deliver_kept(&self, host: String, kept: Vec<KeptOutcome>) {
        let now = self.tasks.now();
        let peer = host.parse::<PeerId>().ok();
        for KeptOutcome { lease, kept_at, .. } in kept {
            if now.since(kept_at) > MAX_AGE || peer.is_none() {
                tracing::warn!(host, task = %lease.id, "task outcome dropped: its host did not return");
                self.forget(&host, lease).await;
                continue;
            }
            let Some(peer) = peer.filter(|peer| self.peers.network.is_connected(peer)) else { continue };
            let outcome = match self.outbox().get(&host, lease).await {
                Ok(Some(outcome)) => outcome,
                Ok(None) => {
                    self.forget(&host, lease).await;
                    continue;
                }
                Err(_) => return,
            };
            match self.client.finish(peer, lease, outcome).await {
                Err(error) if error.is_transport() => return,
                done => {
                    if done.is_ok() {
                        tracing::info!(%peer, task = %lease.id, "task outcome delivered late");
                    }
                    log_rejection(peer, lease, &done);
                    self.forget(&host, lease).await;
                }
            }
        }
    }
}

fn log_rejection(peer: PeerId, lease: LeaseRef, done: &Result<(), RpcError>) {
    if let Err(error) = done {
        tracing::warn!(%peer, task = %lease.id, %error, "task outcome rejected");
    }
}
