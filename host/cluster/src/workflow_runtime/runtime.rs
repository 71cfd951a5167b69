//! The runtime of workflows: it takes up those that have no coordinator, and answers those who submit, read, cancel and assign.

use std::{collections::BTreeMap, sync::Arc};

use tandem_queue::{MAX_CLAIM, SqliteTasks, TaskStore as _, WorkflowId, WorkflowRow};
use tandem_types::Caller;
use tandem_workflow::Spec;
use tokio::{runtime::Handle, sync::oneshot, task::JoinSet};

use super::{
    active::{ActiveWorkflows, ActorMessage},
    actor,
    journal::{Journal, JournalStore, Submitted},
    journal_cache::JournalCache,
    placement::StepPlacement,
};
use crate::{
    error::P2pError,
    limits::LEASE,
    peers::{PeerDirectory, TaskPolicy},
    worker::LocalWorker,
};

/// What the runtime is built on.
pub(crate) struct WorkflowDeps {
    pub(crate) tasks: SqliteTasks,
    pub(crate) peers: Arc<PeerDirectory>,
    pub(crate) worker: Arc<LocalWorker>,
    pub(crate) policy: Arc<TaskPolicy>,
    pub(crate) active: Arc<ActiveWorkflows>,
    pub(crate) general: Handle,
    /// Workflows that may be active.
    pub(crate) max_active: u32,
}

/// See the module.
pub(crate) struct WorkflowRuntime {
    journals: JournalStore,
    cache: JournalCache,
    active: Arc<ActiveWorkflows>,
    placement: StepPlacement,
    max_active: u32,
    /// The name under which this host has coordinator leases.
    me: String,
}

impl WorkflowRuntime {
    pub(crate) fn new(deps: WorkflowDeps) -> Self {
        let WorkflowDeps { tasks, peers, worker, policy, active, general, max_active } = deps;
        Self {
            journals: JournalStore { tasks, general },
            cache: JournalCache::default(),
            active,
            max_active,
            me: peers.me().to_string(),
            placement: StepPlacement { peers, worker, policy },
        }
    }

    /// Workflows that this host coordinates now.
    pub(crate) fn active(&self) -> usize {
        self.active.len()
    }

    /// Checks a plan and starts its workflow.
    pub(crate) async fn submit(
        &self,
        context: (&Caller, Option<&str>),
        spec: Spec,
        key: Option<String>,
        known: impl Fn(&str) -> Result<(), Vec<String>>,
    ) -> Result<Submitted, P2pError> {
        let submitted = self.journals.begin(context, spec, key, known).await?;
        self.active.submitted.notify_one();
        Ok(submitted)
    }

    /// The journal of a workflow, with every event that the row has, or more.
    pub(crate) async fn journal(&self, row: &WorkflowRow) -> Result<Arc<Journal>, P2pError> {
        let read = self.cache.read(&self.journals, row).await;
        read.map_err(|error| P2pError::Unavailable(error.to_string()))
    }

    /// Cancels; answers how many steps had not ended.
    pub(crate) async fn cancel(&self, id: WorkflowId, reason: Option<String>) -> Result<usize, P2pError> {
        if !self.active.contains(id) {
            return self.journals.cancel(id, reason).await;
        }
        let (reply, answer) = oneshot::channel();
        self.active.send(id, ActorMessage::Cancel(reason, reply))?;
        answer.await.map_err(|_| P2pError::Unavailable("the workflow's coordinator changed; try again".to_owned()))?
    }

    /// Chooses peers for steps that have not started.
    pub(crate) fn assign(&self, id: WorkflowId, to: BTreeMap<String, String>) -> Result<(), P2pError> {
        self.active.send(id, ActorMessage::Assign(to))
    }

    /// Takes up workflows that have no coordinator, until it is dropped.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut actors = JoinSet::new();
        loop {
            while actors.try_join_next().is_some() {}
            self.take_up(&mut actors).await;
            metrics::gauge!("tandem_p2p_workflows", "state" => "active").set(self.active() as f64);
            tokio::select! {
                () = self.active.submitted.notified() => {}
                Some(_) = actors.join_next() => {}
                // Another host's lease may have ended.
                () = tokio::time::sleep(LEASE / 3) => {}
            }
        }
    }

    async fn take_up(self: &Arc<Self>, actors: &mut JoinSet<()>) {
        let room = (self.max_active as usize).saturating_sub(self.active());
        let room = u32::try_from(room).unwrap_or(u32::MAX).min(MAX_CLAIM);
        if room == 0 {
            return;
        }
        let claimed = match self.journals.tasks.claim_workflows(&self.me, room, LEASE).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(%error, "workflows: claim failed");
                return;
            }
        };
        let more = claimed.len() == room as usize;
        for leased in claimed {
            let (id, runtime) = (leased.id, self.clone());
            let inbox = self.active.insert(id);
            actors.spawn(async move {
                if let Err(error) = actor::run(&runtime.journals, &runtime.placement, leased, inbox).await {
                    tracing::warn!(workflow = %id, %error, "stopped coordinating the workflow");
                }
                runtime.active.remove(id);
            });
        }
        if more {
            self.active.submitted.notify_one();
        }
    }
}
