//! Workers that are lost or stopped while a task runs: what becomes of it.

use futures::StreamExt as _;
use libp2p::{PeerId, Stream, identity::Keypair};
use serde_json::{Value, json};
use tandem_cluster::P2pRequest;
use tandem_queue::TaskStore as _;

use crate::{
    kit::{Host, Peer, ask, closed, peer_of, send},
    queues::{PATIENCE, submitted, workflow},
};

/// What the workers of a test have. The host itself has the first and the last, of which `echo` may run again.
const TOOLS: [&str; 6] = ["echo", "first", "none", "second", "third", "slow"];

/// A peer that takes tasks and does nothing with them.
struct Worker {
    _peer: Peer,
    stream: Stream,
    id: PeerId,
}

impl Worker {
    /// It says that these of its tools may run again.
    async fn of(host: &Host, key: &Keypair, repeatable: &[&str]) -> Self {
        let mut peer = peer_of(key, host);
        let mut stream = peer.stream().await;
        let params = json!({"tools": TOOLS, "repeatable": repeatable, "capacity": 4, "free": 4, "ttl_s": 600});
        let announce = json!({"jsonrpc": "2.0", "method": "tandem/announce", "params": params});
        send(&mut stream, announce.to_string().as_bytes()).await;
        let id = key.public().to_peer_id();
        host.until(&id, |known| known["tools"].as_array().is_some_and(|tools| tools.len() == TOOLS.len())).await;
        Self { _peer: peer, stream, id }
    }

    async fn asks(&mut self, method: &str, params: Value) -> Value {
        let answer = ask(&mut self.stream, json!({"id": 1, "method": method, "params": params})).await;
        answer["result"].clone()
    }

    async fn claims(&mut self, tool: &str) -> Option<Value> {
        let claimed = self.asks("tasks/claim", json!({"tools": [tool], "max": 1, "lease_s": 60})).await;
        claimed["tasks"].get(0).cloned()
    }
}

/// Has one of the workers claim a task of a tool and vanish. Answers whether it is there for a worker again; else it has ended.
async fn runs_again(host: &Host, workers: &mut [Worker], tool: &str, ended: impl AsyncFn() -> bool) -> bool {
    let mut lost = false;
    let turns = async {
        loop {
            for worker in &mut *workers {
                let Some(task) = worker.claims(tool).await else { continue };
                if lost {
                    let done = json!({"id": task["id"], "fence": task["fence"], "outcome": "ok", "result": {}});
                    assert!(!worker.asks("tasks/finish", done).await["state"].is_null());
                    return true;
                }
                assert_eq!(host.tasks.end_leases(&worker.id.to_string()).await.unwrap(), 1);
                lost = true;
            }
            if ended().await {
                assert!(lost, "{tool} ends with no worker");
                return false;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, turns).await.unwrap_or_else(|_| panic!("{tool} neither ends nor runs again"))
}

/// Nobody said anything about `retry`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_worker_had_runs_again_only_where_all_who_have_the_tool_say_that_it_may() {
    let keys = [Keypair::generate_ed25519(), Keypair::generate_ed25519()];
    let mut p2p = closed(&keys.each_ref().map(|key| key.public().to_peer_id()));
    p2p.task_queue.workers = 0;
    let host = Host::start(&p2p).await;
    let mut workers = [
        Worker::of(&host, &keys[0], &["first", "second"]).await,
        Worker::of(&host, &keys[1], &["first", "third"]).await,
    ];
    for (tool, again) in
        [("echo", true), ("slow", false), ("first", true), ("second", false), ("third", false), ("none", false)]
    {
        let one = json!({"tool": tool, "arguments": {}});
        let id = submitted(&host, one.clone()).await;
        let task = async || host.request(P2pRequest::TaskStatus { id: id.clone() }).await.unwrap();
        let ran = runs_again(&host, &mut workers, tool, async || task().await["finished_at"].is_string()).await;
        let now = task().await;
        assert_eq!(ran, again, "{tool}: {now}");
        let (state, code) = if again { ("completed", Value::Null) } else { ("failed", json!("lease_expired")) };
        assert_eq!((&now["state"], &now["error_code"]), (&json!(state), &code), "{tool}: {now}");

        let mut step = one;
        step["id"] = json!("only");
        let id = workflow(&host, json!({"name": "one", "steps": [step]})).await;
        let flow = async || host.request(P2pRequest::WorkflowStatus { id: id.clone() }).await.unwrap();
        let ran = runs_again(&host, &mut workers, tool, async || flow().await["finished_at"].is_string()).await;
        assert_eq!(ran, again, "a step of {tool}: {}", flow().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ran_when_its_host_stopped_runs_again_only_where_that_was_asked_for() {
    let mut p2p = closed(&[]);
    p2p.task_queue.workers = 3;
    let host = Host::start(&p2p).await;
    let status = async |id: &str| host.request(P2pRequest::TaskStatus { id: id.to_owned() }).await.unwrap();
    let mut all = Vec::new();
    for (retry, state) in [
        (Value::Null, "failed"),
        (json!({"policy": "none", "max_attempts": 5}), "failed"),
        (json!({"policy": "linear", "max_attempts": 5}), "queued"),
    ] {
        let mut task = json!({"tool": "slow", "arguments": {}});
        if !retry.is_null() {
            task["retry"] = retry.clone();
        }
        all.push((submitted(&host, task).await, retry, state));
    }
    let run = futures::stream::iter(&all).for_each(async |(id, ..)| {
        while status(id).await["state"] != "running" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    tokio::time::timeout(PATIENCE, run).await.expect("they run");
    host.request(P2pRequest::QueueShutdown { drain_s: 0 }).await.unwrap();
    for (id, retry, state) in all {
        let now = status(&id).await;
        assert_eq!(now["state"], state, "{retry}: {now}");
        if state == "failed" {
            assert_eq!(now["error_code"], "interrupted", "{retry}: {now}");
        }
    }
}
