//! What time does to tasks, done in time: leases end, tasks become ready, and those that were kept long enough go.
//!
//! **Promises.** A task whose time comes is ready within moments, and one that is over retention goes within [`PRUNE`]: nothing here
//! waits for a look that is due later. **Bounds.** [`SWEEP`] rows in one transaction; a pause after each look, so that a burst of
//! tasks is one, and a failing disk no busy loop.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{Chore, Reaped, TaskStore, TaskStoreError};

/// Rows that are looked at in one transaction: other writers wait for it.
const SWEEP: u32 = 256;
/// Between two looks at leases and times: what is due in it is one look.
const REAP: Duration = Duration::from_millis(50);
/// The same at what is over retention.
const PRUNE: Duration = Duration::from_secs(1);
/// What was dropped at once when there is more: the smallest of the store's full batches, which is of workflows.
const MORE: u64 = 64;
/// How long one look for what is over retention goes on while there is more.
const MAX_PRUNE_TIME: Duration = Duration::from_secs(5);
/// How long a look is put off at most: another process may have written, and the machine's clock may have been set.
const LONGEST: Duration = Duration::from_secs(60);
/// The same for what the caps drop, of which no time is known, and workflows.
const LONGEST_PRUNE: Duration = Duration::from_secs(10);
/// A pause after the store failed.
const TROUBLE: Duration = Duration::from_secs(1);

/// Does it until it is dropped. `lost` hears of each lease that was not renewed.
pub async fn upkeep<S: TaskStore>(store: &S, lost: impl FnMut(Reaped) + Send) {
    tokio::join!(reaping(store, lost), pruning(store));
}

async fn reaping<S: TaskStore>(store: &S, mut lost: impl FnMut(Reaped) + Send) {
    loop {
        match store.reap(SWEEP).await {
            Ok(reaped) => reaped.into_iter().for_each(|reaped| {
                tracing::warn!(task = %reaped.id, worker = reaped.worker, state = %reaped.state, "tasks: lease expired");
                lost(reaped);
            }),
            Err(error) => trouble(&error).await,
        }
        tokio::time::sleep(REAP).await;
        next(store, Chore::Reap, LONGEST).await;
    }
}

async fn pruning<S: TaskStore>(store: &S) {
    let keep = store.retention();
    loop {
        let (start, mut over_cap) = (Instant::now(), BTreeMap::<String, u64>::new());
        loop {
            match store.prune(keep, SWEEP).await {
                Ok(pruned) => {
                    let more = pruned.count() >= MORE && start.elapsed() < MAX_PRUNE_TIME;
                    metrics::counter!("tandem_tasks_dropped_total", "reason" => "retention").increment(pruned.expired);
                    for (tenant, dropped) in pruned.over_cap {
                        metrics::counter!("tandem_tasks_dropped_total", "reason" => "cap").increment(dropped);
                        *over_cap.entry(tenant).or_default() += dropped;
                    }
                    if !more {
                        break;
                    }
                }
                Err(error) => {
                    trouble(&error).await;
                    break;
                }
            }
        }
        for (tenant, dropped) in over_cap {
            let cap = keep.per_tenant;
            tracing::warn!(
                tenant,
                dropped,
                cap,
                "tasks: ended tasks dropped before their retention; raise tasks.ended-per-tenant to keep more"
            );
        }
        tokio::time::sleep(PRUNE).await;
        next(store, Chore::Prune, LONGEST_PRUNE).await;
    }
}

async fn next<S: TaskStore>(store: &S, chore: Chore, longest: Duration) {
    if let Err(error) = store.due(chore, longest).await {
        trouble(&error).await;
    }
}

async fn trouble(error: &TaskStoreError) {
    tracing::error!(%error, "tasks: maintenance failed");
    tokio::time::sleep(TROUBLE).await;
}
