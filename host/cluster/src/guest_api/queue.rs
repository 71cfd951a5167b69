//! The tools of those who run tasks, and of those who look after the queue.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use serde_json::{Value, json};
use tandem_queue::{Scope, SqliteTasks, TaskState, TaskStore as _};
use tandem_types::Caller;

use super::document::{Answer, in_future, state, system_time};
use crate::{
    error::P2pError,
    format::rfc3339,
    limits::ADVERTISEMENT_TTL,
    peer_manager::PeerManager,
    peers::{PeerDirectory, require_operator},
    queue::WaitExplainer,
    worker::LocalWorker,
};

/// Most peers that are asked at once.
const MAX_PEERS: u32 = 1_000;

/// See the module.
pub(super) struct QueueApi {
    pub(super) tasks: SqliteTasks,
    pub(super) peers: Arc<PeerDirectory>,
    pub(super) worker: Arc<LocalWorker>,
    pub(super) waits: Arc<WaitExplainer>,
    pub(super) manager: Arc<PeerManager>,
}

impl QueueApi {
    pub(super) async fn status(&self, caller: &Caller, detail: bool) -> Answer {
        let stats = self.tasks.stats(Scope::Tenant(caller.tenant.to_string())).await?;
        let waits = stats.oldest_ready.map(|since| self.tasks.now().since(since).as_millis() as f64 / 1000.0);
        let mut answer = json!({
            "queued": stats.queued(),
            "running": stats.count(TaskState::Leased),
            "completed": stats.count(TaskState::Succeeded),
            "failed": stats.count(TaskState::Failed),
            "cancelled": stats.count(TaskState::Cancelled),
            "dead": stats.count(TaskState::Dead),
            "oldest_queued_s": waits,
            "throughput_per_s": stats.ended_last_minute as f64 / 60.0,
            "paused": self.worker.slots.is_draining() || !stats.paused.is_empty(),
            "backend": "sqlite",
        });
        let waiting = self.waits.by_reason(Scope::Tenant(caller.tenant.to_string())).await?;
        if let Value::Object(answer) = &mut answer {
            answer.insert("waiting".to_owned(), json!(waiting));
        }
        if let (true, Value::Object(answer)) = (detail, &mut answer) {
            let by_tool: BTreeMap<_, _> = stats.by_tool.iter().map(|(tool, counts)| (tool, in_words(counts))).collect();
            answer.insert("by_tool".to_owned(), json!(by_tool));
            answer.insert("by_priority".to_owned(), json!(stats.by_priority));
        }
        Ok(answer)
    }

    pub(super) async fn workers(&self, caller: &Caller, one: Option<&str>) -> Answer {
        require_operator(caller, "the figures of workers are about the tasks of all tenants")?;
        let workers = self.tasks.workers().await?;
        let shown = workers.iter().filter(|worker| one.is_none_or(|name| name == worker.worker)).map(|worker| {
            // A peer says how many; one that never did, and a worker outside of all hosts, has no such number.
            let said = worker
                .worker
                .parse()
                .ok()
                .and_then(|peer| self.peers.advertisements.get(&peer))
                .map(|known| known.worker.capacity);
            let capacity = said.or_else(|| (worker.capacity > 0).then_some(worker.capacity));
            let mean = (worker.completed > 0).then(|| worker.completed_ms as f64 / worker.completed as f64);
            json!({
                "peer_id": worker.worker,
                "name": self.peers.name_of_text(Some(&worker.worker)),
                "capacity": capacity,
                "running": worker.running,
                "completed": worker.completed,
                "failed": worker.failed,
                "lost_leases": worker.lost_leases,
                "mean_ms": mean,
                "last_seen": rfc3339(worker.last_seen),
            })
        });
        let shown: Vec<_> = shown.collect();
        match one {
            Some(name) if shown.is_empty() => Err(P2pError::NotFound(format!("no worker `{name}` was heard of"))),
            _ => Ok(json!({"workers": shown})),
        }
    }

    pub(super) async fn discover(&self, tool: Option<&str>, max_peers: u32, timeout_s: u32) -> Answer {
        let timeout = Duration::from_secs(timeout_s.clamp(1, 60).into());
        let asked = self.peers.network.connected().into_iter().filter(|(_, connected)| connected.speaks != Some(false));
        let mut asking: FuturesUnordered<_> = asked
            .take(MAX_PEERS as usize)
            .map(|(peer, connected)| async move {
                self.peers.ask_capabilities(peer, timeout).await.ok()?;
                let known = self.peers.advertisements.get(&peer)?;
                Some((peer, connected, known))
            })
            .collect();
        let mut peers = Vec::new();
        while let Some(answer) = asking.next().await {
            let Some((peer, connected, known)) = answer else { continue };
            if tool.is_some_and(|tool| !known.worker.tools.iter().any(|name| name == tool)) {
                continue;
            }
            let mut addresses: Vec<_> = connected.listens.iter().map(ToString::to_string).collect();
            if addresses.is_empty() {
                addresses.push(connected.address.to_string());
            }
            peers.push(json!({
                "peer_id": peer.to_string(),
                "name": self.peers.name_of(&peer),
                "addresses": addresses,
                "tools": known.worker.tools,
                "capacity": known.worker.capacity,
                "free": known.worker.free,
                "rtt_ms": connected.rtt.map(|rtt| rtt.as_secs_f64() * 1e3),
                "last_seen": system_time(known.at),
            }));
            if peers.len() >= max_peers as usize {
                break;
            }
        }
        Ok(json!({"peers": peers}))
    }

    pub(super) fn announce(
        &self,
        caller: &Caller,
        tools: Option<Vec<String>>,
        capacity: Option<u32>,
        ttl_s: u32,
    ) -> Answer {
        require_operator(caller, "what this host announces is for all tenants")?;
        let mine = self.worker.task_tools(caller);
        if let Some(wrong) = tools.iter().flatten().find(|tool| !mine.contains(tool)) {
            return Err(P2pError::NotFound(format!("this host has no tool `{wrong}` that a task could call")));
        }
        let ttl = Duration::from_secs(ttl_s.into());
        self.worker.capacity_override.set(tools, capacity, ttl);
        self.manager.record_changed();
        let told = self.manager.advertise(ttl);
        Ok(json!({"announced_to": told, "expires_at": in_future(ttl)}))
    }

    pub(super) async fn shutdown(&self, caller: &Caller, drain_s: u32) -> Answer {
        require_operator(caller, "stopping the queue stops it for all tenants")?;
        self.worker.slots.close();
        // Nobody need hold a task for this host, or wonder why it does not come for one.
        self.manager.advertise(ADVERTISEMENT_TTL);
        let (drained, requeued) = self.worker.slots.drain(Duration::from_secs(drain_s.into())).await;
        Ok(json!({"drained": drained, "requeued": requeued}))
    }
}

fn in_words(counts: &BTreeMap<TaskState, u64>) -> BTreeMap<&'static str, u64> {
    let mut words = BTreeMap::new();
    for (known, count) in counts {
        *words.entry(state(*known)).or_default() += count;
    }
    words
}
