//! Maintenance of this host's queue: leases that were not renewed end, tasks whose time has come get ready, old ones are forgotten; and the
//! gauges of tasks by state.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tandem_queue::{Reaped, Scope, SqliteTasks, TaskState, TaskStore as _};
use tandem_reactor::trust::Conduct;

use crate::{limits::LEASE, peers::PeerDirectory};

/// Between two counts of the tasks for the metrics.
const GAUGE: Duration = Duration::from_secs(1);

/// Maintains until it is dropped. A peer whose lease ended is reported.
pub(super) async fn maintain(tasks: &SqliteTasks, peers: &PeerDirectory) {
    // When each worker was reported last. A host that went down with many tasks lost them by one fault.
    let mut reported: HashMap<String, Instant> = HashMap::new();
    let lost = |lost: Reaped| {
        reported.retain(|_, at| at.elapsed() < LEASE);
        if let (Ok(peer), false) = (lost.worker.parse(), reported.contains_key(&lost.worker))
            && peer != peers.me()
        {
            reported.insert(lost.worker, Instant::now());
            peers.report(peer, Conduct::LostLease);
        }
    };
    tandem_queue::upkeep(tasks, lost).await;
}

/// Shows how many tasks are in each state, soon after that changes.
pub(super) async fn update_gauges(tasks: &SqliteTasks) {
    let mut wakeups = tasks.wakeups();
    loop {
        if let Ok(stats) = tasks.stats(Scope::All).await {
            for state in TaskState::ALL {
                metrics::gauge!("tandem_p2p_tasks", "state" => state.to_string()).set(stats.count(state) as f64);
            }
        }
        tokio::time::sleep(GAUGE).await;
        drop(tokio::time::timeout(GAUGE * 10, wakeups.changed()).await);
    }
}
