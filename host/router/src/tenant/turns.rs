//! Whether more than one tenant is active: only then do long-running guests wait for turns.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// For so long after a call of another tenant, guests take turns. A tenant alone has every thread.
const ACTIVE_MS: u64 = 1_000;

/// The last tenant that called, and when the last call came that was another tenant's than the one before it.
pub(crate) struct Activity {
    start: Instant,
    newest: AtomicU64,
    mixed_at: AtomicU64,
}

impl Default for Activity {
    fn default() -> Self {
        Self { start: Instant::now(), newest: AtomicU64::new(0), mixed_at: AtomicU64::new(0) }
    }
}

impl Activity {
    fn now(&self) -> u64 {
        // One more, so that 0 stays "never".
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    /// A call of the tenant with this number begins. Numbers are not 0.
    pub(crate) fn call(&self, tenant: u64) {
        if self.newest.load(Ordering::Relaxed) == tenant {
            return;
        }
        if self.newest.swap(tenant, Ordering::Relaxed) != 0 {
            self.mixed_at.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Whether calls of several tenants came lately.
    pub(crate) fn is_mixed(&self) -> bool {
        let at = self.mixed_at.load(Ordering::Relaxed);
        at != 0 && self.now() - at.min(self.now()) < ACTIVE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_alone_is_not_mixed() {
        let activity = Activity::default();
        assert!(!activity.is_mixed());
        activity.call(1);
        activity.call(1);
        assert!(!activity.is_mixed());
        activity.call(2);
        assert!(activity.is_mixed());
    }
}
