//! What tenants may use, as the configuration says it. It is exchanged while the host serves.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tandem_config::{AuditCalls, HostConfig, TenantConfig};
use tandem_router::{AuditedCalls, TenantLimits, TenantPolicy};

use crate::descriptors::Descriptors;

/// The limits of the tenants in one configuration. A tenant that it does not name is bound by nothing but the host's own
/// limits: without tenants, there is only the local caller.
#[derive(Debug)]
pub struct Limits {
    config: ArcSwap<HostConfig>,
    descriptors: Descriptors,
}

impl Limits {
    pub fn new(config: Arc<HostConfig>, descriptors: Descriptors) -> Self {
        Self { config: ArcSwap::new(config), descriptors }
    }

    /// The configuration that counts now.
    pub fn config(&self) -> Arc<HostConfig> {
        self.config.load_full()
    }

    /// Takes the limits of another configuration; see `Router::refresh_tenants`.
    pub fn exchange(&self, config: HostConfig) {
        self.config.store(Arc::new(config));
    }
}

impl TenantPolicy for Limits {
    fn limits(&self, tenant: &str) -> TenantLimits {
        let config = self.config.load();
        config.tenants.get(tenant).map(|tenant| limits(tenant, self.descriptors)).unwrap_or_default()
    }
}

fn limits(tenant: &TenantConfig, descriptors: Descriptors) -> TenantLimits {
    TenantLimits {
        rate: Some((tenant.rate.per_second, tenant.rate.burst)),
        concurrency: Some(tenant.concurrency),
        cpu_per_minute: Some(tenant.cpu_per_minute.as_duration()),
        memory: Some(tenant.memory.as_u64()),
        log_per_minute: Some(tenant.log_per_minute.as_u64()),
        egress_per_minute: Some(tenant.egress_per_minute.as_u64()),
        open_files: Some(tenant.open_files.unwrap_or(descriptors.for_tenant())),
    }
}

/// Which calls are recorded.
pub fn audited(config: &HostConfig) -> AuditedCalls {
    match config.audited_calls() {
        AuditCalls::All => AuditedCalls::All,
        AuditCalls::None => AuditedCalls::None,
        // `auto` is settled.
        AuditCalls::Failures | AuditCalls::Auto => AuditedCalls::Failures,
    }
}
