//! The tools of those who run tasks, and of those who look after the queue.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use serde_json::{Map, Value, json};
use tandem_queue::{Scope, TaskState, TaskStore};
use tandem_reactor::rpc::PeerRpc as _;
use tandem_types::Caller;

use super::{
    Answer,
    document::{failed, in_future, state, system_time, time},
};
use crate::error::P2pError;
use crate::{
    core::{Core, require_operator},
    peer_manager,
    queue::waits,
};

/// Most peers that are asked at once.
const MAX_PEERS: u32 = 1_000;

pub(super) async fn status(core: &Core, caller: &Caller, detail: bool) -> Answer {
    let stats = core.queue.tasks.stats(Scope::Tenant(caller.tenant.to_string())).await.map_err(failed)?;
    let waits = stats.oldest_ready.map(|since| core.queue.tasks.now().since(since).as_millis() as f64 / 1000.0);
    let mut answer = json!({
        "queued": stats.queued(),
        "running": stats.count(TaskState::Leased),
        "completed": stats.count(TaskState::Succeeded),
        "failed": stats.count(TaskState::Failed),
        "cancelled": stats.count(TaskState::Cancelled),
        "dead": stats.count(TaskState::Dead),
        "oldest_queued_s": waits,
        "throughput_per_s": stats.ended_last_minute as f64 / 60.0,
        "paused": core.queue.is_draining() || !stats.paused.is_empty(),
        "backend": "sqlite",
    });
    let waiting = waits::groups(core, Scope::Tenant(caller.tenant.to_string())).await.map_err(failed)?;
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

fn in_words(counts: &BTreeMap<TaskState, u64>) -> BTreeMap<&'static str, u64> {
    let mut words = BTreeMap::new();
    for (known, count) in counts {
        *words.entry(state(*known)).or_default() += count;
    }
    words
}

pub(super) async fn workers(core: &Core, caller: &Caller, one: Option<&str>) -> Answer {
    require_operator(caller, "the figures of workers are about the tasks of all tenants")?;
    let workers = core.queue.tasks.workers().await.map_err(failed)?;
    let shown = workers.iter().filter(|worker| one.is_none_or(|name| name == worker.worker)).map(|worker| {
        // A peer says how many; one that never did, and a worker outside of all hosts, has no such number.
        let said =
            worker.worker.parse().ok().and_then(|peer| core.queue.announced.of(&peer)).map(|known| known.capacity);
        let capacity = said.or_else(|| (worker.capacity > 0).then_some(worker.capacity));
        let mean = (worker.completed > 0).then(|| worker.completed_ms as f64 / worker.completed as f64);
        json!({
            "peer_id": worker.worker,
            "name": core.name_of_text(Some(&worker.worker)),
            "capacity": capacity,
            "running": worker.running,
            "completed": worker.completed,
            "failed": worker.failed,
            "lost_leases": worker.lost_leases,
            "mean_ms": mean,
            "last_seen": time(worker.last_seen),
        })
    });
    let shown: Vec<_> = shown.collect();
    match one {
        Some(name) if shown.is_empty() => Err(P2pError::NotFound(format!("no worker `{name}` was heard of"))),
        _ => Ok(json!({"workers": shown})),
    }
}

pub(super) async fn discover(core: &Core, tool: Option<&str>, max_peers: u32, timeout_s: u32) -> Answer {
    let timeout = Duration::from_secs(timeout_s.clamp(1, 60).into());
    let asked = core.network.connected().into_iter().filter(|(_, connected)| connected.speaks != Some(false));
    let mut asking: FuturesUnordered<_> = asked
        .take(MAX_PEERS as usize)
        .map(|(peer, connected)| async move {
            let answer = core.links.ask(peer, "tandem/info", Map::new(), timeout).await.ok()?;
            core.note_info(peer, &answer, Duration::from_secs(300));
            let known = core.queue.announced.of(&peer)?;
            Some((peer, connected, known))
        })
        .collect();
    let mut peers = Vec::new();
    while let Some(answer) = asking.next().await {
        let Some((peer, connected, known)) = answer else { continue };
        if tool.is_some_and(|tool| !known.tools.iter().any(|name| name == tool)) {
            continue;
        }
        let mut addresses: Vec<_> = connected.listens.iter().map(ToString::to_string).collect();
        if addresses.is_empty() {
            addresses.push(connected.address.to_string());
        }
        peers.push(json!({
            "peer_id": peer.to_string(),
            "name": core.name_of(&peer),
            "addresses": addresses,
            "tools": known.tools,
            "capacity": known.capacity,
            "free": known.free,
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
    core: &Core,
    caller: &Caller,
    tools: Option<Vec<String>>,
    capacity: Option<u32>,
    ttl_s: u32,
) -> Answer {
    require_operator(caller, "what this host announces is for all tenants")?;
    let mine = core.task_tools(caller);
    if let Some(wrong) = tools.iter().flatten().find(|tool| !mine.contains(tool)) {
        return Err(P2pError::NotFound(format!("this host has no tool `{wrong}` that a task could call")));
    }
    let ttl = Duration::from_secs(ttl_s.into());
    core.queue.own.set(tools, capacity, ttl);
    core.announce.notify_one();
    let told = peer_manager::announce(core, ttl);
    Ok(json!({"announced_to": told, "expires_at": in_future(ttl)}))
}

pub(super) async fn shutdown(core: &Core, caller: &Caller, drain_s: u32) -> Answer {
    require_operator(caller, "stopping the queue stops it for all tenants")?;
    core.queue.close();
    // Nobody need hold a task for this host, or wonder why it does not come for one.
    peer_manager::announce(core, peer_manager::INFO);
    let (drained, requeued) = core.queue.drain(Duration::from_secs(drain_s.into())).await;
    Ok(json!({"drained": drained, "requeued": requeued}))
}
