//! Peers that are gone: without a word, and for good.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use libp2p::{identity::Keypair, ping};
use tandem_cluster::P2pRequest;
use tempfile::TempDir;

use crate::kit::{Host, config, swarm_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_answers_nothing_any_more_is_disconnected() {
    let host = Host::attentive(&config()).await;
    let (key, address) = (Keypair::generate_ed25519(), host.address());
    let id = key.public().to_peer_id();
    let (answers, gone) = (std::sync::mpsc::sync_channel::<()>(1), std::sync::mpsc::sync_channel::<DateTime<Utc>>(1));
    // A thread of its own: once it waits, nothing of the peer runs any more.
    let (until, stopped) = (answers.1, gone.0);
    let peer = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let alive = async {
            let pings = ping::Config::new().with_interval(Duration::from_secs(600));
            let mut peer = swarm_of(&key, ping::Behaviour::new(pings));
            peer.dial(address).unwrap();
            // It answers for a while: nothing is held against it.
            let answering = async { while peer.next().await.is_some() {} };
            drop(tokio::time::timeout(Duration::from_secs(4), answering).await);
            peer
        };
        let peer = runtime.block_on(alive);
        stopped.send(SystemTime::now().into()).unwrap();
        // Its machine is gone; the connection stands, as far as TCP knows.
        let _end = until.recv();
        drop(peer);
    });
    host.until(&id, |known| known["state"] == "connected" && known["rtt_ms"].is_number()).await;
    let gone = tokio::task::spawn_blocking(move || gone.1.recv().unwrap()).await.unwrap();
    let known = host.until(&id, |known| known["state"] == "known").await;
    assert!(Utc::now() - gone < chrono::TimeDelta::seconds(30), "long before TCP would have noticed: {known}");
    let seen: DateTime<Utc> = known["last_seen"].as_str().unwrap().parse().unwrap();
    assert!(seen <= gone, "it was heard of last before it went at {gone}: {known}");
    assert!(gone - seen < chrono::TimeDelta::seconds(3), "and answered until then: {known}");
    drop(answers.0);
    peer.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_removed_stays_so_over_a_restart() {
    let (host, other, stays) =
        (Host::start(&config()).await, Host::start(&config()).await, Host::start(&config()).await);
    for peer in [&other, &stays] {
        assert_eq!(peer.connect(&host.address()).await["connected"], 1);
        host.meets(&peer.peer).await;
    }
    other.stop().await;
    host.until(&other.peer, |known| known["state"] == "known").await;
    // Whatever changes bans writes the book down.
    host.reactor.unblock_peer(&other.peer.to_string()).await.unwrap();
    let host = host.again(&config()).await;
    assert!(host.knows(&other.peer).await.is_some(), "it is remembered");
    assert_eq!(stays.connect(&host.address()).await["connected"], 1);
    host.meets(&stays.peer).await;
    let removed = host.request(P2pRequest::PeerCleanup { older_than_s: Some(0), dry_run: false }).await.unwrap();
    assert_eq!(removed["removed"], serde_json::json!([other.peer.to_string()]), "{removed}");
    stays.stop().await;
    let host = host.again(&config()).await;
    assert_eq!(host.knows(&other.peer).await, None);
    assert!(host.knows(&stays.peer).await.is_some(), "the others are remembered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_stops_takes_its_records_back() {
    let directory = TempDir::new().unwrap();
    let mut point = config();
    point.discovery.rendezvous_server = true;
    let point = Host::start(&point).await;
    let mut member = config();
    member.discovery.file = true;
    member.discovery.directory = Some(directory.path().display().to_string());
    member.discovery.rendezvous = vec![point.address().to_string().parse().unwrap()];
    let look = || P2pRequest::PeerDiscover {
        sources: vec!["file".into(), "rendezvous".into()],
        max_peers: 10,
        timeout_s: 20,
        tool: None,
    };
    let files = || std::fs::read_dir(directory.path()).unwrap().count();
    let host = Host::start(&member).await;
    let found = host.request(look()).await.unwrap();
    assert_eq!((&found["errors"], files()), (&serde_json::json!([]), 1), "{found}");
    host.stop().await;
    assert_eq!(files(), 0);
    // Its place at the point is free again: a host that never met it is not told of it.
    let late = Host::start(&member).await;
    let found = late.request(look()).await.unwrap();
    assert_eq!(found["by_source"], serde_json::json!({}), "{found}");
    let host = host.again(&member).await;
    host.request(look()).await.unwrap();
    assert_eq!(files(), 2);
}
