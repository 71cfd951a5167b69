//! Memory of the host that a request takes before any call of it is admitted: its body, and what it is parsed to.

use std::sync::{Arc, atomic::Ordering};

use tandem_engine::Limit;
use tandem_types::Caller;

use crate::{api::CallError, outcome::exhausted, router::Router, tenant::Tenant};

/// Bytes over all tenants. Small objects take a hundred times their text: without a bound, as many bodies as connections
/// are open would take hundreds of gigabytes.
const MAX_TOTAL: u64 = 1 << 30;

/// What one request holds. Given back when dropped.
pub struct Reserve {
    router: Router,
    tenant: Arc<Tenant>,
    bytes: u64,
}

impl std::fmt::Debug for Reserve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reserve").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Router {
    /// Nothing yet, on this caller's account.
    #[must_use]
    pub fn reserve(&self, caller: &Caller) -> Reserve {
        Reserve { router: self.clone(), tenant: self.0.tenants.of(&caller.tenant), bytes: 0 }
    }
}

impl Reserve {
    /// Takes so many bytes more: of what all requests may hold, of the tenant's half of it, and of the tenant's memory.
    ///
    /// # Errors
    ///
    /// One of these is used up; nothing more is held then.
    pub fn grow(&mut self, bytes: u64) -> Result<(), CallError> {
        let all = &self.router.0.reserved;
        if all.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > MAX_TOTAL {
            all.fetch_sub(bytes, Ordering::Relaxed);
            return Err(full(Limit::Requests, MAX_TOTAL));
        }
        // A caller who is bound by nothing shares with nobody.
        let share = if self.tenant.is_bound() { MAX_TOTAL / 2 } else { MAX_TOTAL };
        let own = self.tenant.requests();
        if own.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > share {
            own.fetch_sub(bytes, Ordering::Relaxed);
            all.fetch_sub(bytes, Ordering::Relaxed);
            return Err(full(Limit::TenantRequests, share));
        }
        if let Err(total) = self.tenant.grow(bytes) {
            own.fetch_sub(bytes, Ordering::Relaxed);
            all.fetch_sub(bytes, Ordering::Relaxed);
            return Err(exhausted(total));
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        self.router.0.reserved.fetch_sub(self.bytes, Ordering::Relaxed);
        self.tenant.requests().fetch_sub(self.bytes, Ordering::Relaxed);
        self.tenant.shrink(self.bytes);
    }
}

fn full(limit: Limit, bytes: u64) -> CallError {
    CallError::Limited {
        limit,
        value: format!("{bytes} bytes of requests at a time"),
        retryable: true,
        retry_after: Some(std::time::Duration::from_secs(1)),
    }
}
