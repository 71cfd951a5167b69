//! Handing in what came of tasks that are in another host's queue.
//!
//! **Promises.** An outcome that its host does not take at once is kept on disk, also over a restart of this host, and handed in until
//! the host has taken it, or says that it takes it no more: the fence is stale or the lease is over. **Bounds.** Those of
//! [`tandem_queue::MAX_OUTCOMES`] and its like; [`AT_ONCE`] hosts are told at a time, each one outcome after the other.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt as _, stream};
use libp2p::PeerId;
use tandem_queue::{KeptOutcome, LeaseRef, MAX_AGE, Outbox, Outcome, TaskStore as _};
use tandem_reactor::rpc::RpcError;

use super::remote;
use crate::core::Core;

/// How long a host has to take an outcome before it is kept: a host that answers does so in a round trip, and what is not on disk
/// is lost where this host ends.
const SOON: Duration = Duration::from_secs(1);
/// Between two looks whether a host that did not take its outcomes is there again.
const PAUSE: Duration = Duration::from_secs(1);
/// Hosts that are told at a time: one that does not answer holds up few others.
const AT_ONCE: usize = 8;

/// Hands an outcome in, or keeps it until that can be done.
pub(super) async fn hand_in(core: &Core, peer: PeerId, lease: LeaseRef, outcome: Outcome) {
    let mut trying = std::pin::pin!(remote::finish(core, peer, lease, outcome.clone()));
    let (done, mut kept) = match tokio::time::timeout(SOON, &mut trying).await {
        Ok(done) => (done, false),
        Err(_) => {
            let kept = keep(core, peer, lease, &outcome).await;
            (trying.await, kept)
        }
    };
    match done {
        Err(error) if error.is_transport() => {
            kept = kept || keep(core, peer, lease, &outcome).await;
            tracing::info!(%peer, task = %lease.id, %error, kept, "task outcome could not be delivered");
            core.queue.undelivered.notify_one();
        }
        done => {
            settled(peer, lease, &done);
            if kept {
                forget(core, &peer.to_string(), lease).await;
            }
        }
    }
}

fn settled(peer: PeerId, lease: LeaseRef, done: &Result<(), RpcError>) {
    if let Err(error) = done {
        tracing::warn!(%peer, task = %lease.id, %error, "task outcome rejected");
    }
}

/// A task that goes back to its queue does so in any case, when its lease ends.
async fn keep(core: &Core, peer: PeerId, lease: LeaseRef, outcome: &Outcome) -> bool {
    if matches!(outcome, Outcome::Release | Outcome::Snooze(_)) {
        return false;
    }
    let kept = KeptOutcome { host: peer.to_string(), lease, kept_at: core.queue.tasks.now() };
    let done = Outbox::new(core.store()).keep(kept, outcome).await;
    done.inspect_err(|error| {
        tracing::warn!(%peer, task = %lease.id, %error, "cannot store a task outcome; the task may run again");
    })
    .is_ok()
}

async fn forget(core: &Core, host: &str, lease: LeaseRef) {
    if let Err(error) = Outbox::new(core.store()).forget(host, lease).await {
        tracing::warn!(task = %lease.id, %error, "cannot delete a delivered outcome; it will be delivered again");
    }
}

/// Hands in what is kept, until it is dropped. It begins with what was kept before this host started.
pub(super) async fn handing(core: &Core) {
    loop {
        let kept = Outbox::new(core.store()).all().await.unwrap_or_else(|error| {
            tracing::error!(%error, "cannot read stored outcomes");
            Vec::new()
        });
        metrics::gauge!("tandem_p2p_outcomes_kept").set(kept.len() as f64);
        let waits = !kept.is_empty();
        let mut hosts: BTreeMap<String, Vec<KeptOutcome>> = BTreeMap::new();
        for kept in kept {
            hosts.entry(kept.host.clone()).or_default().push(kept);
        }
        stream::iter(hosts).for_each_concurrent(AT_ONCE, |(host, kept)| to(core, host, kept)).await;
        let look = async {
            if !waits {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = core.queue.undelivered.notified() => {}
            () = look => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Hands in what is kept for one host, as long as it takes it.
async fn to(core: &Core, host: String, kept: Vec<KeptOutcome>) {
    let now = core.queue.tasks.now();
    let peer = host.parse::<PeerId>().ok();
    for KeptOutcome { lease, kept_at, .. } in kept {
        if now.since(kept_at) > MAX_AGE || peer.is_none() {
            tracing::warn!(host, task = %lease.id, "task outcome dropped: its host did not return");
            forget(core, &host, lease).await;
            continue;
        }
        let Some(peer) = peer.filter(|peer| core.network.is_connected(peer)) else { continue };
        let outcome = match Outbox::new(core.store()).get(&host, lease).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => {
                forget(core, &host, lease).await;
                continue;
            }
            Err(_) => return,
        };
        match remote::finish(core, peer, lease, outcome).await {
            Err(error) if error.is_transport() => return,
            done => {
                if done.is_ok() {
                    tracing::info!(%peer, task = %lease.id, "task outcome delivered late");
                }
                settled(peer, lease, &done);
                forget(core, &host, lease).await;
            }
        }
    }
}
