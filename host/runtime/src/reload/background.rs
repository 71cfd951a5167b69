//! What goes on beside serving: plugins are compiled, changed files are taken over, canaries evaluated.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{compile, plugins::Plugins, watch};

/// How often canaries are looked at.
const JUDGE: Duration = Duration::from_millis(500);

/// Takes changes of the plugin directory over, and evaluates canaries, until the host stops.
pub(crate) fn on_changes(plugins: Arc<Plugins>, watched: bool, stop: CancellationToken) {
    for _ in 0..plugins.config.general.compile_workers.max(1) {
        tokio::spawn(compile::run(plugins.clone(), stop.clone()));
    }
    if watched {
        tokio::spawn(watch::run(plugins.clone(), stop.clone()));
    }
    tokio::spawn(async move {
        while stop.run_until_cancelled(tokio::time::sleep(JUDGE)).await.is_some() {
            if !plugins.catalog.canaries().is_empty() {
                drop(plugins.work(Plugins::evaluate).await);
            }
        }
    });
}
