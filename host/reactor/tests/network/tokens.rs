//! Whose a peer's request is: the peer's, or that of the token which it shows.

use std::{sync::Arc, time::Duration};

use libp2p::identity::Keypair;
use serde_json::{Map, Value, json};
use tandem_engine::{Caller, P2pError, P2pRequest};
use tandem_manifest::Secret;

use crate::kit::{Host, Peer, ask, closed, config, peer_of};

/// A host that takes one token, of the tenant `acme`.
fn takes_one(host: &Host) {
    host.reactor.set_bearer(Arc::new(|token| {
        let good = token == "good";
        Box::pin(async move {
            if good { Ok(Caller::new("acme", "key")) } else { Err("this is no API key of this host".to_owned()) }
        })
    }));
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
async fn a_token_says_whose_a_request_is_and_a_wrong_one_is_nobodys() {
    let key = Keypair::generate_ed25519();
    let host = Host::start(&closed(&[key.public().to_peer_id()])).await;
    let mut peer = peer_of(&key, &host);
    let who = || json!({"name": "who"});
    let answer = asked(&mut peer, "tools/call", who(), Some("Bearer good")).await;
    assert_eq!(reason(&answer), "unauthorized", "a host that takes none: {answer}");
    takes_one(&host);
    for (token, tenant) in [(Some("Bearer good"), "acme"), (None, "peers")] {
        let answer = asked(&mut peer, "tools/call", who(), token).await;
        assert_eq!(answer["result"]["structuredContent"]["tenant"], tenant, "{answer}");
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
async fn who_must_show_a_token_gets_nothing_without_one() {
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
async fn who_claims_with_a_token_gets_the_tasks_of_its_tenant_alone() {
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
    for (token, known) in [(Some("good"), true), (Some("bad"), false), (None, false)] {
        let mut p2p = config();
        let tokens = token.map(|token| (there.peer.to_string().parse().unwrap(), Secret::new(token.to_owned())));
        p2p.tokens = tokens.into_iter().collect();
        let here = Host::start(&p2p).await;
        assert_eq!(here.connect(&there.address()).await["connected"], 1);
        let peer = there.peer.to_string();
        let called = here.reactor.peer_call(&peer, "who", Map::new(), Duration::from_secs(10)).await;
        match called {
            Ok(answer) => assert!(known && answer["structuredContent"]["tenant"] == "acme", "{answer}"),
            Err(error) => assert!(!known && matches!(error, P2pError::Unauthorized(_)), "{token:?}: {error:?}"),
        }
    }
}
