//! Monitors tasks that wait, so that operators hear of them: gauges by reason, and a line of the log.
//!
//! **Bounds.** A round in a twelfth of the long wait, at most every [`POLL_INTERVAL`]; [`ASKED`] peers are asked in one round, only while
//! tasks wait, for how much they would take. One line for a reason in [`PAUSE`]: whoever submits what nobody runs must not fill the log.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tandem_queue::Scope;

use super::{
    explain::{WaitExplainer, WaitingTasks},
    reason::Reason,
};
use crate::peers::PeerDirectory;

/// Between two rounds.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Between two lines about one reason.
const PAUSE: Duration = Duration::from_secs(300);
/// Peers that are asked in one round.
const ASKED: usize = 16;
/// How old an advertisement may be where tasks wait.
const FRESH: Duration = Duration::from_secs(5);
/// For a peer's answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Works until it is dropped.
pub(in crate::queue) async fn monitor(waits: &WaitExplainer, peers: &PeerDirectory) {
    let mut logged: HashMap<Reason, Instant> = HashMap::new();
    loop {
        tokio::time::sleep(POLL_INTERVAL.min(waits.long_wait / 12)).await;
        // What the store fails at is logged by those who need it.
        let Ok(waiting) = waits.by_reason(Scope::All).await else { continue };
        gauges(&waiting);
        for group in waiting.iter().filter(|group| group.over_a_minute > 0) {
            let silent = logged.get(&group.reason).is_some_and(|at| at.elapsed() < PAUSE);
            if !silent {
                warn(group);
                logged.insert(group.reason, Instant::now());
            }
        }
        if waiting.iter().any(|group| group.oldest_s > FRESH.as_secs_f64()) {
            // What peers advertised when they connected may be long over.
            peers.refresh_advertisements(FRESH, ASKED, ANSWER).await;
        }
    }
}

fn gauges(waiting: &[WaitingTasks]) {
    for reason in Reason::OF_READY {
        let group = waiting.iter().find(|group| group.reason == reason);
        let (tasks, oldest) = group.map_or((0.0, 0.0), |group| (group.tasks as f64, group.oldest_s));
        metrics::gauge!("tandem_p2p_waiting_tasks", "reason" => reason.code()).set(tasks);
        metrics::gauge!("tandem_p2p_oldest_wait_seconds", "reason" => reason.code()).set(oldest);
    }
}

fn warn(group: &WaitingTasks) {
    tracing::warn!(
        reason = group.reason.code(),
        tasks = group.over_a_minute,
        oldest_s = group.oldest_s as u64,
        tools = group.tools.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        remedy = group.remedy,
        "tasks wait for a worker"
    );
}
