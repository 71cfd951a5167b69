//! Sees that the plugin directory changes. The system's word only wakes; what counts is what the directory holds then,
//! so that a lost word costs [`HEARTBEAT`] at most.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    plugins::Plugins,
    settle::{Fingerprint, REST, Settling, scan},
};

/// How often the directory is looked at without a word: some file systems tell nothing.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Takes changes over until the host stops.
pub(super) async fn run(plugins: Arc<Plugins>, stop: CancellationToken) {
    let (wake, mut woken) = mpsc::channel(1);
    // Dropped, it watches no more.
    let _watcher = watcher(plugins.directory(), wake)
        .inspect_err(|error| tracing::warn!(%error, "reload: no file notifications, polling the plugin directory"));
    // What the start has listed may be gone already, or be another file.
    let listed = plugins.catalog.plugins().into_iter().map(|status| (status.file, Fingerprint::SEEN));
    let mut settling = Settling::knowing(listed.collect(), REST);
    loop {
        while round(&plugins, &mut settling).await {
            if stop.run_until_cancelled(tokio::time::sleep(REST / 2)).await.is_none() {
                return;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            Some(()) = woken.recv() => {}
            () = tokio::time::sleep(HEARTBEAT) => {}
        }
    }
}

fn watcher(directory: &Path, wake: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Looking at the directory is an event too.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _waking_already = wake.try_send(());
        }
    })?;
    watcher.watch(directory, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// One look; answers whether something has not come to rest.
async fn round(plugins: &Arc<Plugins>, settling: &mut Settling) -> bool {
    let files = match scan(plugins.directory()) {
        Ok(files) => files,
        Err(error) => {
            // Not the same as an empty directory: what serves goes on.
            tracing::error!(%error, "reload: cannot read the plugin directory, loaded plugins keep serving");
            return false;
        }
    };
    let settled = settling.look(Instant::now(), &files);
    if !(settled.changed.is_empty() && settled.removed.is_empty()) {
        let (changed, removed) = (settled.changed, settled.removed);
        if let Err(error) = plugins.work(move |plugins| plugins.changed(&changed, &removed)).await {
            tracing::error!("reload: cannot load the plugin directory: {}", crate::errors::chain(&error));
        }
    }
    settled.more
}
