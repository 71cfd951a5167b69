//! What each tenant may use.

use std::time::Duration;

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

/// Says what each tenant may use. Asked when a tenant is first seen, and after [`Router::refresh_tenants`](crate::Router).
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
