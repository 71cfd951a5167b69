//! The tenants that were seen.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use tandem_engine::Limit;
use tokio::runtime::Handle;

use super::{descriptors::Pool, policy::TenantPolicy, totals::Tenant, turns::Activity};

/// Tenants whose state is kept. Callers' tenants come from the configuration, so this is never reached by strangers.
const MAX_TENANTS: usize = 10_000;

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
    pub(crate) fn new(
        policy: Arc<dyn TenantPolicy>,
        workers: usize,
        descriptors: u32,
        background: Option<Handle>,
    ) -> Self {
        let turns = workers.saturating_sub(1).max(1);
        let descriptors = Arc::new(Pool::new(Limit::OpenFiles, descriptors));
        let activity = Arc::new(Activity::new(turns, background));
        Self { policy, activity, turns, descriptors, known: RwLock::default() }
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
