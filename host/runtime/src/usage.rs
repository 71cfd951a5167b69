//! Counts how often each category is called, over all runs of the host: a later start compiles what is called most first.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tandem_router::Router;
use tandem_store::Store;
use tokio_util::sync::CancellationToken;

/// How often it is written. What a host that crashes has not written is forgotten; it decides an order only.
const INTERVAL: Duration = Duration::from_secs(60);

/// What is counted, and what of it is written.
pub(crate) struct Usage {
    router: Router,
    store: Store,
    written: Mutex<HashMap<String, u64>>,
}

impl Usage {
    pub(crate) fn new(router: Router, store: Store) -> Self {
        Self { router, store, written: Mutex::default() }
    }

    /// Writes what came since the last time.
    pub(crate) async fn write(&self) {
        let calls = self.since();
        if let Err(error) = self.store.add_category_calls(calls).await {
            tracing::warn!(%error, "store: cannot count calls");
        }
    }

    fn since(&self) -> Vec<(String, u64)> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.router.status().categories.into_iter();
        let new = all.filter_map(|category| {
            let before = written.insert(category.name.clone(), category.calls).unwrap_or(0);
            Some((category.name, category.calls.saturating_sub(before))).filter(|(_, calls)| *calls > 0)
        });
        new.collect()
    }

    /// Writes until the host stops.
    pub(crate) async fn keep(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            self.write().await;
        }
    }
}
