//! Where one call stands: the state of its category, its tenant's share of it, and who pays.

use std::sync::Arc;

use tandem_engine::Limit;

use crate::{
    api::Lane,
    meters::{CategoryState, Share},
    tenant::{CallAccount, Tenant},
};

/// Where a call runs, and why.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    pub(crate) lane: Lane,
    pub(crate) reason: &'static str,
}

/// What a call is counted in and charged to. Borrowed by its recorder, and shared with the lane that runs it.
#[derive(Clone)]
pub(crate) struct CallScope {
    pub(crate) state: Arc<CategoryState>,
    pub(crate) lane: Lane,
    /// 0..10, 10 first.
    pub(crate) priority: u8,
    pub(crate) share: Arc<Share>,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) account: Arc<CallAccount>,
}

impl CallScope {
    /// The same call in another version of its category: its own circuit, the same account.
    pub(crate) fn of_version(&self, state: Arc<CategoryState>) -> Self {
        Self { share: state.share_of(&self.tenant.name), state, ..self.clone() }
    }

    /// Counts what a call used, and what its tenant was refused.
    pub(crate) fn settle_account(&self, limit: Option<Limit>) {
        let cpu = self.account.cpu_so_far();
        if !cpu.is_zero() {
            self.share.cpu.increment(cpu.as_secs_f64());
        }
        let Some(limit) = limit else { return };
        self.state.limit_hit(limit);
        if limit.is_of_tenant() {
            let tenant = self.tenant.name.to_string();
            metrics::counter!("tandem_tenant_rejections_total", "tenant" => tenant, "reason" => limit.as_str())
                .increment(1);
        }
    }
}
