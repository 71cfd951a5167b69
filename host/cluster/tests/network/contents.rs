//! Results that a worker names and this host fetches: what comes is what was named, or the task has no result.

use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use libp2p::identity::Keypair;
use serde_json::{Value, json};
use tandem_cluster::P2pRequest;
use tandem_workflow::ContentId;

use crate::kit::{Host, PROTOCOL, ask, closed, peer_of, receive, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_was_named_becomes_a_result() {
    let worker = Keypair::generate_ed25519();
    let id = worker.public().to_peer_id();
    let p2p = closed(&[id]);
    let host = Host::start(&p2p).await;
    let mut peer = peer_of(&worker, &host);
    // Whatever part is asked for, the worker gives the rest of this.
    let given = Arc::new(Mutex::new(String::new()));
    let (mut streams, gives) = (peer.control.accept(PROTOCOL).unwrap(), Arc::clone(&given));
    let serving = tokio::spawn(async move {
        while let Some((_, mut stream)) = streams.next().await {
            while let Some(asked) = receive(&mut stream).await {
                let text = gives.lock().unwrap().clone();
                let offset = asked["params"]["offset"].as_u64().unwrap_or_default() as usize;
                let part = json!({"text": text.get(offset..).unwrap_or_default(), "bytes": text.len()});
                let answer = json!({"jsonrpc": "2.0", "id": asked["id"], "result": part});
                send(&mut stream, answer.to_string().as_bytes()).await;
            }
        }
    });

    let task = json!({"tool": "elsewhere", "arguments": {}, "target_peer": id.to_string()}).to_string();
    let task = host.request(P2pRequest::TaskSubmit { task }).await.unwrap()["task_id"].clone();
    let mut stream = peer.stream().await;
    let claim = json!({"id": 1, "method": "tasks/claim", "params": {"tools": ["elsewhere"], "max": 1, "lease_s": 30}});
    let lease = ask(&mut stream, claim).await["result"]["tasks"][0].clone();
    assert_eq!(lease["id"], task, "{lease}");
    let mut finish = async |named: &str, bytes: usize, gives: &str| -> Value {
        gives.clone_into(&mut given.lock().unwrap());
        let kept = json!({"cid": ContentId::of_bytes(named.as_bytes()).to_string(), "bytes": bytes});
        let params = json!({"id": lease["id"], "fence": lease["fence"], "outcome": "ok", "kept": kept});
        ask(&mut stream, json!({"id": 2, "method": "tasks/finish", "params": params})).await
    };
    let (good, other, nonsense) = (r#"{"sum":3}"#, r#"{"sum":4}"#, "{{{");
    let limit = p2p.task_queue.max_result.as_usize();
    for (named, bytes, gives, why) in [
        (good, good.len(), other, "is not that"),
        (good, good.len() + 1, good, "not as long"),
        (good, good.len() - 1, good, "not as long"),
        (nonsense, nonsense.len(), nonsense, "no JSON"),
        (good, limit + 1, good, "over the limit"),
    ] {
        let refused = finish(named, bytes, gives).await;
        assert!(refused["error"]["message"].as_str().is_some_and(|text| text.contains(why)), "{why}: {refused}");
    }
    let result = || P2pRequest::TaskResult { id: task.as_str().unwrap().to_owned(), wait_s: 0 };
    let still = host.request(result()).await.unwrap();
    assert_eq!(still, json!({"state": "running"}));
    let done = finish(good, good.len(), good).await;
    assert!(done["error"].is_null(), "{done}");
    let done = host.request(result()).await.unwrap();
    assert_eq!((&done["state"], &done["result"]), (&json!("completed"), &json!({"sum": 3})), "{done}");
    serving.abort();
}
