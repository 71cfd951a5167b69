//! What a workflow came to, and the hosts that it is for.

use libp2p::{PeerId, identity::Keypair};
use serde_json::{Value, json};
use tandem_cluster::{P2pError, P2pRequest};
use tandem_queue::TaskStore as _;
use tandem_types::Caller;

use crate::{
    kit::{Host, config},
    queues::{PATIENCE, network, until, workflow},
};

fn steps_of(status: &Value) -> &[Value] {
    status["steps"].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_has_results_tasks_times_and_reasons() {
    let host = Host::start(&config()).await;
    let long = "x".repeat(20_000);
    let steps = json!([
        {"id": "a", "tool": "echo", "arguments": {"n": 1}},
        {"id": "b", "tool": "echo", "arguments": {"text": {"$from": "a", "path": "/n"}, "long": long}, "depends_on": ["a"]},
        {"id": "c", "tool": "refuses", "arguments": {}, "depends_on": ["a"]},
        {"id": "d", "tool": "echo", "arguments": {}, "depends_on": ["c"]},
    ]);
    let id = workflow(&host, json!({"name": "w", "steps": steps, "tags": ["t"]})).await;
    let done = until(&host, &id, "failed").await;
    let [a, b, c, d] = steps_of(&done) else { panic!("{done}") };
    assert_eq!((&a["result"], &a["tool"], &a["attempt"]), (&json!({"n": 1}), &json!("echo"), &json!(1)), "{a}");
    assert!(a["started_at"].is_string() && a["finished_at"].is_string() && a["duration_ms"].is_u64(), "{a}");
    assert_eq!((&b["result"], &b["result_left_out"]), (&Value::Null, &json!(true)), "20 kB are not in a status: {b}");
    assert_eq!((&c["error_code"], &c["max_attempts"]), (&json!("failed"), &json!(1)), "{c}");
    assert_eq!((&d["state"], &d["task_id"]), (&json!("skipped"), &Value::Null), "{d}");
    // The task of a step has what the status leaves out.
    let task = b["task_id"].as_str().unwrap().to_owned();
    let whole = host.request(P2pRequest::TaskResult { id: task, wait_s: 0 }).await.unwrap();
    assert_eq!(whole["result"]["long"], long);
    let me = host.peer.to_string();
    assert_eq!((&done["workflow_id"], &done["tags"]), (&json!(id), &json!(["t"])));
    assert_eq!((&done["coordinator"], &done["coordinating_peers"]), (&json!(me), &json!([me])), "{done}");
    assert!(done["created_at"].is_string() && done["finished_at"].is_string(), "{done}");
    let reason = done["reason"].as_str().unwrap();
    assert!(reason.starts_with("step `c` failed: failed: "), "{reason}");

    let half = |id: &str| json!({"id": id, "tool": "echo", "arguments": {"text": "x".repeat(40_000)}});
    let both = json!({"one": {"$from": "a", "path": "/text"}, "other": {"$from": "b", "path": "/text"}});
    let whole = json!({"id": "c", "tool": "echo", "arguments": both, "depends_on": ["a", "b"]});
    let id = workflow(&host, json!({"name": "w", "steps": [half("a"), half("b"), whole]})).await;
    let done = until(&host, &id, "succeeded").await;
    let step = &steps_of(&done)[2];
    assert!(step["result_cid"].is_string() && step["result_left_out"] == true && done["reason"].is_null(), "{done}");

    let slow = json!([{"id": "only", "tool": "slow", "arguments": {}}]);
    let id = workflow(&host, json!({"name": "w", "steps": slow, "timeout_s": 1})).await;
    let done = until(&host, &id, "failed").await;
    assert!(done["reason"].as_str().is_some_and(|why| why.contains("timeout_s")), "{done}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_are_listed_by_workflow_and_a_step_says_why_it_waits() {
    let host = Host::start(&config()).await;
    host.tasks.pause(tandem_cluster::QUEUE, true).await.unwrap();
    let one = |name: &str| json!({"name": name, "steps": [{"id": name, "tool": "echo", "arguments": {}}]});
    let (first, second) = (workflow(&host, one("a")).await, workflow(&host, one("b")).await);
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let now = host.request(P2pRequest::WorkflowStatus { id: first.clone() }).await.unwrap();
        if steps_of(&now)[0]["waits_for"]["reason"] == "queue_paused" {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{now}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    host.tasks.pause(tandem_cluster::QUEUE, false).await.unwrap();
    until(&host, &first, "succeeded").await;
    until(&host, &second, "succeeded").await;
    let list = |id: &str| P2pRequest::TaskList { filter: json!({"workflow": id}).to_string() };
    for (id, step) in [(&first, "a"), (&second, "b")] {
        let listed = host.request(list(id)).await.unwrap();
        let tasks = listed["tasks"].as_array().unwrap();
        assert_eq!(
            (tasks.len(), &tasks[0]["step"], &tasks[0]["workflow_id"]),
            (1, &json!(step), &json!(id)),
            "{listed}"
        );
    }
    let none = host.request_as(Caller::new("stranger", "key"), list(&first)).await.unwrap();
    assert_eq!(none["total"], 0, "another tenant's are nobody's: {none}");
    assert!(matches!(host.request(list("7")).await, Err(P2pError::InvalidArgument(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_runs_on_the_hosts_that_it_is_for_and_on_no_other() {
    let [here, there] = network(4).await;
    let steps: Vec<_> = (0..6).map(|n| json!({"id": format!("s{n}"), "tool": "echo", "arguments": {"n": n}})).collect();
    let on = |peers: &[PeerId]| {
        let peers: Vec<_> = peers.iter().map(ToString::to_string).collect();
        json!({"name": "w", "steps": steps, "target_peers": peers})
    };
    let id = workflow(&here, on(&[there.peer])).await;
    let done = until(&here, &id, "succeeded").await;
    let theirs = there.peer.to_string();
    assert!(steps_of(&done).iter().all(|step| step["peer"] == theirs), "{done}");
    assert_eq!(done["coordinating_peers"], json!([here.peer.to_string(), theirs]), "{done}");
    assert_eq!(done["target_peers"], json!([theirs]));
    // One that is nowhere is passed over for one that is there.
    let nobody = Keypair::generate_ed25519().public().to_peer_id();
    let id = workflow(&here, on(&[nobody, here.peer])).await;
    let done = until(&here, &id, "succeeded").await;
    assert!(steps_of(&done).iter().all(|step| step["peer"] == here.peer.to_string()), "{done}");
    // Without any of them it waits, and says so.
    let id = workflow(&here, on(&[nobody])).await;
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let now = here.request(P2pRequest::WorkflowStatus { id: id.clone() }).await.unwrap();
        if steps_of(&now).iter().all(|step| step["waits_for"]["reason"] == "target_unknown") {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{now}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let wrong = json!({"name": "w", "steps": steps, "target_peers": ["me"]}).to_string();
    let refused = here.request(P2pRequest::WorkflowSubmit { workflow: wrong }).await;
    assert!(matches!(&refused, Err(P2pError::InvalidArgument(why)) if why.contains("target_peers")), "{refused:?}");
}
