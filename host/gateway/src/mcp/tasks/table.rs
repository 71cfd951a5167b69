//! The tasks that run on this host.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tandem_queue::{LeaseRef, MAX_CONTENT, SqliteTasks, TaskId};
use tokio::sync::Notify;
use uuid::Uuid;

use super::running::RunningTask;
use crate::{
    GatewayConfig,
    limiter::{self, Permit, TenantLimiter},
};

/// The queue that they are in: workers of the network of hosts claim from another.
pub(super) const QUEUE: &str = "mcp";
/// The tasks of this host.
pub(crate) struct Tasks {
    pub(super) store: SqliteTasks,
    /// The holder of the leases: another one each time the host starts.
    pub(super) worker: String,
    limiter: Arc<TenantLimiter>,
    pub(super) keep: Duration,
    pub(super) max_result: usize,
    /// Those that run here.
    live: Mutex<HashMap<TaskId, Arc<RunningTask>>>,
    pub(super) ended: Notify,
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks").field("worker", &self.worker).finish_non_exhaustive()
    }
}

impl Tasks {
    /// `open`: all callers are the same one.
    pub(crate) fn new(store: SqliteTasks, config: &GatewayConfig, open: bool) -> Arc<Self> {
        let limit = config.task_limit;
        let per_tenant = config.task_limit_per_tenant.unwrap_or_else(|| limiter::share(limit, open));
        Arc::new(Self {
            store,
            worker: format!("mcp-{}", Uuid::now_v7()),
            limiter: TenantLimiter::new(limit, per_tenant),
            keep: config.task_keep,
            max_result: config.task_max_result.min(MAX_CONTENT),
            live: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// A place for one more task of this tenant.
    pub(crate) fn permit(&self, tenant: &Arc<str>) -> Option<Permit> {
        self.limiter.take(tenant).ok()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<TaskId, Arc<RunningTask>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn of(&self, id: &TaskId) -> Option<Arc<RunningTask>> {
        self.lock().get(id).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<RunningTask>> {
        self.lock().values().cloned().collect()
    }

    pub(super) fn enter(&self, live: RunningTask) -> Arc<RunningTask> {
        let live = Arc::new(live);
        self.lock().insert(live.lease.id, live.clone());
        live
    }

    /// Only under its own lease: a later run of the same task has another.
    pub(super) fn leave(&self, lease: LeaseRef) {
        let mut all = self.lock();
        if all.get(&lease.id).is_some_and(|live| live.lease == lease) {
            all.remove(&lease.id);
        }
        drop(all);
        self.ended.notify_waiters();
    }
}
