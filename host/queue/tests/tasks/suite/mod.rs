//! What every task store does.

pub(crate) mod changing;
pub(crate) mod claiming;
pub(crate) mod ending;
pub(crate) mod interleaving;
pub(crate) mod journals;
pub(crate) mod leases;
pub(crate) mod reading;
pub(crate) mod submitting;

use std::{any::Any, sync::Arc, time::Duration};

use tandem_queue::{
    Caps, ClaimReq, Finish, LeaseRef, Leased, ManualClock, NewTask, Outcome, StoredTask, Submitted, TaskId, TaskResult,
    TaskState, TaskStore, Timestamp,
};

use crate::Backend;

pub(crate) const TENANT: &str = "acme";
pub(crate) const TOOL: &str = "echo";

/// So small that a test reaches them.
pub(crate) const CAPS: Caps = Caps {
    queued: 50,
    leased: 20,
    stored: 100,
    ended: 100,
    bytes: 1 << 20,
    claims: 20,
    open_workflows: 3,
    stored_workflows: 100,
    active_workflows: 2,
};

/// A store whose time stands still.
pub(crate) struct Fixture<S> {
    pub(crate) store: S,
    pub(crate) clock: Arc<ManualClock>,
    _keep: Box<dyn Any>,
}

impl<S: TaskStore + Clone> Fixture<S> {
    pub(crate) async fn of<B: Backend<Tasks = S>>() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_800_000_000_000)));
        let (store, keep) = B::fresh(Arc::clone(&clock), CAPS).await;
        Self { store, clock, _keep: keep }
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    pub(crate) async fn submit(&self, task: NewTask) -> Submitted {
        self.store.submit(vec![task]).await.unwrap().remove(0)
    }

    /// Queues a task of this tenant.
    pub(crate) async fn queued(&self, tenant: &str) -> TaskId {
        self.created(NewTask::new(tenant, TOOL, "{}")).await
    }

    pub(crate) async fn created(&self, task: NewTask) -> TaskId {
        match self.submit(task).await {
            Submitted::Created { id, .. } => id,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn claim(&self, worker: &str) -> Option<Leased> {
        self.store.claim(ClaimReq::new(worker, &[TOOL])).await.unwrap().pop()
    }

    /// Queues a task and claims it as worker `w`.
    pub(crate) async fn leased(&self) -> LeaseRef {
        let id = self.queued(TENANT).await;
        let leased = self.claim("w").await.unwrap();
        assert_eq!(leased.lease.id, id);
        leased.lease
    }

    pub(crate) async fn finish(&self, lease: LeaseRef, outcome: Outcome) -> Finish {
        self.store.finish("w", vec![(lease, outcome)]).await.unwrap().remove(0)
    }

    pub(crate) async fn get(&self, id: TaskId) -> StoredTask {
        self.store.get(TENANT, id).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, id: TaskId) -> TaskState {
        self.get(id).await.row.state
    }
}

pub(crate) fn ok(result: &str) -> Outcome {
    Outcome::Ok(TaskResult::Inline(result.to_owned()))
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn applied(state: TaskState) -> Finish {
    Finish::Applied { state, run_at: None }
}
