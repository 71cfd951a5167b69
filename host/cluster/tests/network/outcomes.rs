//! What becomes of attempts that fail: how often they are made, when, and what is said of them.

use std::{sync::atomic::Ordering, time::Duration};

use libp2p::identity::Keypair;
use serde_json::{Value, json};
use tandem_cluster::{P2pError, P2pRequest};
use tandem_queue::TaskStore as _;

use crate::kit::{Host, MARKS, REFUSAL, REFUSALS, ask, closed, config, peer_of};

/// How long a thing that happens at once may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

async fn submitted(host: &Host, task: Value) -> String {
    let answer = host.request(P2pRequest::TaskSubmit { task: task.to_string() }).await.unwrap();
    answer["task_id"].as_str().unwrap().to_owned()
}

async fn came_to(host: &Host, id: &str) -> Value {
    host.request(P2pRequest::TaskResult { id: id.to_owned(), wait_s: 60 }).await.unwrap()
}

async fn step(host: &Host, step: Value) -> Value {
    let workflow = json!({"name": "one", "steps": [step]}).to_string();
    let answer = host.request(P2pRequest::WorkflowSubmit { workflow }).await.unwrap();
    let id = answer["workflow_id"].as_str().unwrap().to_owned();
    let ended = async {
        loop {
            let status = host.request(P2pRequest::WorkflowStatus { id: id.clone() }).await.unwrap();
            if status["finished_at"].is_string() {
                return status["steps"][0].clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.unwrap()
}

/// In one test, since it counts what the tool does in the whole process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_fails_is_made_again_only_where_that_was_asked_for_whatever_its_message_says() {
    let host = Host::start(&closed(&[])).await;
    let ran = || REFUSALS.swap(0, Ordering::SeqCst);
    let said = format!("failed: {REFUSAL}");
    // A tool that may not run again, first without a word about it.
    for (retry, state, runs) in [
        (None, "failed", 1),
        (Some(json!({"policy": "none", "max_attempts": 5})), "failed", 1),
        (Some(json!({"policy": "linear", "max_attempts": 2, "base_delay_ms": 1})), "dead", 2),
    ] {
        let mut task = json!({"tool": "refuses", "arguments": {}});
        if let Some(retry) = &retry {
            task["retry"] = retry.clone();
        }
        let id = submitted(&host, task).await;
        let done = came_to(&host, &id).await;
        assert_eq!((&done["state"], &done["error"]), (&json!(state), &json!(said)), "{retry:?}: {done}");
        assert_eq!((&done["error_code"], ran()), (&json!("failed"), runs), "{retry:?}: {done}");
        let mut one = json!({"id": "only", "tool": "refuses", "arguments": {}});
        if let Some(retry) = &retry {
            one["retry"] = retry.clone();
        }
        let ended = step(&host, one).await;
        let shown = (&ended["state"], &ended["error"], &ended["error_code"], &ended["attempt"]);
        assert_eq!(shown, (&json!("failed"), &json!(said), &json!("failed"), &json!(runs)), "{retry:?}");
        assert_eq!(ran(), runs, "{retry:?}: {ended}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_peers_error_is_kept_and_no_peer_says_that_a_lease_was_lost() {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    let host = Host::start(&closed(&[id])).await;
    let mut worker = peer_of(&key, &host);
    let mut stream = worker.stream().await;
    for (code, shown) in [
        (None, "unknown: the lease expired"),
        (Some("lease_expired"), "unknown: the lease expired"),
        (Some("timeout"), "timeout: the lease expired"),
        (Some("of tomorrow"), "unknown: the lease expired"),
    ] {
        let task = json!({"tool": "elsewhere", "arguments": {}, "target_peer": id.to_string()});
        let task = submitted(&host, task).await;
        let claim =
            json!({"id": 1, "method": "tasks/claim", "params": {"tools": ["elsewhere"], "max": 1, "lease_s": 9}});
        let claimed = ask(&mut stream, claim).await["result"]["tasks"][0].clone();
        let mut params =
            json!({"id": task, "fence": claimed["fence"], "outcome": "retry", "error": "the lease expired"});
        if let Some(code) = code {
            params["code"] = json!(code);
        }
        let answer = ask(&mut stream, json!({"id": 2, "method": "tasks/finish", "params": params})).await;
        assert_eq!(answer["result"]["state"], "failed", "{answer}");
        assert_eq!(came_to(&host, &task).await["error"], shown);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_over_the_tools_deadline_is_refused_by_name_and_never_cut() {
    let host = Host::start(&config()).await;
    let long = json!({"tool": "echo", "arguments": {}, "timeout_s": 121}).to_string();
    let refused = host.request(P2pRequest::TaskSubmit { task: long }).await.unwrap_err().to_string();
    assert!(["timeout_s", "121 s", "`echo`", "120 s"].iter().all(|part| refused.contains(part)), "{refused}");
    let steps = json!([{"id": "a", "tool": "echo", "arguments": {}, "timeout_s": 121}]);
    let workflow = json!({"name": "w", "steps": steps}).to_string();
    let refused = host.request(P2pRequest::WorkflowSubmit { workflow }).await.unwrap_err().to_string();
    assert!(["step `a`", "timeout_s", "120 s"].iter().all(|part| refused.contains(part)), "{refused}");
    // What is no workflow at all is refused too.
    for text in ["[]", "1", "{}", r#"{"steps": 1}"#, r#"{"name": "w", "steps": [[]]}"#] {
        let refused = host.request(P2pRequest::WorkflowSubmit { workflow: text.to_owned() }).await;
        assert!(matches!(refused, Err(P2pError::InvalidArgument(_))), "{text}: {refused:?}");
    }
    // Without a word it is the tool's own.
    let id = submitted(&host, json!({"tool": "echo", "arguments": {}, "run_at": in_an_hour()})).await;
    let status = async |id: &str| host.request(P2pRequest::TaskStatus { id: id.to_owned() }).await.unwrap();
    assert_eq!(status(&id).await["timeout_s"], 120);
    let patch = json!({"timeout_s": 121}).to_string();
    let refused = host.request(P2pRequest::TaskUpdate { id: id.clone(), patch }).await.unwrap_err().to_string();
    assert!(refused.contains("120 s"), "{refused}");
    assert_eq!(status(&id).await["timeout_s"], 120);
}

fn in_an_hour() -> String {
    at(Duration::from_secs(3_600))
}

fn at(after: Duration) -> String {
    chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now() + after)
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Each would take until the next lease ends, or a minute, if nothing woke the queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_soon_is_done_soon() {
    let host = Host::start(&closed(&[])).await;
    // The queue has looked, and sleeps.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let soon = Duration::from_secs(15);
    let runs = async |task: Value| {
        let id = submitted(&host, task).await;
        tokio::time::timeout(soon, came_to(&host, &id)).await.expect("it runs when its time comes")
    };
    let done = runs(json!({"tool": "echo", "arguments": {}, "run_at": at(Duration::from_secs(1))})).await;
    assert_eq!(done["state"], "completed", "{done}");
    let retry = json!({"policy": "linear", "max_attempts": 2, "base_delay_ms": 900});
    let done = runs(json!({"tool": "waits-and-refuses", "arguments": {}, "retry": retry})).await;
    assert_eq!(done["state"], "dead", "{done}");
    let id = submitted(&host, json!({"tool": "echo", "arguments": {}, "run_at": in_an_hour()})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let patch = json!({"run_at": at(Duration::from_secs(1))}).to_string();
    host.request(P2pRequest::TaskUpdate { id: id.clone(), patch }).await.unwrap();
    let done = tokio::time::timeout(soon, came_to(&host, &id)).await.expect("it runs when its new time comes");
    assert_eq!(done["state"], "completed", "{done}");
    // And what was kept long enough goes.
    let id = submitted(&host, json!({"tool": "echo", "arguments": {}, "retention_s": 1})).await;
    came_to(&host, &id).await;
    let gone = async {
        while host.tasks.get("default", id.parse().unwrap()).await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(soon, gone).await.expect("it goes when its time is over");
}

/// The worker is there all the time, or is restarted before its coordinator comes back after an hour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_finished_while_its_coordinator_was_away_counts_and_is_not_done_again() {
    for restarts in [false, true] {
        let keys = [Keypair::generate_ed25519(), Keypair::generate_ed25519()];
        let [here, there] = [&keys[0], &keys[1]].map(|key| key.public().to_peer_id());
        let (mut queue, mut worker) = (closed(&[there]), closed(&[here]));
        (queue.task_queue.workers, worker.task_queue.workers) = (0, 2);
        let here = Host::with_key(&queue, &keys[0]).await;
        let mut there = Host::with_key(&worker, &keys[1]).await;
        here.connect(&there.address()).await;
        here.meets(&there.peer).await;
        let before = MARKS.load(Ordering::SeqCst);
        let id = submitted(&here, json!({"tool": "marks", "arguments": {}})).await;
        let bad = submitted(&here, json!({"tool": "marks", "arguments": {"fails": true}})).await;
        let begun = async {
            while MARKS.load(Ordering::SeqCst) < before + 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, begun).await.expect("the worker begins both");
        let (data, peer) = here.left().await;
        // The run ends, and whatever is tried at once is over.
        tokio::time::sleep(Duration::from_secs(6)).await;
        if restarts {
            there = there.again(&worker).await;
        }
        // The leases that it gave ended long ago.
        let here = Host::after(Duration::from_secs(3_600), &queue, data, peer).await;
        here.connect(&there.address()).await;
        let done = tokio::time::timeout(PATIENCE, came_to(&here, &id)).await.expect("it is handed in");
        assert_eq!((&done["state"], &done["result"]), (&json!("completed"), &json!({})), "{restarts}: {done}");
        let failed = tokio::time::timeout(PATIENCE, came_to(&here, &bad)).await.expect("it is handed in too");
        let failure = (&failed["state"], &failed["error"]);
        assert_eq!(failure, (&json!("failed"), &json!(format!("failed: {REFUSAL}"))), "{restarts}: {failed}");
        assert_eq!(MARKS.load(Ordering::SeqCst), before + 2, "{restarts}: each ran once");
    }
}
