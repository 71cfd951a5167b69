//! Looks after tasks that wait, so that operators hear of them: gauges by reason, and a line of the log.
//!
//! **Bounds.** A look in a twelfth of the long wait, at most [`LOOK`]; [`ASKED`] peers are asked in one look, only while tasks wait, for
//! how much they would take. One line for a reason in [`PAUSE`]: whoever submits what nobody runs must not fill the log.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Map;
use tandem_queue::Scope;
use tandem_reactor::rpc::PeerRpc as _;

use super::{Reason, WaitingTasks, groups};
use crate::core::Core;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(5);
/// Between two lines about one reason.
pub(super) const PAUSE: Duration = Duration::from_secs(300);
/// Peers that are asked in one look.
const ASKED: usize = 16;
/// How old what a peer said may be where tasks wait.
const FRESH: Duration = Duration::from_secs(5);
/// How long what it says is believed without hearing of it again.
const INFO: Duration = Duration::from_secs(300);
/// For its answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Works until it is dropped.
pub(crate) async fn watch(core: Arc<Core>) {
    let mut logged: HashMap<Reason, Instant> = HashMap::new();
    loop {
        tokio::time::sleep(LOOK.min(core.settings.long_wait / 12)).await;
        // What the store fails at is said by those who need it.
        let Ok(waiting) = groups(&core, Scope::All).await else { continue };
        gauges(&waiting);
        for group in waiting.iter().filter(|group| group.over_a_minute > 0) {
            let silent = logged.get(&group.reason).is_some_and(|at| at.elapsed() < PAUSE);
            if !silent {
                warn(group);
                logged.insert(group.reason, Instant::now());
            }
        }
        if waiting.iter().any(|group| group.oldest_s > FRESH.as_secs_f64()) {
            ask(&core).await;
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

/// Asks peers how much they would take: what they announced when they connected may be long over.
async fn ask(core: &Core) {
    let stale = core.network.connected().into_iter().filter(|(peer, connected)| {
        let known = core.queue.announced.of(peer);
        connected.speaks == Some(true) && known.is_none_or(|known| known.at.elapsed().is_ok_and(|age| age > FRESH))
    });
    let asks = stale.take(ASKED).map(|(peer, _)| async move {
        if let Ok(answer) = core.links.ask(peer, "tandem/info", Map::new(), ANSWER).await {
            core.note_info(peer, &answer, INFO);
        }
    });
    futures::future::join_all(asks).await;
}
