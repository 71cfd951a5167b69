//! Whether more than one tenant is active: only then do long-running guests wait for turns.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::{runtime::Handle, sync::Semaphore};

/// For so long after another tenant's call, or its guest's last tick, a tenant's guests take turns. A tenant alone has
/// every thread.
const ACTIVE_MS: u64 = 1_000;
/// A mark holds a time in its low bits and a tenant's number above: 2^40 ms are 34 years.
const TIME_BITS: u32 = 40;

/// The last sign of life of the tenant that gave the newest one, and of the one before it. Two suffice to know of
/// somebody else. Races between threads lose a sign now and then; the next one comes within a tick.
pub(crate) struct Activity {
    /// Turns of all tenants: so many guests compute for longer than a tick, at a time.
    pub(crate) turns: Arc<Semaphore>,
    /// Where they do, apart from the threads that serve.
    pub(crate) background: Option<Handle>,
    start: Instant,
    newest: AtomicU64,
    other: AtomicU64,
}

impl Activity {
    pub(crate) fn new(turns: usize, background: Option<Handle>) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(turns)),
            background,
            start: Instant::now(),
            newest: AtomicU64::new(0),
            other: AtomicU64::new(0),
        }
    }
}

impl Activity {
    /// Milliseconds; never 0.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX) + 1
    }

    /// A call of the tenant with this number begins, or one of its guests still runs. Numbers are not 0.
    pub(crate) fn sign(&self, tenant: u64) {
        let mark = tenant << TIME_BITS | self.now();
        let newest = self.newest.load(Ordering::Relaxed);
        if newest == mark {
            return;
        }
        if newest >> TIME_BITS != tenant {
            self.other.store(newest, Ordering::Relaxed);
        }
        self.newest.store(mark, Ordering::Relaxed);
    }

    /// Whether somebody else was active lately.
    pub(crate) fn is_shared(&self, tenant: u64) -> bool {
        let lately = |mark: u64| {
            let at = mark & ((1 << TIME_BITS) - 1);
            at != 0 && mark >> TIME_BITS != tenant && self.now().saturating_sub(at) < ACTIVE_MS
        };
        lately(self.newest.load(Ordering::Relaxed)) || lately(self.other.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_alone_shares_with_nobody() {
        let activity = Activity::new(1, None);
        assert!(!activity.is_shared(1));
        activity.sign(1);
        activity.sign(1);
        assert!(!activity.is_shared(1));
        assert!(activity.is_shared(2), "the other one would");
        activity.sign(2);
        assert!(activity.is_shared(1) && activity.is_shared(2));
    }

    #[test]
    fn a_tenant_that_calls_all_the_time_stays_seen() {
        let activity = Activity::new(1, None);
        activity.sign(1);
        for _ in 0..1000 {
            activity.sign(2);
        }
        assert!(activity.is_shared(1));
        std::thread::sleep(std::time::Duration::from_millis(ACTIVE_MS + 100));
        activity.sign(2);
        assert!(activity.is_shared(1), "it is still there");
        assert!(!activity.is_shared(2), "the first one is gone");
    }
}
