//! Results that are too large for a message: where they are kept, and when they go.

use std::{sync::Arc, time::Duration};

use tandem_config::HostConfig;
use tandem_store::{ResultBounds, ResultStore, Store};
use tokio_util::sync::CancellationToken;

use crate::config::resolve_data_path;

/// The directory below the data directory.
const DIRECTORY: &str = "results";
/// How often what is over its time is taken from the disk: it is not found any more before.
const SWEEP: Duration = Duration::from_secs(60);

/// The results of a host, as its configuration has it.
pub(crate) fn results(config: &HostConfig, store: &Store) -> Arc<ResultStore> {
    let bounds = ResultBounds {
        keep: config.results.keep.as_duration(),
        bytes: config.results.bytes_per_tenant.as_u64(),
        count: config.results.count_per_tenant as usize,
    };
    Arc::new(ResultStore::new(resolve_data_path(config, DIRECTORY.as_ref()), bounds, store.clone()))
}

/// Takes from the disk what is over its time, until the host stops.
pub(crate) async fn sweep(results: Arc<ResultStore>, stop: CancellationToken) {
    loop {
        let swept = results.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || swept.sweep()).await {
            tracing::error!(%error, "results: cannot sweep");
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP) => {}
            () = stop.cancelled() => return,
        }
    }
}
