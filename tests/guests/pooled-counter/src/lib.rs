//! A plugin that counts the calls of its own instance: always one where each call gets a fresh one.

use std::sync::atomic::{AtomicU64, Ordering};

use tandem_sdk::prelude::*;

static CALLS: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct PooledCounter;

#[tools]
impl PooledCounter {
    /// Counts a call, and answers how many this instance has seen.
    #[tool]
    fn count() -> u64 {
        CALLS.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Crashes: no later call may see this instance.
    #[tool]
    fn count_and_abort() {
        CALLS.fetch_add(1, Ordering::Relaxed);
        std::process::abort()
    }
}

tandem_sdk::export!(PooledCounter);
