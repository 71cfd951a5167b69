//! A task's run, from the moment that it is one to its outcome.

use std::{sync::Arc, time::Duration};

use rmcp::model::CallToolResult;
use tandem_queue::{Finish, LeaseRef, Outcome, TaskStore as _};
use tracing::Instrument as _;

use super::{outcome::outcome, running::RunningTask, table::Tasks};
use crate::mcp::driver::CallDriver;

/// Times that an outcome is handed in while the store is too busy to take it; the lease goes on meanwhile.
const TRIES: u32 = 8;
/// The pause after the first of them; it doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// Drives a task in the background.
pub(super) fn start(tasks: Arc<Tasks>, live: Arc<RunningTask>, driver: Box<CallDriver<CallToolResult>>) {
    let span = tracing::info_span!("mcp.task", task = %live.lease.id);
    let work = async move {
        let _leave = Leave(&tasks, live.lease);
        let ended = driver.in_task(&live).await;
        let outcome = outcome(&live, ended, tasks.max_result).await;
        hand_in(&tasks, &live, outcome).await;
    };
    tokio::spawn(work.instrument(span));
}

/// Takes a task out of those that run, however its run ends.
struct Leave<'a>(&'a Tasks, LeaseRef);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

async fn hand_in(tasks: &Tasks, live: &RunningTask, outcome: Outcome) {
    let mut pause = PAUSE;
    for _ in 0..TRIES {
        match tasks.store.finish(&tasks.worker, vec![(live.lease, outcome.clone())]).await {
            Ok(finished) => {
                match finished.first() {
                    Some(Finish::Applied { state, .. }) => {
                        let state = state.to_string();
                        tracing::info!(state, "tasks: task ended");
                        metrics::counter!("tandem_mcp_tasks_total", "state" => state).increment(1);
                    }
                    _ => tracing::warn!(task = %live.lease.id, "tasks: outcome refused, the lease is stale"),
                }
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "tasks: cannot store an outcome");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
}
