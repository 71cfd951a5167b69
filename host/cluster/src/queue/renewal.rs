//! Renewal of the leases of tasks that run here, and cancellations, which come with the answers.
//!
//! **Promises.** All leases are renewed at a third of their time, those whose task reported progress at once. What is to be cancelled or
//! lost its lease is stopped.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use libp2p::PeerId;
use serde_json::{Map, Value};
use tandem_queue::{Beat, Hint, LeaseRef, SqliteTasks, TaskStore as _};
use tandem_reactor::trust::Conduct;
use tokio::sync::broadcast::error::RecvError;

use super::{lease_client::LeaseClient, messages::from_params};
use crate::{
    limits::LEASE,
    peers::PeerDirectory,
    worker::{LocalWorker, RunningTask},
    workflow_runtime::ActiveWorkflows,
};

/// Between two looks whether tasks reported progress, which goes to the queue's host in one message for all.
const PROGRESS: Duration = Duration::from_millis(500);

/// See the module.
pub(crate) struct LeaseRenewer {
    pub(super) tasks: SqliteTasks,
    pub(super) client: Arc<LeaseClient>,
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) worker: Arc<LocalWorker>,
    /// Who hears of tasks that were claimed and ended.
    pub(super) workflows: Arc<ActiveWorkflows>,
}

impl LeaseRenewer {
    /// Renews until it is dropped.
    pub(super) async fn run(&self) {
        let mut all = Instant::now() + LEASE / 3;
        loop {
            tokio::time::sleep(PROGRESS).await;
            let due = all <= Instant::now();
            if due {
                all = Instant::now() + LEASE / 3;
            }
            let reported: HashSet<LeaseRef> = match due {
                true => HashSet::new(),
                false => {
                    let running = self.worker.slots.running();
                    running.iter().filter(|(_, task)| task.progress.has_news()).map(|(lease, _)| *lease).collect()
                }
            };
            if due || !reported.is_empty() {
                self.renew(|lease| due || reported.contains(lease)).await;
            }
        }
    }

    async fn renew(&self, which: impl Fn(&LeaseRef) -> bool) {
        let running: Vec<_> = {
            let running = self.worker.slots.running();
            running.iter().filter(|(lease, _)| which(lease)).map(|(lease, task)| (*lease, task.clone())).collect()
        };
        let hosts: HashSet<Option<PeerId>> = running.iter().map(|(_, task)| task.host).collect();
        let each = hosts.into_iter().map(|host| {
            let of_host = running.iter().filter(|(_, task)| task.host == host).collect();
            self.renew_at(host, of_host)
        });
        join_all(each).await;
    }

    /// Renews the leases of one host's queue.
    async fn renew_at(&self, host: Option<PeerId>, running: Vec<&(LeaseRef, RunningTask)>) {
        let beats: Vec<_> = running.iter().map(|(lease, task)| (*lease, task.progress.take())).collect();
        let answers = match host {
            None => {
                let me = self.peers.me().to_string();
                self.tasks.heartbeat(&me, beats).await.map_err(|error| error.to_string())
            }
            Some(peer) => self.client.renew(peer, beats).await.map_err(|error| {
                if error.is_transport() {
                    self.peers.report(peer, Conduct::Timeout);
                }
                error.to_string()
            }),
        };
        match answers {
            Ok(answers) => {
                for ((lease, task), beat) in running.iter().zip(answers) {
                    let reason = match beat {
                        Beat::Extended { .. } => continue,
                        Beat::CancelRequested { reason, .. } => reason,
                        Beat::Stale | Beat::Expired => "its lease was lost".to_owned(),
                    };
                    tracing::info!(task = %lease.id, reason, "task stopped");
                    task.cancel.cancel();
                }
            }
            Err(error) => tracing::warn!(error, "lease renewal failed; the tasks run elsewhere when the leases expire"),
        }
    }

    /// Acts on what the store says at once: cancellations that should not wait for the next renewal, and what workflows wait for.
    pub(super) async fn follow_hints(&self) {
        let mut hints = self.tasks.hints();
        let me = self.peers.me().to_string();
        loop {
            match hints.recv().await {
                Ok(Hint::Cancel(hint)) => {
                    if hint.worker == me {
                        self.renew(|lease| *lease == hint.lease).await;
                    } else if let Ok(peer) = hint.worker.parse() {
                        self.client.renew_now(peer, hint.lease);
                    }
                }
                Ok(Hint::Begun(begun)) => self.workflows.task_begun(begun),
                Ok(Hint::Ended(ended)) => self.workflows.task_ended(&ended),
                Err(RecvError::Lagged(_)) => self.workflows.hints_missed(),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// A peer says that there is news of a lease of this host.
    pub(crate) fn renew_now_requested(self: &Arc<Self>, peer: PeerId, params: Map<String, Value>) {
        let Ok(lease) = from_params::<LeaseRef>(params) else { return };
        if self.worker.slots.running().get(&lease).is_some_and(|task| task.host == Some(peer)) {
            let renewer = self.clone();
            tokio::spawn(async move { renewer.renew(|own| *own == lease).await });
        }
    }
}
