//! What an operator asks of a host about its peers.

use std::time::Duration;

use libp2p::{PeerId, identity::Keypair};
use serde_json::{Map, Value, json};
use tandem_cluster::{P2pError, P2pRequest};
use tandem_types::Caller;

use crate::kit::{Host, config};

async fn pair() -> [Host; 2] {
    let hosts = [Host::start(&config()).await, Host::start(&config()).await];
    assert_eq!(hosts[0].connect(&hosts[1].address()).await["connected"], 1);
    hosts[0].meets(&hosts[1].peer).await;
    hosts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peers_tools_are_all_listed_and_called_once() {
    let [here, there] = pair().await;
    let peer = there.peer.to_string();
    let tools = here.reactor.peer_tools(&peer).await.unwrap();
    assert_eq!(tools.len(), 252, "over three pages");
    let arguments = Map::from_iter([("n".to_owned(), json!(7))]);
    let call =
        |tool: &'static str, wait| here.reactor.peer_call(&peer, tool, arguments.clone(), Duration::from_secs(wait));
    assert_eq!(call("echo", 10).await.unwrap()["structuredContent"], json!({"n": 7}));
    assert!(matches!(call("nothing", 10).await, Err(P2pError::NotFound(_))));
    assert!(matches!(call("slow", 1).await, Err(P2pError::Timeout(_))));
    let nobody = Keypair::generate_ed25519().public().to_peer_id().to_string();
    assert!(matches!(here.reactor.peer_tools(&nobody).await, Err(P2pError::NotFound(_))));
    assert!(matches!(here.reactor.peer_tools("me").await, Err(P2pError::InvalidArgument(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_banned_peer_is_refused_until_the_ban_is_lifted() {
    let [here, there] = pair().await;
    let peer = there.peer.to_string();
    assert_eq!(here.reactor.unblock_peer(&peer).await, Ok(false));
    here.reactor.block_peer(&peer, Duration::from_secs(600)).await.unwrap();
    here.until(&there.peer, |known| known["state"] == "banned").await;
    there.until(&here.peer, |known| known["state"] == "known").await;
    let tried = there.connect(&here.address()).await;
    // Its handshake may end before the refusal comes; nothing is answered.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(there.reactor.peer_tools(&here.peer.to_string()).await.is_err(), "{tried}");
    assert_eq!(here.connect(&there.address()).await["connected"], 0);
    assert_eq!(here.reactor.unblock_peer(&peer).await, Ok(true));
    assert_eq!(here.connect(&there.address()).await["connected"], 1);
    // Nobody needs to be known to be banned.
    let stranger = Host::start(&config()).await;
    here.reactor.block_peer(&stranger.peer.to_string(), Duration::from_secs(600)).await.unwrap();
    stranger.connect(&here.address()).await;
    here.until(&stranger.peer, |known| known["state"] == "banned").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(stranger.reactor.peer_tools(&here.peer.to_string()).await.is_err());
    let me = here.reactor.block_peer(&here.peer.to_string(), Duration::from_secs(1)).await;
    assert!(matches!(me, Err(P2pError::InvalidArgument(_))), "{me:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_in_the_block_list_is_never_admitted() {
    let stranger = Host::start(&config()).await;
    let mut closed = config();
    closed.block = vec![stranger.peer.to_string().parse().unwrap()];
    let host = Host::start(&closed).await;
    stranger.connect(&host.address()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(stranger.reactor.peer_tools(&host.peer.to_string()).await.is_err());
    let tried = host.connect(&stranger.address()).await;
    let why = tried["failed"][0]["error"].as_str().unwrap_or_default();
    assert!(tried["connected"] == 0 && why.contains("p2p.block"), "{tried}");
    let peer = stranger.peer.to_string();
    assert!(matches!(host.reactor.unblock_peer(&peer).await, Err(P2pError::Conflict(_))));
    // A ban that is over does not let it in.
    host.reactor.block_peer(&peer, Duration::ZERO).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    stranger.connect(&host.address()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(stranger.reactor.peer_tools(&host.peer.to_string()).await.is_err());
    let other = Host::start(&config()).await;
    assert_eq!(other.connect(&host.address()).await["connected"], 1, "others do");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_was_shut_down_takes_tasks_again() {
    let host = Host::start(&config()).await;
    host.request(P2pRequest::QueueShutdown { drain_s: 1 }).await.unwrap();
    let task = json!({"tool": "echo", "arguments": {"n": 1}}).to_string();
    let task = host.request(P2pRequest::TaskSubmit { task }).await.unwrap();
    let id = task["task_id"].as_str().unwrap().to_owned();
    let result = async |wait_s| host.request(P2pRequest::TaskResult { id: id.clone(), wait_s }).await.unwrap();
    assert_eq!(result(1).await["state"], "queued");
    assert_eq!(host.reactor.take_tasks().await, Ok(true));
    let done: Value = result(30).await;
    assert_eq!(done["state"], "completed", "{done}");
    assert_eq!(host.reactor.take_tasks().await, Ok(false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_survives_a_restart() {
    let [here, there] = pair().await;
    let peer = there.peer;
    here.reactor.block_peer(&peer.to_string(), Duration::from_secs(600)).await.unwrap();
    let here = here.again(&config()).await;
    for _ in 0..20 {
        // It comes back at once, and again and again.
        there.connect(&here.address()).await;
        let known = here.knows(&peer).await.unwrap();
        assert_eq!(known["state"], "banned", "{known}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What concerns the whole host, each with what it takes to be answered.
fn operator_requests() -> Vec<P2pRequest> {
    let node = format!("/ip4/127.0.0.1/tcp/9/p2p/{}", PeerId::random());
    let text = |source: &str, connect| P2pRequest::BootstrapText { source: source.into(), text: node.clone(), connect };
    vec![
        P2pRequest::WorkerStats { worker: None },
        P2pRequest::Announce { tools: None, capacity: None, ttl_s: 60 },
        P2pRequest::QueueShutdown { drain_s: 0 },
        P2pRequest::PeerRegister { addresses: Vec::new(), ttl_s: 600, metadata: None },
        P2pRequest::PeerConnect { nodes: vec![node.clone()], min_connections: 1, timeout_s: 5 },
        P2pRequest::PeerCleanup { older_than_s: Some(0), dry_run: false },
        text("file", true),
        text("env", false),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_concerns_the_whole_host_takes_operator_rights() {
    let (registry, mut p2p) = (tempfile::TempDir::new().unwrap(), config());
    p2p.discovery.file = true;
    p2p.discovery.directory = Some(registry.path().display().to_string());
    let host = Host::start(&p2p).await;
    for request in operator_requests() {
        let refused = host.request_as(Caller::new("peers", "12D3KooW"), request.clone()).await;
        let text = format!("{request:?}: {refused:?}");
        assert!(matches!(refused, Err(P2pError::Unauthorized(why)) if why.contains("tandem:operate")), "{text}");
        let answer = host.request(request).await;
        assert!(answer.is_ok(), "{text}, and the operator: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_operator_learns_why_a_dial_failed() {
    let host = Host::start(&config()).await;
    let http = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for port in [9, http.local_addr().unwrap().port()] {
        let node = format!("/ip4/127.0.0.1/tcp/{port}/p2p/{}", PeerId::random());
        let text = P2pRequest::BootstrapText { source: "file".to_owned(), text: node, connect: false };
        host.request(text).await.unwrap();
    }
    drop(http);
    let again = || P2pRequest::PeerConnect { nodes: Vec::new(), min_connections: 9, timeout_s: 20 };
    let reasons = |answer: &Value| -> Vec<String> {
        let failed = answer["failed"].as_array().cloned().unwrap_or_default();
        failed.iter().map(|failed| failed["error"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let told = host.request_as(Caller::new("peers", "12D3KooW"), again()).await.unwrap();
    assert_eq!(reasons(&told), ["no connection", "no connection"], "{told}");
    let told = host.request(again()).await.unwrap();
    assert!(reasons(&told).iter().all(|why| why.contains("refused")), "{told}");
    let handshakes = host.reactor.status().await.failed_handshakes;
    assert!(handshakes.is_empty(), "nobody listens there, so no handshake failed: {handshakes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lists_of_peers_follow_the_operator() {
    let [here, there] = pair().await;
    let listed = [there.peer.to_string().parse().unwrap()];
    here.reactor.policy_changed(&[], &listed).await.unwrap();
    here.until(&there.peer, |known| known["state"] == "known").await;
    let tried = here.connect(&there.address()).await;
    assert!(tried["failed"][0]["error"].as_str().unwrap_or_default().contains("p2p.block"), "{tried}");
    // A block of the operator's that is over when the list is changed is no reason to keep it out.
    here.reactor.policy_changed(&[], &[]).await.unwrap();
    assert_eq!(here.connect(&there.address()).await["connected"], 1);
    // One that is ordered stays, whatever the list says.
    here.reactor.block_peer(&there.peer.to_string(), Duration::from_secs(600)).await.unwrap();
    here.reactor.policy_changed(&[], &listed).await.unwrap();
    here.reactor.policy_changed(&[], &[]).await.unwrap();
    assert_eq!(here.connect(&there.address()).await["connected"], 0);
    let wrong = here.reactor.block_peer("12D3nonsense", Duration::from_secs(1)).await;
    assert!(matches!(wrong, Err(P2pError::InvalidArgument(_))), "{wrong:?}");
}
