//! Whose a peer's request is: the peer's, or that of the token which it shows.

use std::time::Duration;

use libp2p::identity::Keypair;
use serde_json::{Map, Value, json};
use tandem_cluster::{P2pError, P2pRequest};
use tandem_types::Secret;

use crate::{
    kit::{Host, Peer, ask, closed, config, peer_of},
    queues::workflow,
};

/// From now on the host takes the token `good`, of the tenant `acme`.
fn takes_one(host: &Host) {
    host.operator.0.lock().unwrap().takes = true;
}

async fn asked(peer: &mut Peer, method: &str, mut params: Value, token: Option<&str>) -> Value {
    if let Some(token) = token {
        params["_meta"] = json!({"authorization": token});
    }
    let mut stream = peer.stream().await;
    ask(&mut stream, json!({"id": 1, "method": method, "params": params})).await
}

fn reason(answer: &Value) -> &str {
    answer["error"]["data"]["reason"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_decides_the_tenant_and_an_invalid_one_is_refused() {
    let key = Keypair::generate_ed25519();
    let host = Host::start(&closed(&[key.public().to_peer_id()])).await;
    let mut peer = peer_of(&key, &host);
    let who = || json!({"name": "who"});
    let answer = asked(&mut peer, "tools/call", who(), Some("Bearer good")).await;
    assert_eq!(reason(&answer), "unauthorized", "a host that takes none: {answer}");
    takes_one(&host);
    for (token, tenant) in [(Some("Bearer good"), "acme"), (None, "peers")] {
        let answer = asked(&mut peer, "tools/call", who(), token).await;
        let expected = json!({"tenant": tenant, "operator": false});
        assert_eq!(answer["result"]["structuredContent"], expected, "no peer operates this host: {answer}");
    }
    for wrong in ["Bearer bad", "Bearer ", "Bearer", "good", ""] {
        let answer = asked(&mut peer, "tools/call", who(), Some(wrong)).await;
        assert_eq!(reason(&answer), "unauthorized", "{wrong:?} is no reason to ask as the peer: {answer}");
    }
    let mut stream = peer.stream().await;
    let number = json!({"id": 1, "method": "tools/list", "params": {"_meta": {"authorization": 7}}});
    assert_eq!(reason(&ask(&mut stream, number).await), "invalid_argument");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_must_show_a_token_is_refused_without_one() {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    let mut p2p = closed(&[id]);
    p2p.require_token = true;
    let host = Host::start(&p2p).await;
    takes_one(&host);
    let mut peer = peer_of(&key, &host);
    for (method, params) in [
        ("tools/list", json!({})),
        ("tools/call", json!({"name": "echo"})),
        ("tandem/info", json!({})),
        ("tasks/claim", json!({"tools": ["echo"], "max": 1, "lease_s": 9})),
        ("tasks/renew", json!({"leases": []})),
        ("contents/read", json!({"cid": "x", "offset": 0})),
    ] {
        let answer = asked(&mut peer, method, params, None).await;
        assert_eq!(reason(&answer), "unauthorized", "{method}: {answer}");
    }
    assert_eq!(asked(&mut peer, "ping", json!({}), None).await["result"], json!({}));
    let older = ask(&mut peer.stream().await, json!({"id": 1, "tool": "echo", "args": {}})).await;
    assert_eq!(older["ok"], false, "{older}");
    let answer = asked(&mut peer, "tools/list", json!({}), Some("Bearer good")).await;
    assert!(answer["result"]["tools"].is_array(), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_with_a_token_gets_only_tasks_of_its_tenant() {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    let host = Host::start(&closed(&[id])).await;
    takes_one(&host);
    let mut peer = peer_of(&key, &host);
    // Of the tenant `default`.
    let task = json!({"tool": "elsewhere", "arguments": {}, "target_peer": id.to_string()}).to_string();
    host.request(P2pRequest::TaskSubmit { task }).await.unwrap();
    let claim = || json!({"tools": ["elsewhere"], "max": 1, "lease_s": 9});
    let answer = asked(&mut peer, "tasks/claim", claim(), Some("Bearer good")).await;
    assert_eq!(answer["result"]["tasks"], json!([]), "{answer}");
    let answer = asked(&mut peer, "tasks/claim", claim(), None).await;
    assert_eq!(answer["result"]["tasks"].as_array().map(Vec::len), Some(1), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_shows_a_peer_the_token_that_it_has_for_it() {
    let mut strict = config();
    strict.require_token = true;
    let there = Host::start(&strict).await;
    takes_one(&there);
    let (here, peer) = (Host::start(&config()).await, there.peer.to_string());
    assert_eq!(here.connect(&there.address()).await["connected"], 1);
    // Each of them counts from the next request on.
    for (token, known) in [(Some("good"), true), (Some("bad"), false), (None, false)] {
        let tokens = token.map(|token| (peer.clone(), Secret::new(token.to_owned())));
        here.operator.0.lock().unwrap().tokens = tokens.into_iter().collect();
        let called = here.reactor.peer_call(&peer, "who", Map::new(), Duration::from_secs(10)).await;
        match called {
            Ok(answer) => assert!(known && answer["structuredContent"]["tenant"] == "acme", "{answer}"),
            Err(error) => assert!(!known && matches!(error, P2pError::Unauthorized(_)), "{token:?}: {error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_is_given_no_task_of_a_higher_priority_than_it_is_trusted_with() {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    let mut p2p = closed(&[id]);
    p2p.task_queue.workers = 0;
    let host = Host::start(&p2p).await;
    let mut peer = peer_of(&key, &host);
    let submit = async |priority: Option<u8>| {
        let mut task = json!({"tool": "elsewhere", "arguments": {}, "target_peer": id.to_string()});
        if let Some(priority) = priority {
            task["priority"] = priority.into();
        }
        host.request(P2pRequest::TaskSubmit { task: task.to_string() }).await
    };
    submit(Some(9)).await.unwrap();
    host.operator.0.lock().unwrap().most = Some(3);
    let refused = submit(Some(4)).await.unwrap_err();
    assert!(matches!(&refused, P2pError::Unauthorized(text) if text.contains("max-priority")), "{refused:?}");
    // What the tool says for whoever says nothing.
    let low = submit(Some(5)).await.unwrap()["task_id"].as_str().unwrap().to_owned();
    let raise = async |priority| host.request(P2pRequest::TaskPriority { id: low.clone(), priority }).await;
    let refused = raise(4).await.unwrap_err();
    assert!(matches!(refused, P2pError::Unauthorized(_)), "{refused:?}");
    let claim = json!({"tools": ["elsewhere"], "max": 3, "lease_s": 9});
    let answer = asked(&mut peer, "tasks/claim", claim.clone(), None).await;
    let given = answer["result"]["tasks"].as_array().unwrap();
    assert!(given.len() == 1 && given[0]["priority"] == 3 && given[0]["id"] == low.as_str(), "{answer}");
    let steps = json!([{"id": "only", "tool": "echo", "arguments": {}}]);
    workflow(&host, json!({"name": "w", "steps": steps})).await;
    let step = loop {
        let claim = json!({"tools": ["echo"], "max": 3, "lease_s": 9});
        let answer = asked(&mut peer, "tasks/claim", claim, None).await;
        if let Some(step) = answer["result"]["tasks"].get(0) {
            break step["priority"].clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(step, 3, "steps are tasks like others");
    host.operator.0.lock().unwrap().most = None;
    let answer = asked(&mut peer, "tasks/claim", claim, None).await;
    assert_eq!(answer["result"]["tasks"][0]["priority"], 9, "{answer}");
}
