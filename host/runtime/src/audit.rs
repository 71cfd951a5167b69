//! What a running host does for the audit log: keeps it within its retention, and says when it cannot be written.

use std::time::Duration;

use tandem_config::HostConfig;
use tandem_gateway::Unready;
use tandem_store::{AuditRetention, EventRecord, Store};
use tokio_util::sync::CancellationToken;

/// The actor of records that nobody asked for.
pub(crate) const HOST: &str = "host";

/// Between two tries to record anything, while that fails.
const RESUME: Duration = Duration::from_secs(1);
/// Between two looks at the retention while a host runs; the store also looks when it writes.
const ROTATE: Duration = Duration::from_secs(600);

/// What the configuration says about keeping records.
pub(crate) fn retention(config: &HostConfig) -> AuditRetention {
    AuditRetention { keep: config.audit.keep.as_duration(), max_bytes: config.audit.max_bytes.as_u64() }
}

/// Drops old records now and then, until the host stops.
pub(crate) async fn rotate(store: Store, stop: CancellationToken) {
    let mut timer = tokio::time::interval(ROTATE);
    while stop.run_until_cancelled(timer.tick()).await.is_some() {
        loop {
            match store.audit_rotate().await {
                Ok(0) => break,
                Ok(dropped) => tracing::info!(dropped, "audit: old records dropped"),
                Err(error) => {
                    tracing::warn!(%error, "audit: cannot drop old records");
                    break;
                }
            }
        }
    }
}

/// While records are lost, tries to record just that: the host is ready again with the first one that is kept.
pub(crate) async fn resume(store: Store, stop: CancellationToken) {
    // So that it is there, and zero, before the first loss.
    metrics::counter!("tandem_audit_records_lost_total").increment(0);
    let mut timer = tokio::time::interval(RESUME);
    while stop.run_until_cancelled(timer.tick()).await.is_some() {
        let lost = store.audit_lost();
        // The marker of what was lost is written by the store itself, with whatever comes first.
        if lost > 0 && store.audit_append(vec![EventRecord::of_host("audit.resumed").into()]).await.is_ok() {
            tracing::info!(lost, "audit: records can be written again");
        }
    }
}

/// Why the host should get no calls.
pub(crate) fn unready(store: Store, required: bool) -> Unready {
    Box::new(move || {
        let trouble = if required { !store.audit_writable() } else { store.audit_lost() > 0 };
        trouble.then_some("audit records cannot be written; is the disk full?")
    })
}
