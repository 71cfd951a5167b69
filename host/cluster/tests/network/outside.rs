//! Workers that speak MCP alone: they claim tasks of their tenant, and a lease is the one's who claimed it.

use std::time::Duration;

use libp2p::identity::Keypair;
use serde_json::{Value, json};
use tandem_cluster::{P2pError, P2pRequest};
use tandem_config::P2pConfig;
use tandem_types::Caller;

use crate::{
    kit::{Host, closed, config},
    queues::submitted,
};

/// A host that runs no tasks itself.
fn handing_on() -> P2pConfig {
    let mut p2p = closed(&[]);
    p2p.task_queue.workers = 0;
    p2p
}

fn worker() -> Caller {
    Caller::new("acme", "worker")
}

async fn submit(host: &Host, tenant: &str, task: Value) -> String {
    let answer = host.request_as(Caller::new(tenant, "user"), P2pRequest::TaskSubmit { task: task.to_string() }).await;
    answer.unwrap()["task_id"].as_str().unwrap().to_owned()
}

async fn claim(host: &Host, caller: Caller, request: Value) -> Vec<Value> {
    let answer = host.request_as(caller, P2pRequest::TaskClaim { request: request.to_string() }).await.unwrap();
    answer["tasks"].as_array().unwrap().clone()
}

async fn finish(host: &Host, caller: Caller, lease: &Value, outcome: Value) -> Result<Value, P2pError> {
    let (id, fence) = (lease["task_id"].as_str().unwrap().to_owned(), lease["fence"].as_u64().unwrap());
    host.request_as(caller, P2pRequest::TaskFinish { id, fence, outcome: outcome.to_string() }).await
}

async fn beat(host: &Host, caller: Caller, lease: &Value, fence: u64) -> Result<Value, P2pError> {
    let progress = Some(json!({"current": 1, "total": 2}).to_string());
    let id = lease["task_id"].as_str().unwrap().to_owned();
    host.request_as(caller, P2pRequest::Heartbeat { id, fence, progress }).await
}

async fn status(host: &Host, tenant: &str, id: &str) -> Value {
    host.request_as(Caller::new(tenant, "user"), P2pRequest::TaskStatus { id: id.to_owned() }).await.unwrap()
}

fn is_stale<T>(answer: &Result<T, P2pError>) -> bool {
    matches!(answer, Err(P2pError::StaleFence(_)))
}

fn echo() -> Value {
    json!({"tool": "echo", "arguments": {"n": 1}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_outside_of_all_hosts_claims_renews_and_finishes() {
    let host = Host::start(&handing_on()).await;
    let id = submit(&host, "acme", echo()).await;
    assert!(claim(&host, worker(), json!({"tools": ["slow"]})).await.is_empty(), "it gets what it can run");
    let leases = claim(&host, worker(), json!({"tools": ["slow", "echo"], "lease_s": 60})).await;
    let lease = &leases[0];
    assert_eq!((&lease["task_id"], &lease["arguments"], &lease["attempt"]), (&json!(id), &json!({"n": 1}), &json!(1)));
    assert_eq!((&lease["lease_s"], lease["fence"].as_u64()), (&json!(60), Some(1)), "{lease}");
    assert_eq!(status(&host, "acme", &id).await["state"], "running");
    assert_eq!(beat(&host, worker(), lease, 1).await.unwrap()["cancelled"], false);
    assert_eq!(status(&host, "acme", &id).await["progress"], json!({"current": 1, "total": 2}));
    let done = json!({"outcome": "ok", "result": {"n": 2}});
    assert_eq!(finish(&host, worker(), lease, done.clone()).await.unwrap()["state"], "completed");
    let again = finish(&host, worker(), lease, json!({"outcome": "fatal"})).await.unwrap();
    assert_eq!(again["state"], "completed", "an outcome counts once");
    let result = P2pRequest::TaskResult { id, wait_s: 0 };
    let result = host.request_as(Caller::new("acme", "user"), result).await.unwrap();
    assert_eq!(result["result"], json!({"n": 2}), "{result}");

    let id = submit(&host, "acme", echo()).await;
    let lease = claim(&host, worker(), json!({"tools": ["echo"]})).await.remove(0);
    let released = finish(&host, worker(), &lease, json!({"outcome": "release"})).await.unwrap();
    assert_eq!(released["state"], "queued", "{released}");
    let lease = claim(&host, worker(), json!({"tools": ["echo"]})).await.remove(0);
    assert_eq!((&lease["task_id"], &lease["attempt"], &lease["fence"]), (&json!(id), &json!(1), &json!(2)), "{lease}");
    let failed = json!({"outcome": "fatal", "error": "no paper", "code": "unavailable"});
    assert_eq!(finish(&host, worker(), &lease, failed).await.unwrap()["state"], "failed");
    assert_eq!(status(&host, "acme", &id).await["error"], "unavailable: no paper");
    // A result beyond what is kept inline, and one beyond the limit.
    submit(&host, "acme", echo()).await;
    let lease = claim(&host, worker(), json!({"tools": ["echo"]})).await.remove(0);
    let huge = json!({"outcome": "ok", "result": "x".repeat(5 << 20)});
    let refused = finish(&host, worker(), &lease, huge).await;
    assert!(matches!(&refused, Err(P2pError::LimitExceeded(why)) if why.contains("max-result")), "{refused:?}");
    let large = json!({"outcome": "ok", "result": "x".repeat(70_000)});
    assert_eq!(finish(&host, worker(), &lease, large).await.unwrap()["state"], "completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_bound_to_its_worker_even_if_the_fence_is_known() {
    let host = Host::start(&handing_on()).await;
    let id = submit(&host, "acme", echo()).await;
    let lease = claim(&host, worker(), json!({"tools": ["echo"]})).await.remove(0);
    // Another subject of the tenant, and one of the same name of another tenant.
    let (other, stranger) = (|| Caller::new("acme", "other"), || Caller::new("globex", "worker"));
    assert!(is_stale(&beat(&host, other(), &lease, 1).await));
    assert!(is_stale(&finish(&host, other(), &lease, json!({"outcome": "ok"})).await));
    assert!(matches!(beat(&host, stranger(), &lease, 1).await, Err(P2pError::NotFound(_))));
    let stolen = finish(&host, stranger(), &lease, json!({"outcome": "ok"})).await;
    assert!(matches!(stolen, Err(P2pError::NotFound(_))), "{stolen:?}");
    assert!(is_stale(&beat(&host, worker(), &lease, 2).await), "nor does its holder without the fence");
    let now = status(&host, "acme", &id).await;
    assert!(now["state"] == "running" && now["progress"].is_null(), "{now}");
    // What a worker of this host runs is nobody else's either.
    let busy = Host::start(&config()).await;
    let id = submitted(&busy, json!({"tool": "slow", "arguments": {}})).await;
    let running = async || busy.request(P2pRequest::TaskStatus { id: id.clone() }).await.unwrap()["state"] == "running";
    while !running().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let guessed = busy.request(P2pRequest::Heartbeat { id: id.clone(), fence: 1, progress: None }).await;
    assert!(is_stale(&guessed), "{guessed:?}");
    let ended = P2pRequest::TaskFinish { id, fence: 1, outcome: json!({"outcome": "ok"}).to_string() };
    assert!(is_stale(&busy.request(ended).await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_gets_its_own_tenants_tasks_alone_and_none_above_its_priority() {
    let host = Host::start(&handing_on()).await;
    submit(&host, "globex", echo()).await;
    let nobody = Keypair::generate_ed25519().public().to_peer_id().to_string();
    submit(&host, "acme", json!({"tool": "echo", "arguments": {}, "target_peer": nobody})).await;
    let urgent = submit(&host, "acme", json!({"tool": "echo", "arguments": {}, "priority": 7})).await;
    host.operator.0.lock().unwrap().most = Some(6);
    let all = || json!({"tools": ["echo"], "max": 4});
    assert!(claim(&host, worker(), all()).await.is_empty());
    host.operator.0.lock().unwrap().most = None;
    let leases = claim(&host, worker(), all()).await;
    assert_eq!(leases.iter().map(|lease| &lease["task_id"]).collect::<Vec<_>>(), [&json!(urgent)], "{leases:?}");
    // Who waits is woken.
    let waiting = claim(&host, worker(), json!({"tools": ["echo"], "wait_s": 30}));
    let late = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        submit(&host, "acme", echo()).await
    };
    let begun = tokio::time::Instant::now();
    let (leases, id) = tokio::join!(waiting, late);
    assert_eq!(leases[0]["task_id"], id.as_str());
    assert!(begun.elapsed() < Duration::from_secs(20), "nobody waits for the end of the half minute");
    let none = P2pRequest::TaskClaim { request: json!({"tools": []}).to_string() };
    assert!(matches!(host.request(none).await, Err(P2pError::InvalidArgument(_))));
    // A peer in an open network gets nothing this way either.
    let open = Host::start(&config()).await;
    let peer = Caller::new("peers", &nobody);
    let refused = open.request_as(peer, P2pRequest::TaskClaim { request: all().to_string() }).await;
    assert!(matches!(refused, Err(P2pError::Unauthorized(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_lease_is_anothers_and_a_cancellation_reaches_the_worker() {
    let host = Host::start(&handing_on()).await;
    let retry = json!({"policy": "linear", "max_attempts": 3, "base_delay_ms": 1});
    let id = submit(&host, "acme", json!({"tool": "echo", "arguments": {}, "retry": retry})).await;
    let lost = claim(&host, worker(), json!({"tools": ["echo"], "lease_s": 1})).await.remove(0);
    let other = || Caller::new("acme", "other");
    let found = claim(&host, other(), json!({"tools": ["echo"], "wait_s": 30})).await.remove(0);
    assert_eq!((&found["task_id"], &found["attempt"]), (&json!(id), &json!(2)), "{found}");
    assert!(is_stale(&finish(&host, worker(), &lost, json!({"outcome": "ok"})).await));
    let cancel = P2pRequest::TaskCancel { id: id.clone(), reason: None };
    host.request_as(Caller::new("acme", "user"), cancel).await.unwrap();
    assert_eq!(beat(&host, other(), &found, 2).await.unwrap()["cancelled"], true);
    finish(&host, other(), &found, json!({"outcome": "release"})).await.unwrap();
    assert_eq!(status(&host, "acme", &id).await["state"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_no_host_has_may_be_a_workers() {
    let host = Host::start(&handing_on()).await;
    let task = || json!({"tool": "resize", "arguments": {"to": 64}});
    let submitted =
        host.request_as(Caller::new("acme", "user"), P2pRequest::TaskSubmit { task: task().to_string() }).await;
    assert!(matches!(submitted, Err(P2pError::NotFound(_))), "{submitted:?}");
    assert!(claim(&host, worker(), json!({"tools": ["resize"]})).await.is_empty());
    let id = submit(&host, "acme", task()).await;
    let wait = status(&host, "acme", &id).await["waits_for"].clone();
    assert_eq!(wait["reason"], "awaiting_claim", "{wait}");
    assert!(wait["remedy"].as_str().is_some_and(|remedy| remedy.contains("outside of all hosts")), "{wait}");
    let stranger =
        host.request_as(Caller::new("globex", "user"), P2pRequest::TaskSubmit { task: task().to_string() }).await;
    assert!(matches!(stranger, Err(P2pError::NotFound(_))), "another tenant hears nothing of it: {stranger:?}");
    let lease = claim(&host, worker(), json!({"tools": ["resize"]})).await.remove(0);
    assert_eq!(lease["task_id"], id.as_str());
    let steps = json!([{"id": "only", "tool": "resize", "arguments": {}}]);
    let workflow = json!({"name": "w", "steps": steps}).to_string();
    host.request_as(Caller::new("acme", "user"), P2pRequest::WorkflowSubmit { workflow }).await.unwrap();
    let step = claim(&host, worker(), json!({"tools": ["resize"], "wait_s": 30})).await.remove(0);
    assert_eq!(step["step"], "only", "{step}");
}
