//! What people and traces know hosts and their work by.

use libp2p::{Stream, identity::Keypair};
use serde_json::{Value, json};
use tandem_cluster::P2pRequest;
use tandem_config::{Admission, P2pConfig};
use tandem_types::Caller;
use tandem_types::Secret;

use crate::{
    kit::{Host, ask, closed, config, peer_of, send},
    queues::{submitted, until, workflow},
};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn named(name: &str) -> P2pConfig {
    let mut p2p = config();
    p2p.admission = Admission::Psk;
    p2p.psk = Some(Secret::new("ab".repeat(32)));
    p2p.name = Some(name.to_owned());
    p2p
}

/// Two hosts with names, of which the second alone has the tool.
async fn pair(tool: &'static str) -> [Host; 2] {
    let hosts = [Host::start(&named("north-1")).await, Host::start(&named("south-2")).await];
    hosts[0].loses(tool);
    assert_eq!(hosts[0].connect(&hosts[1].address()).await["connected"], 1);
    let meets = |known: &Value| known["name"] == "south-2" && known["state"] == "connected";
    hosts[0].until(&hosts[1].peer, meets).await;
    hosts
}

async fn ended(host: &Host, id: &str) -> Value {
    host.request(P2pRequest::TaskResult { id: id.to_owned(), wait_s: 60 }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_have_names_beside_their_ids() {
    let [here, there] = pair("echo").await;
    let id = submitted(&here, json!({"tool": "echo", "arguments": {}})).await;
    assert_eq!(ended(&here, &id).await["state"], "completed");
    let task = here.request(P2pRequest::TaskStatus { id }).await.unwrap();
    assert_eq!((&task["worker"], &task["worker_name"]), (&json!(there.peer.to_string()), &json!("south-2")), "{task}");
    let steps = json!([{"id": "only", "tool": "echo", "arguments": {}}]);
    let id = workflow(&here, json!({"name": "w", "steps": steps})).await;
    let done = until(&here, &id, "succeeded").await;
    let names = (&done["steps"][0]["peer_name"], &done["coordinator_name"]);
    assert_eq!(names, (&json!("south-2"), &json!("north-1")), "{done}");
    let stats = here.request(P2pRequest::WorkerStats { worker: Some(there.peer.to_string()) }).await.unwrap();
    assert_eq!(stats["workers"][0]["name"], "south-2", "{stats}");
    let asked = P2pRequest::DiscoverWorkers { tool: None, max_peers: 9, timeout_s: 20 };
    assert_eq!(here.request(asked).await.unwrap()["peers"][0]["name"], "south-2");
    assert_eq!(here.reactor.status().await.name.as_deref(), Some("north-1"));
    // A reason names it too.
    there.request(P2pRequest::QueueShutdown { drain_s: 0 }).await.unwrap();
    let id = submitted(&here, json!({"tool": "echo", "arguments": {}})).await;
    let end = tokio::time::Instant::now() + crate::queues::PATIENCE;
    loop {
        let wait = here.request(P2pRequest::TaskStatus { id: id.clone() }).await.unwrap()["waits_for"].clone();
        if wait["reason"] == "worker_draining" {
            assert!(
                wait["remedy"].as_str().unwrap().contains("south-2")
                    && wait["details"]["hosts"][0]["name"] == "south-2"
            );
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{wait}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_tables_cannot_show_is_none() {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    let host = Host::start(&closed(&[id])).await;
    let mut peer = peer_of(&key, &host);
    let mut stream: Stream = peer.stream().await;
    let long = "x".repeat(65);
    for (name, capacity) in [("two words", 1), ("\u{1b}[2J", 2), ("", 3), (&long, 4), ("good.name_1-a", 5)] {
        let params = json!({"name": name, "tools": ["echo"], "capacity": capacity, "free": 1, "ttl_s": 60});
        send(&mut stream, json!({"method": "tandem/announce", "params": params}).to_string().as_bytes()).await;
        // It is taken before this is answered.
        ask(&mut stream, json!({"id": 1, "method": "ping", "params": {}})).await;
        let known = host.until(&id, |known| known["tools"] == json!(["echo"])).await;
        assert_eq!(known["name"].as_str(), (capacity == 5).then_some(name), "{known}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_goes_with_tasks_and_steps_to_the_host_that_runs_them() {
    let [here, _there] = pair("traced").await;
    let traced = json!({"tool": "traced", "arguments": {}, "idempotency_key": "k"});
    let submit = P2pRequest::TaskSubmit { task: traced.to_string() };
    let answer = here.request_in(Some(TRACE), Caller::local(), submit.clone()).await.unwrap();
    let id = answer["task_id"].as_str().unwrap().to_owned();
    assert_eq!(ended(&here, &id).await["result"], json!({"traceparent": TRACE}));
    // It is no part of what a key stands for.
    let again = here.request_in(None, Caller::local(), submit).await.unwrap();
    assert_eq!((&again["task_id"], &again["replayed"]), (&json!(id), &json!(true)));
    let steps = json!([{"id": "only", "tool": "traced", "arguments": {}}]);
    let submit = P2pRequest::WorkflowSubmit { workflow: json!({"name": "w", "steps": steps}).to_string() };
    let answer = here.request_in(Some(TRACE), Caller::local(), submit).await.unwrap();
    let done = until(&here, answer["workflow_id"].as_str().unwrap(), "succeeded").await;
    assert_eq!(done["steps"][0]["result"], json!({"traceparent": TRACE}), "{done}");
    // A request of a peer may have one; what is none is left out.
    let key = Keypair::generate_ed25519();
    let host = Host::start(&closed(&[key.public().to_peer_id()])).await;
    let mut peer = peer_of(&key, &host);
    let mut stream = peer.stream().await;
    for (sent, seen) in [(TRACE, json!(TRACE)), ("00-nonsense\n", Value::Null)] {
        let params = json!({"name": "traced", "arguments": {}, "_meta": {"traceparent": sent}});
        let answer = ask(&mut stream, json!({"id": 1, "method": "tools/call", "params": params})).await;
        assert_eq!(answer["result"]["structuredContent"]["traceparent"], seen, "{answer}");
    }
}
