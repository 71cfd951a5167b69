//! Why tasks wait: each way in which peers are connected and a task does not complete, made and explained.

use std::time::Duration;

use libp2p::{PeerId, Stream, identity::Keypair};
use serde_json::{Value, json};
use tandem_cluster::{P2pError, P2pRequest};
use tandem_cluster::{QUEUE, Reason};
use tandem_config::P2pConfig;
use tandem_queue::TaskStore as _;
use tandem_reactor::PingSettings;
use tandem_types::Caller;

use crate::{
    kit::{Host, Peer, ask, closed, config, peer_of, send},
    queues::{PATIENCE, network, submitted},
};

/// A tool that only the peer has.
const TOOL: &str = "elsewhere";

async fn status(host: &Host, id: &str) -> Value {
    host.request(P2pRequest::TaskStatus { id: id.to_owned() }).await.unwrap()
}

/// Waits until a task waits for this reason, with a remedy that names what is to be done.
async fn waits(host: &Host, id: &str, reason: &str, remedy: &[&str]) -> Value {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let task = status(host, id).await;
        let wait = task["waits_for"].clone();
        if wait["reason"] == reason {
            let text = wait["remedy"].as_str().unwrap();
            assert!(remedy.iter().all(|part| text.contains(part)), "{wait}");
            assert!(wait["since"].is_string() || reason == "retry_backoff", "{wait}");
            let listed = P2pRequest::TaskList { filter: json!({"state": "queued"}).to_string() };
            let listed = host.request(listed).await.unwrap();
            let listed = listed["tasks"].as_array().unwrap().iter().find(|task| task["task_id"] == *id).cloned();
            assert_eq!(listed.unwrap()["waits_for"]["reason"], reason, "a list says it too");
            return wait;
        }
        assert!(tokio::time::Instant::now() < end, "it should be {reason}: {task}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn completes(host: &Host, id: &str) {
    let done = host.request(P2pRequest::TaskResult { id: id.to_owned(), wait_s: 60 }).await.unwrap();
    assert_eq!(done["state"], "completed", "{done}");
    assert!(status(host, id).await["waits_for"].is_null());
}

/// A peer that says what it can run and claims nothing.
struct Idle {
    peer: Peer,
    stream: Stream,
    id: PeerId,
}

impl Idle {
    async fn of(host: &Host, key: &Keypair) -> Self {
        let mut peer = peer_of(key, host);
        let stream = peer.stream().await;
        let mut idle = Self { peer, stream, id: key.public().to_peer_id() };
        idle.says(host, json!({"tools": [TOOL], "capacity": 4, "free": 4})).await;
        idle
    }

    async fn says(&mut self, host: &Host, offer: Value) {
        let tools = offer["tools"].clone();
        let mut params = offer;
        params["ttl_s"] = json!(600);
        let announce = json!({"jsonrpc": "2.0", "method": "tandem/announce", "params": params});
        send(&mut self.stream, announce.to_string().as_bytes()).await;
        host.until(&self.id, |known| known["tools"] == tools).await;
    }
}

/// A host on which all but one peer are refused, and that one, which has a tool of its own.
async fn with_idle() -> (Host, Idle) {
    let key = Keypair::generate_ed25519();
    let host = Host::start(&closed(&[key.public().to_peer_id()])).await;
    let idle = Idle::of(&host, &key).await;
    (host, idle)
}

fn task(tool: &str) -> Value {
    json!({"tool": tool, "arguments": {}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_an_open_network_tasks_are_not_leased() {
    let (host, key) = (Host::start(&config()).await, Keypair::generate_ed25519());
    let idle = Idle::of(&host, &key).await;
    let id = submitted(&host, task(TOOL)).await;
    let wait = waits(&host, &id, "admission_open", &["p2p.admission", "psk"]).await;
    assert_eq!(wait["details"]["hosts"], json!([{"peer_id": idle.id.to_string(), "reason": "admission_open"}]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_without_workers_are_named() {
    let mut p2p = config();
    p2p.task_queue.workers = 0;
    let alone = Host::start(&p2p).await;
    let id = submitted(&alone, task("echo")).await;
    waits(&alone, &id, "workers_zero", &["this host", "[p2p.task-queue]"]).await;

    let (host, mut idle) = with_idle().await;
    idle.says(&host, json!({"tools": [TOOL, "b"], "capacity": 0, "free": 0})).await;
    let id = submitted(&host, task(TOOL)).await;
    waits(&host, &id, "workers_zero", &[&idle.id.to_string(), "[p2p.task-queue]"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_is_unknown_or_away_or_without_the_tool() {
    let (host, idle) = with_idle().await;
    let at = |tool: &str, peer: &str| json!({"tool": tool, "arguments": {}, "target_peer": peer});
    let stranger = Keypair::generate_ed25519().public().to_peer_id().to_string();
    let id = submitted(&host, at(TOOL, &stranger)).await;
    waits(&host, &id, "target_unknown", &[&stranger, "tandem peer list --all"]).await;
    let there = idle.id.to_string();
    let id = submitted(&host, at("echo", &there)).await;
    waits(&host, &id, "target_without_tool", &[&there, "echo"]).await;
    let id = submitted(&host, at(TOOL, &there)).await;
    waits(&host, &id, "awaiting_claim", &[&there]).await;
    drop(idle);
    let wait = waits(&host, &id, "target_away", &[&there]).await;
    assert!(wait["details"]["last_seen"].is_string(), "{wait}");
    // This host may be the target too.
    let id = submitted(&host, at(TOOL, &host.peer.to_string())).await;
    waits(&host, &id, "target_without_tool", &[TOOL]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_had_the_tool_and_is_gone_is_named() {
    let key = Keypair::generate_ed25519();
    let mut p2p = closed(&[key.public().to_peer_id()]);
    p2p.task_queue.workers = 0;
    let host = Host::start(&p2p).await;
    let mut idle = Idle::of(&host, &key).await;
    idle.says(&host, json!({"tools": [TOOL, "echo"], "capacity": 4, "free": 4})).await;
    let there = idle.id.to_string();
    let [only_there, here_too] = [submitted(&host, task(TOOL)).await, submitted(&host, task("echo")).await];
    waits(&host, &only_there, "awaiting_claim", &[&there]).await;
    drop(idle);
    waits(&host, &only_there, "peer_away", &[&there, "not connected"]).await;
    let wait = waits(&host, &here_too, "peer_away", &[&there]).await;
    assert_eq!(wait["details"]["hosts"][1]["reason"], "workers_zero", "{wait}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_claim_what_a_changed_policy_trusts_them_with() {
    let [here, there] = network(4).await;
    here.loses("echo");
    here.tasks.pause(QUEUE, true).await.unwrap();
    let id = submitted(&here, json!({"tool": "echo", "arguments": {}, "priority": 7})).await;
    here.operator.0.lock().unwrap().most = Some(3);
    here.tasks.pause(QUEUE, false).await.unwrap();
    waits(&here, &id, "priority_above_maximum", &[&there.peer.to_string()]).await;
    here.operator.0.lock().unwrap().most = None;
    here.reactor.policy_changed(&[], &[]).await.unwrap();
    completes(&here, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_tool_was_removed_waits_for_a_host_that_has_it() {
    let (host, mut idle) = with_idle().await;
    let id = submitted(&host, task(TOOL)).await;
    waits(&host, &id, "awaiting_claim", &[&idle.id.to_string()]).await;
    idle.says(&host, json!({"tools": ["another"], "capacity": 4, "free": 4})).await;
    let wait = waits(&host, &id, "no_host_has_the_tool", &[TOOL, "plugin"]).await;
    assert_eq!(wait["details"]["connected"], 1, "{wait}");
    let own = Host::start(&config()).await;
    own.tasks.pause(QUEUE, true).await.unwrap();
    let id = submitted(&own, task("echo")).await;
    own.loses("echo");
    own.tasks.pause(QUEUE, false).await.unwrap();
    waits(&own, &id, "no_host_has_the_tool", &["echo", "no other host is connected", "tandem peer list --all"]).await;
    let refused = own.request(P2pRequest::TaskSubmit { task: task("echo").to_string() }).await;
    let Err(P2pError::NotFound(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("categories") && why.contains("no other host is connected"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_above_what_peers_are_trusted_with_is_told_so() {
    let (host, idle) = with_idle().await;
    let id = submitted(&host, json!({"tool": TOOL, "arguments": {}, "priority": 7})).await;
    host.operator.0.lock().unwrap().most = Some(3);
    let wait = waits(&host, &id, "priority_above_maximum", &["max-priority", &idle.id.to_string()]).await;
    assert_eq!(wait["details"]["max_priority"], 3, "{wait}");
    host.request(P2pRequest::TaskPriority { id: id.clone(), priority: 3 }).await.unwrap();
    waits(&host, &id, "awaiting_claim", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_of_another_tenant_and_one_without_a_token_are_told_apart() {
    let (host, mut idle) = with_idle().await;
    host.operator.0.lock().unwrap().takes = true;
    let id = submitted(&host, task(TOOL)).await;
    let mut claim = async |token: Option<&str>| {
        let mut params = json!({"tools": [TOOL], "max": 1, "lease_s": 30});
        if let Some(token) = token {
            params["_meta"] = json!({"authorization": token});
        }
        ask(&mut idle.peer.stream().await, json!({"id": 1, "method": "tasks/claim", "params": params})).await
    };
    let none = claim(Some("Bearer good")).await;
    assert_eq!(none["result"]["tasks"], json!([]), "{none}");
    waits(&host, &id, "tenant_mismatch", &["p2p.tenants", "p2p.tokens"]).await;
    host.operator.0.lock().unwrap().require = true;
    claim(None).await;
    waits(&host, &id, "peer_unauthorized", &["p2p.tokens", "p2p.require-token"]).await;
    // By its own tenant, before it ever claimed.
    let (host, _idle) = with_idle().await;
    host.operator.0.lock().unwrap().apart = true;
    let id = submitted(&host, task(TOOL)).await;
    let wait = waits(&host, &id, "tenant_mismatch", &["p2p.tenants"]).await;
    assert!(!wait.to_string().contains("`peers`"), "no other tenant is named: {wait}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_queue_and_a_drained_host_are_told_with_what_ends_it() {
    let host = Host::start(&config()).await;
    host.tasks.pause(QUEUE, true).await.unwrap();
    let id = submitted(&host, task("echo")).await;
    waits(&host, &id, "queue_paused", &["tandem task resume"]).await;
    assert!(host.reactor.status().await.paused);
    host.tasks.pause(QUEUE, false).await.unwrap();
    completes(&host, &id).await;
    host.request(P2pRequest::QueueShutdown { drain_s: 0 }).await.unwrap();
    let id = submitted(&host, task("echo")).await;
    waits(&host, &id, "worker_draining", &["this host", "tandem task resume"]).await;
    host.reactor.take_tasks().await.unwrap();
    completes(&host, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_worker_elsewhere_is_named() {
    let [here, there] = network(4).await;
    here.loses("echo");
    there.request(P2pRequest::QueueShutdown { drain_s: 0 }).await.unwrap();
    let id = submitted(&here, task("echo")).await;
    waits(&here, &id, "worker_draining", &[&there.peer.to_string(), "tandem task resume"]).await;
    there.reactor.take_tasks().await.unwrap();
    completes(&here, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_is_not_heard_of_is_told() {
    let key = Keypair::generate_ed25519();
    let ping = PingSettings { interval: Duration::from_secs(1), timeout: Duration::from_secs(1) };
    let p2p = closed(&[key.public().to_peer_id()]);
    let host = Host::set(&p2p, |settings| settings.network.ping = ping).await;
    // It answers no ping: it does not know them.
    let idle = Idle::of(&host, &key).await;
    let id = submitted(&host, task(TOOL)).await;
    waits(&host, &id, "peer_unreachable", &[&idle.id.to_string()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_its_time_or_for_a_place_says_so() {
    let mut p2p = config();
    p2p.task_queue.workers = 1;
    let host = Host::start(&p2p).await;
    let tomorrow = (chrono::Utc::now() + chrono::Duration::days(1)).to_rfc3339();
    let id = submitted(&host, json!({"tool": "echo", "arguments": {}, "run_at": tomorrow})).await;
    let wait = waits(&host, &id, "not_due", &["run_at"]).await;
    assert!(wait["details"]["run_at"].is_string(), "{wait}");
    let retry = json!({"policy": "linear", "max_attempts": 9, "base_delay_ms": 3_600_000});
    let id = submitted(&host, json!({"tool": "refuses", "arguments": {}, "retry": retry})).await;
    waits(&host, &id, "retry_backoff", &["error"]).await;
    let running = submitted(&host, task("slow")).await;
    let id = submitted(&host, task("echo")).await;
    waits(&host, &id, "no_free_worker", &["[p2p.task-queue]"]).await;
    assert!(status(&host, &running).await["waits_for"].is_null(), "it does not wait");
    host.request(P2pRequest::TaskCancel { id: running, reason: None }).await.unwrap();
    completes(&host, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_counted_by_reason_for_each_tenant_and_for_the_operator() {
    let p2p = P2pConfig { task_queue: tandem_config::HostConfig::default().p2p.task_queue, ..config() };
    let host = Host::set(&p2p, |settings| settings.long_wait = Duration::from_millis(300)).await;
    host.tasks.pause(QUEUE, true).await.unwrap();
    for tenant in ["acme", "acme", "other"] {
        let submit = P2pRequest::TaskSubmit { task: task("echo").to_string() };
        host.request_as(Caller::new(tenant, "key"), submit).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    let all = host.reactor.status().await.waiting;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((all[0].reason, all[0].tasks, all[0].over_a_minute), (Reason::QueuePaused, 3, 3), "{all:?}");
    assert!(all[0].tools.contains("echo") && all[0].oldest_s >= 0.3, "{all:?}");
    let own = host.request_as(Caller::new("acme", "key"), P2pRequest::QueueStatus { detail: false }).await.unwrap();
    assert_eq!(
        (&own["waiting"][0]["reason"], &own["waiting"][0]["tasks"]),
        (&json!("queue_paused"), &json!(2)),
        "{own}"
    );
    host.tasks.pause(QUEUE, false).await.unwrap();
}
