//! What each tenant may use in all, and what its calls used.
//!
//! **Promises.** A tenant's totals bind over all of its calls, nested ones included, and over every plugin. No total of
//! one tenant depends on what another one does: places of a plugin, circuits and queues are kept for each tenant. While
//! several tenants are active, the long-running guests of each take turns, so that they never hold every thread.
//!
//! **Bounds.** [`TenantLimits`]; [`MAX_TENANTS`] states. Totals over time are token buckets (GCRA, by `governor`).
//!
//! **Refuses.** What is over a total, naming the total, its value and when there will be something again.

mod account;
mod descriptors;
mod totals;
mod turns;

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::Duration,
};

pub(crate) use account::{CallAccount, LaneBounds};
pub use account::{CallUse, Denial};
use descriptors::Pool;
use tandem_engine::Limit;
pub(crate) use totals::Tenant;
use turns::Activity;

/// Tenants whose state is kept. Callers' tenants come from the configuration, so this is never reached by strangers.
const MAX_TENANTS: usize = 10_000;

/// The totals of one tenant. `None` binds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantLimits {
    /// Calls a second in the long run, and at once after a pause.
    pub rate: Option<(u32, u32)>,
    /// Calls at a time.
    pub concurrency: Option<u32>,
    /// Guest execution time in any minute.
    pub cpu_per_minute: Option<Duration>,
    /// Bytes of guests' memories and tables at a time.
    pub memory: Option<u64>,
    /// Bytes of guests' log lines in any minute; more are dropped and counted.
    pub log_per_minute: Option<u64>,
    /// Bytes of outgoing HTTP in any minute, both ways.
    pub egress_per_minute: Option<u64>,
    /// Files, directories and connections that are open for its guests at a time.
    pub open_files: Option<u32>,
}

/// Says what each tenant may use. Asked when a tenant is first seen, and after [`Tenants::refresh`].
pub trait TenantPolicy: Send + Sync {
    /// The limits of one tenant.
    fn limits(&self, tenant: &str) -> TenantLimits;
}

/// Binds nobody: a host for one user.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

impl TenantPolicy for Unlimited {
    fn limits(&self, _tenant: &str) -> TenantLimits {
        TenantLimits::default()
    }
}

/// The states of all tenants that were seen.
pub(crate) struct Tenants {
    policy: Arc<dyn TenantPolicy>,
    activity: Arc<Activity>,
    turns: usize,
    descriptors: Arc<Pool>,
    known: RwLock<HashMap<Arc<str>, Arc<Tenant>>>,
}

impl Tenants {
    /// `workers` threads run guests: all but one of them at most compute for long while several tenants are active, whoever's
    /// guests these are.
    /// Guests of all of them have at most `descriptors` open.
    pub(crate) fn new(policy: Arc<dyn TenantPolicy>, workers: usize, descriptors: u32) -> Self {
        let turns = workers.saturating_sub(1).max(1);
        let descriptors = Arc::new(Pool::new(Limit::OpenFiles, descriptors));
        Self { policy, activity: Arc::new(Activity::new(turns)), turns, descriptors, known: RwLock::default() }
    }

    pub(crate) fn of(&self, name: &Arc<str>) -> Arc<Tenant> {
        let known = self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(name).cloned();
        known.unwrap_or_else(|| self.add(name))
    }

    fn add(&self, name: &Arc<str>) -> Arc<Tenant> {
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(tenant) = known.get(name) {
            return tenant.clone();
        }
        if known.len() >= MAX_TENANTS {
            // Those without a call under way lose their buckets' levels and nothing else.
            known.retain(|_, tenant| Arc::strong_count(tenant) > 1);
        }
        let limits = self.policy.limits(name);
        let tenant =
            Arc::new(Tenant::new(name.clone(), limits, self.turns, self.activity.clone(), self.descriptors.clone()));
        known.insert(name.clone(), tenant.clone());
        tenant
    }

    /// Asks the policy anew about everybody whose limits changed. Calls under way end with the old ones.
    pub(crate) fn refresh(&self) {
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.retain(|name, tenant| tenant.limits == self.policy.limits(name));
    }
}
