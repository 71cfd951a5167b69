//! How each source of peers was used, by its name.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// Between two lines of the log about a source of peers: what it fails at may be another host's choice each time.
const LOG_PAUSE: Duration = Duration::from_secs(15);

/// What is known of a source of nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceStatus {
    pub(crate) nodes: usize,
    pub(crate) last_used: Option<SystemTime>,
    pub(crate) last_error: Option<String>,
    /// When an error of it was logged.
    logged: Option<Instant>,
}

/// See the module. Names are those of sources that are in the program, or that a configuration names.
#[derive(Default)]
pub(crate) struct SourceLog(Mutex<BTreeMap<String, SourceStatus>>);

impl SourceLog {
    fn all_mut(&self) -> MutexGuard<'_, BTreeMap<String, SourceStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records how a source was used.
    pub(crate) fn record(&self, source: &str, nodes: usize, error: Option<String>) {
        let mut all = self.all_mut();
        let known = all.entry(source.to_owned()).or_default();
        let silent = known.logged.is_some_and(|logged| logged.elapsed() < LOG_PAUSE);
        if known.last_error != error && !silent {
            match &error {
                Some(error) => tracing::warn!(source, error, "peer discovery source failed"),
                None => tracing::info!(source, nodes, "peer discovery source works again"),
            }
            known.logged = Some(Instant::now());
        }
        (known.nodes, known.last_used, known.last_error) = (nodes, Some(SystemTime::now()), error);
    }

    pub(crate) fn all(&self) -> BTreeMap<String, SourceStatus> {
        self.all_mut().clone()
    }
}
