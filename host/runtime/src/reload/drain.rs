//! Versions that serve no new calls: they finish their old ones, and then their code leaves memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use tandem_catalog::Displaced;
use tandem_engine::Plugin;

/// Versions at a time; the oldest is ended before its time. Stops a directory that changes all the time from keeping
/// them all in memory for the whole of the drain time.
const MAX_DRAINING: usize = 8;
/// How often it is looked whether a version's last call has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

type Old = (Arc<str>, Weak<Plugin>);

pub struct Draining {
    wait: Duration,
    versions: Mutex<VecDeque<Old>>,
}

impl Draining {
    /// With the time that their calls have.
    pub fn new(wait: Duration) -> Self {
        Self { wait, versions: Mutex::default() }
    }

    /// The plugins' names, once for each version that is still there.
    pub(super) fn names(&self) -> Vec<Arc<str>> {
        self.versions().iter().map(|(name, _)| name.clone()).collect()
    }

    /// Lets displaced versions finish, and ends them if they do not. Inside a runtime's context.
    pub fn retire(&self, displaced: Displaced) {
        for category in displaced {
            let Some(plugin) = category.backend.plugin() else { continue };
            plugin.drain();
            let (name, version) = (category.plugin_name.clone(), category.version.clone());
            let old = (name, Arc::downgrade(plugin));
            drop(category);
            let mut versions = self.versions();
            versions.push_back(old.clone());
            while versions.len() > MAX_DRAINING {
                versions.pop_front().iter().for_each(end);
            }
            drop(versions);
            tokio::spawn(watch(old, version, self.wait));
        }
    }

    fn versions(&self) -> std::sync::MutexGuard<'_, VecDeque<Old>> {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.retain(|(_, old)| old.strong_count() > 0);
        versions
    }
}

async fn watch(old: Old, version: String, wait: Duration) {
    let (start, plugin) = (Instant::now(), &*old.0);
    while old.1.strong_count() > 0 && start.elapsed() < wait {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    if old.1.strong_count() > 0 {
        tracing::warn!(plugin, version, "old version: remaining calls cancelled");
        end(&old);
    } else {
        let after_ms = start.elapsed().as_millis() as u64;
        tracing::info!(plugin, version, after_ms, "old version released");
    }
}

fn end((_, old): &Old) {
    if let Some(old) = old.upgrade() {
        old.end();
    }
}
