//! What becomes of the plugins of the first loading: logged, counted, and handed on to who shows it.

use std::{sync::Arc, time::Duration};

use tandem_catalog::Rejected;
use tandem_engine::Origin;

use crate::load::LoadObserver;

/// Logs and counts what is loaded.
pub(crate) struct Observed(Option<Arc<dyn LoadObserver + Send + Sync>>);

impl Observed {
    /// Hands it on to `shown`.
    pub(crate) fn new(shown: Option<Arc<dyn LoadObserver + Send + Sync>>) -> Self {
        Self(shown)
    }

    /// One was left out, as is in the log already.
    pub(crate) fn left_out(&self, rejected: &Rejected) {
        self.0.iter().for_each(|shown| shown.rejected(rejected));
    }
}

impl LoadObserver for Observed {
    fn found(&self, files: usize) {
        self.0.iter().for_each(|shown| shown.found(files));
    }

    fn begun(&self, file: &str) {
        self.0.iter().for_each(|shown| shown.begun(file));
    }

    fn loaded(&self, file: &str, origin: Origin, took: Duration) {
        self.0.iter().for_each(|shown| shown.loaded(file, origin, took));
        let how = match origin {
            Origin::Cached => "from the compiled-code cache",
            Origin::Compiled => "compiled",
            Origin::Replaced => "recompiled",
        };
        metrics::histogram!("tandem_compile_seconds").record(took.as_secs_f64());
        tracing::info!(file, took_ms = took.as_millis() as u64, "plugin loaded, {how}");
    }

    fn rejected(&self, rejected: &Rejected) {
        self.left_out(rejected);
        if rejected.is_disabled() {
            tracing::info!(file = rejected.file, "plugin not served: {}", rejected.reason);
            return;
        }
        tracing::error!(file = rejected.file, "plugin left out: {}", rejected.reason);
    }
}
