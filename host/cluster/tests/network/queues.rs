//! The queue of a host over time, and beside peers that do not play their part.

use std::{collections::BTreeMap, time::Duration};

use futures::StreamExt as _;
use libp2p::identity::Keypair;
use serde_json::{Value, json};
use tandem_cluster::P2pRequest;
use tandem_config::{Admission, HostConfig, P2pConfig};
use tandem_types::Secret;
use tandem_workflow::{Candidate, ContentId, Strategy, choose};

use crate::kit::{Host, PROTOCOL, ask, closed, config, echo, host, is_well, peer, peer_of, send};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

fn alone() -> P2pConfig {
    P2pConfig { discovery: HostConfig::default().p2p.discovery, ..config() }
}

pub(crate) async fn submitted(host: &Host, task: Value) -> String {
    let answer = host.request(P2pRequest::TaskSubmit { task: task.to_string() }).await.unwrap();
    answer["task_id"].as_str().unwrap().to_owned()
}

pub(crate) async fn workflow(host: &Host, workflow: Value) -> String {
    let answer = host.request(P2pRequest::WorkflowSubmit { workflow: workflow.to_string() }).await.unwrap();
    answer["workflow_id"].as_str().unwrap().to_owned()
}

async fn status(host: &Host, id: &str) -> Value {
    host.request(P2pRequest::WorkflowStatus { id: id.to_owned() }).await.unwrap()
}

pub(crate) async fn until(host: &Host, id: &str, state: &str) -> Value {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let now = status(host, id).await;
        if now["state"] == state {
            return now;
        }
        assert!(tokio::time::Instant::now() < end, "it does not become {state}: {}", now["state"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_offers_and_never_answers_delays_no_other_claim() {
    let host = host().await;
    let mut mute = peer(&host).await;
    let mut taken = mute.control.accept(PROTOCOL).unwrap();
    let mut stream = mute.stream().await;
    let offering = tokio::spawn(async move {
        let mut streams = Vec::new();
        loop {
            // What it is asked stays unread, and so unanswered.
            while let Ok(Some((_, asked))) = tokio::time::timeout(Duration::from_millis(20), taken.next()).await {
                streams.push(asked);
            }
            send(&mut stream, json!({"method": "tasks/offer", "params": {}}).to_string().as_bytes()).await;
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    for n in 0..20 {
        let id = submitted(&host, json!({"tool": "echo", "arguments": {"n": n}})).await;
        // A third of the time for which a question to a peer may go unanswered.
        let done = host.request(P2pRequest::TaskResult { id, wait_s: 10 }).await.unwrap();
        assert_eq!((&done["state"], &done["result"]), (&json!("completed"), &json!({"n": n})), "{done}");
    }
    offering.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_retention_goes_as_fast_as_it_comes() {
    let host = Host::start(&config()).await;
    for n in 0..2_500 {
        submitted(&host, json!({"tool": "echo", "arguments": {"n": n}, "retention_s": 0})).await;
    }
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        // Nothing is looked for where nothing happens.
        submitted(&host, json!({"tool": "echo", "arguments": {}})).await;
        let queue = host.request(P2pRequest::QueueStatus { detail: false }).await.unwrap();
        if queue["completed"].as_u64() < Some(300) {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{queue}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_over_a_frame_is_an_error_of_its_request_and_no_fault_of_the_peer() {
    let host = host().await;
    let mut peer = peer(&host).await;
    let mut stream = peer.stream().await;
    for id in 0..3 {
        let huge = json!({"id": id, "method": "tools/call", "params": {"name": "huge"}});
        let answer = ask(&mut stream, huge).await;
        let error = (&answer["id"], &answer["error"]["data"]["reason"]);
        assert_eq!(error, (&json!(id), &json!("limit_exceeded")), "{answer}");
        let older = ask(&mut stream, json!({"id": "o", "tool": "huge"})).await;
        assert_eq!((&older["id"], &older["ok"]), (&json!("o"), &json!(false)), "{older}");
    }
    let answer = ask(&mut stream, echo(9)).await;
    assert_eq!(answer["result"]["structuredContent"], json!({"n": 9}), "the stream goes on: {answer}");
    is_well(&host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_of_a_thousand_steps_runs() {
    let host = Host::start(&alone()).await;
    let steps: Vec<_> = (0..1_000)
        .map(|n| json!({"id": format!("s{n}"), "tool": "echo", "arguments": {"text": "ü".repeat(200), "n": n}}))
        .collect();
    let id = workflow(&host, json!({"name": "long", "steps": steps, "max_concurrency": 64})).await;
    let done = until(&host, &id, "succeeded").await;
    let steps = done["steps"].as_array().unwrap();
    assert_eq!(steps.iter().filter(|step| step["state"] == "succeeded").count(), 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_that_waits_for_a_place_is_cancelled_at_once() {
    let mut p2p = alone();
    p2p.workflow.max_active = 1;
    let host = Host::start(&p2p).await;
    let one = |tool: &str| json!({"name": "w", "steps": [{"id": "a", "tool": tool, "arguments": {}}]});
    let first = workflow(&host, one("slow")).await;
    until(&host, &first, "running").await;
    let second = workflow(&host, one("echo")).await;
    let cancel = |id: &str| P2pRequest::WorkflowCancel { id: id.to_owned(), reason: Some("not needed".to_owned()) };
    let answer = host.request(cancel(&second)).await.unwrap();
    assert_eq!(answer, json!({"state": "cancelled", "cancelled_steps": 1}));
    let now = status(&host, &second).await;
    assert_eq!(
        (&now["state"], &now["reason"], &now["steps"][0]["state"]),
        (&json!("cancelled"), &json!("not needed"), &json!("cancelled")),
        "{now}"
    );
    // Its place is another's, whom the first one still keeps waiting.
    let third = workflow(&host, one("echo")).await;
    assert_eq!(status(&host, &third).await["state"], "pending");
    host.request(cancel(&first)).await.unwrap();
    until(&host, &third, "succeeded").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_wrong_line_of_a_list_costs_the_others_nothing() {
    let (host, other) = (Host::start(&alone()).await, Host::start(&alone()).await);
    let text = format!("# first\n/ip4/127.0.0.1/tcp/1\nnonsense\n{}\n", other.address());
    let list = P2pRequest::BootstrapText { source: "file".to_owned(), text, connect: true };
    let answer = host.request(list).await.unwrap();
    let wrong: Vec<_> = answer["failed"].as_array().unwrap().iter().map(|failed| &failed["address"]).collect();
    assert_eq!(
        (&answer["connected"], wrong),
        (&json!(1), vec![&json!("/ip4/127.0.0.1/tcp/1"), &json!("nonsense")]),
        "{answer}"
    );
    assert_eq!(answer["nodes"], json!([other.address().to_string()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn completions_raise_the_score_and_a_lost_lease_lowers_it_more() {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    let host = Host::start(&closed(&[id])).await;
    let mut worker = peer_of(&key, &host);
    let mut stream = worker.stream().await;
    let claim = async |stream: &mut libp2p::Stream| {
        submitted(&host, json!({"tool": "elsewhere", "arguments": {}, "target_peer": id.to_string()})).await;
        let claim =
            json!({"id": 1, "method": "tasks/claim", "params": {"tools": ["elsewhere"], "max": 1, "lease_s": 1}});
        let lease = ask(stream, claim).await["result"]["tasks"][0].clone();
        assert!(lease["fence"].is_u64(), "{lease}");
        lease
    };
    let lease = claim(&mut stream).await;
    let finish = json!({"id": lease["id"], "fence": lease["fence"], "outcome": "ok", "result": {}});
    let done = ask(&mut stream, json!({"id": 2, "method": "tasks/finish", "params": finish})).await;
    assert!(done["error"].is_null(), "{done}");
    host.until(&id, |known| known["score"].as_f64() > Some(0.0)).await;
    claim(&mut stream).await;
    // It is silent until the second is over.
    host.until(&id, |known| known["score"].as_f64() < Some(-4.0)).await;
}

/// Two hosts of one network that run so many tasks at a time.
pub(crate) async fn network(workers: u32) -> [Host; 2] {
    let mut p2p = config();
    p2p.admission = Admission::Psk;
    p2p.psk = Some(Secret::new("ab".repeat(32)));
    p2p.task_queue.workers = workers;
    let hosts = [Host::start(&p2p).await, Host::start(&p2p).await];
    assert_eq!(hosts[0].connect(&hosts[1].address()).await["connected"], 1);
    hosts[0].meets(&hosts[1].peer).await;
    hosts
}

/// Which host ran each step of a workflow with so many that depend on nothing, one after the other, so that the first host has
/// always a free place; and the workflow's id.
async fn places(host: &Host, count: usize) -> (String, BTreeMap<String, String>) {
    let steps: Vec<_> =
        (0..count).map(|n| json!({"id": format!("s{n}"), "tool": "echo", "arguments": {"n": n}})).collect();
    let id = workflow(host, json!({"name": "wide", "steps": steps, "max_concurrency": 1})).await;
    let done = until(host, &id, "succeeded").await;
    let steps = done["steps"].as_array().unwrap();
    let peers = steps.iter().map(|step| ["id", "peer"].map(|key| step[key].as_str().unwrap().to_owned()));
    (id, peers.map(|[step, peer]| (step, peer)).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_go_to_the_hosts_that_the_hash_names() {
    let [here, there] = network(4).await;
    let (workflow, peers) = places(&here, 40).await;
    let hosts = [&here, &there].map(|host| Candidate {
        peer: host.peer.to_string(),
        capacity: 4,
        running: 0,
        local: host.peer == here.peer,
    });
    let named = |n: u32| {
        let step = json!({"workflow": workflow, "step": format!("s{n}"), "tool": "echo", "arguments": {"n": n}});
        choose(Strategy::Rendezvous, &ContentId::of(&step), &hosts, 1)[0].to_owned()
    };
    let as_named = (0..40).filter(|n| peers[&format!("s{n}")] == named(*n)).count();
    // Whoever is free takes the others'; of this host's own the other one may be quicker. By chance it is half.
    let far = (0..40).filter(|n| named(*n) == there.peer.to_string()).count();
    assert!((5..=35).contains(&far), "{far} of 40 for the other of two equal hosts");
    assert!(as_named >= 30, "{as_named} of 40 where the hash has them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_does_not_wait_for_a_host_that_does_not_come_for_it() {
    let [here, there] = network(4).await;
    // It says that it could, and does not.
    there.request(P2pRequest::QueueShutdown { drain_s: 0 }).await.unwrap();
    let run = tokio::time::timeout(Duration::from_secs(25), places(&here, 20));
    let (_, peers) = run.await.expect("no step waits for the half minute of a host that was chosen by name");
    assert!(peers.values().all(|peer| *peer == here.peer.to_string()), "{peers:?}");
    // Nor does one that was chosen by name keep its steps for ever, or after it has gone.
    let id = workflow(&here, json!({"name": "held", "steps": [{"id": "only", "tool": "slow", "arguments": {}}]})).await;
    let gone = libp2p::PeerId::random().to_string();
    let refused = P2pRequest::WorkflowCoordinate {
        id: id.clone(),
        peers: vec![gone.clone()],
        strategy: tandem_cluster::Strategy::Rendezvous,
    };
    assert!(here.request(refused).await.unwrap_err().to_string().contains(&gone));
    here.request(P2pRequest::WorkflowCancel { id, reason: None }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_its_first_host_gives_back_goes_to_another() {
    let [here, there] = network(4).await;
    let (me, other) = (here.peer.to_string(), there.peer.to_string());
    let ran_by = async |id: &str| status(&here, id).await["steps"][0]["peer"].as_str().map(ToOwned::to_owned);
    let until_on = async |id: &str, peer: &str| {
        let end = tokio::time::Instant::now() + PATIENCE;
        while ran_by(id).await.as_deref() != Some(peer) {
            assert!(tokio::time::Instant::now() < end, "{}", status(&here, id).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    // Workflows of one step that never ends, until the other host has one.
    let mut far = None;
    while far.is_none() {
        let steps = json!([{"id": "only", "tool": "slow", "arguments": {}, "retry": {"policy": "linear", "max_attempts": 3, "base_delay_ms": 10}}]);
        let id = workflow(&here, json!({"name": "long", "steps": steps})).await;
        while ran_by(&id).await.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        match ran_by(&id).await {
            Some(peer) if peer == other => far = Some(id),
            _ => drop(here.request(P2pRequest::WorkflowCancel { id, reason: None }).await.unwrap()),
        }
    }
    let id = far.unwrap();
    // The time that it has the step for itself is over while it runs it.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let left = there.request(P2pRequest::QueueShutdown { drain_s: 0 }).await.unwrap();
    assert_eq!(left["requeued"], 1, "{left}");
    until_on(&id, &me).await;
    here.request(P2pRequest::WorkflowCancel { id, reason: None }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_is_a_tenant_of_its_own_gets_no_tasks_of_others() {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    // Peers of the kit are tenant `peers`: here that is no common one.
    for (common, given) in [("peers", 1), ("all", 0)] {
        let mut p2p = closed(&[id]);
        p2p.tenant = Some(common.parse().unwrap());
        let host = Host::start(&p2p).await;
        submitted(&host, json!({"tool": "elsewhere", "arguments": {}, "target_peer": id.to_string()})).await;
        let mut worker = peer_of(&key, &host);
        let claim =
            json!({"id": 1, "method": "tasks/claim", "params": {"tools": ["elsewhere"], "max": 1, "lease_s": 9}});
        let answer = ask(&mut worker.stream().await, claim).await;
        assert_eq!(answer["result"]["tasks"].as_array().map(Vec::len), Some(given), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_is_seen_long_before_a_lease_is_renewed() {
    let [here, there] = network(4).await;
    here.loses("slow");
    for host in [&here, &there] {
        let begun = tokio::time::Instant::now();
        let id = submitted(host, json!({"tool": "slow", "arguments": {}, "target_peer": there.peer.to_string()})).await;
        loop {
            let task = host.request(P2pRequest::TaskStatus { id: id.clone() }).await.unwrap();
            if task["progress"]["current"] == 3 {
                assert_eq!(task["progress"], json!({"current": 3, "total": 4, "message": "step 3"}));
                break;
            }
            // It tells of it within 400 ms; leases are renewed each ten seconds.
            assert!(begun.elapsed() < Duration::from_secs(8), "{task}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        host.request(P2pRequest::TaskCancel { id, reason: None }).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_capacity_of_a_worker_is_what_it_announced() {
    let [here, there] = network(3).await;
    here.loses("echo");
    let id = submitted(&here, json!({"tool": "echo", "arguments": {}})).await;
    here.request(P2pRequest::TaskResult { id, wait_s: 60 }).await.unwrap();
    let stats = P2pRequest::WorkerStats { worker: Some(there.peer.to_string()) };
    let stats = here.request(stats).await.unwrap();
    assert_eq!(
        (&stats["workers"][0]["capacity"], &stats["workers"][0]["completed"]),
        (&json!(3), &json!(1)),
        "{stats}"
    );
}
