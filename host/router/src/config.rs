//! What an operator may choose of the router.

use std::{sync::Arc, time::Duration};

use crate::tenant::{TenantPolicy, Unlimited};

/// Which calls are recorded in the store's audit log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditedCalls {
    /// None.
    #[default]
    None,
    /// Those that failed, hit a limit or were denied something.
    Failures,
    /// All.
    All,
}

/// What an operator may choose.
#[derive(Clone)]
pub struct RouterConfig {
    /// Calls that run at once in the general lane. More than the engine has instances only moves the refusal.
    pub max_running: usize,
    /// Calls that may wait for the general lane, and for each plugin. A longer queue only makes more callers
    /// time out.
    pub max_waiting: usize,
    /// The reactor lane, if there is one.
    pub reactor: Option<tandem_reactor::Lane>,
    /// Guest time of one call in the reactor lane, whatever its plugin may have elsewhere: what computes for longer keeps
    /// the network waiting, and belongs in the general lane.
    pub reactor_cpu: Duration,
    /// How long a call waits for a reactor that is down.
    pub reactor_patience: Duration,
    /// Where calls of the general lane run that come from the reactor's thread.
    pub general: tokio::runtime::Handle,
    /// Whose threads for blocking work encode, decode and check what is large. Best a runtime of its own, whose threads yield to
    /// those that serve.
    pub work: tokio::runtime::Handle,
    /// The background class: a runtime of its own, whose threads yield to those that serve. Calls that compute for long go on
    /// there. Without one, they stay in the general lane.
    pub background: Option<tokio::runtime::Handle>,
    /// Whether a tool of the reactor lane may run in the general lane while that lane is down; only tools that
    /// are marked idempotent do.
    pub reactor_fallback: bool,
    /// Threads that run guests. While several tenants are active, one of them holds all but one at most.
    pub workers: usize,
    /// Files, directories and connections that are open for guests at a time, of all tenants.
    pub descriptors: u32,
    /// What each tenant may use.
    pub tenants: Arc<dyn TenantPolicy>,
    /// Which calls are recorded in the store's audit log.
    pub audited: AuditedCalls,
    /// Whether a call begins only while records can be written, and is answered when its own is on disk.
    pub audit_required: bool,
}

impl std::fmt::Debug for RouterConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouterConfig").field("max_running", &self.max_running).finish_non_exhaustive()
    }
}

impl RouterConfig {
    /// The defaults, for a host without a reactor, whose general lane is `general`.
    #[must_use]
    pub fn new(general: tokio::runtime::Handle) -> Self {
        Self {
            max_running: 1000,
            max_waiting: 1024,
            reactor: None,
            reactor_cpu: Duration::from_millis(50),
            reactor_patience: Duration::ZERO,
            background: None,
            work: general.clone(),
            general,
            reactor_fallback: false,
            workers: 2,
            descriptors: u32::MAX,
            tenants: Arc::new(Unlimited),
            audited: AuditedCalls::None,
            audit_required: false,
        }
    }
}
