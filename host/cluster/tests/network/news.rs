//! Who hears of what: peers of new work, and a workflow of the ends of its steps' tasks.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::StreamExt as _;
use libp2p::{identity::Keypair, swarm::NetworkBehaviour};
use serde_json::json;
use tandem_cluster::QUEUE;
use tandem_queue::{ClaimReq, Finish, NewTask, Outcome, Submitted, TaskResult, TaskStore as _};
use tokio::task::JoinSet;

use crate::{
    kit::{BLOCK, Host, PROTOCOL, closed, peer_of, receive, send, swarm_of},
    queues::{PATIENCE, submitted, until, workflow},
};

const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// The method of the next thing that a peer is told or asked.
async fn told(stream: &mut libp2p::Stream) -> String {
    receive(stream).await.expect("a message")["method"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_peer_of_many_is_told_of_new_work() {
    // More than are told at once.
    let keys: Vec<_> = (0..40).map(|_| Keypair::generate_ed25519()).collect();
    let ids: Vec<_> = keys.iter().map(|key| key.public().to_peer_id()).collect();
    let mut p2p = closed(&ids);
    (p2p.limits.accepts_per_second, p2p.limits.accept_burst, p2p.limits.connections_per_address) = (100, 100, 100);
    let host = Host::start(&p2p).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let mut peers = JoinSet::new();
    for (before, key) in keys.iter().enumerate() {
        let mut swarm = swarm_of(key, Telling::new(key));
        let mut streams = swarm.behaviour().streams.new_control().accept(PROTOCOL).unwrap();
        swarm.dial(host.address()).unwrap();
        let one = begun.clone();
        peers.spawn(async move {
            let driven = tokio::spawn(async move { while swarm.next().await.is_some() {} });
            let (_, mut stream) = streams.next().await.unwrap();
            // What this host can run is asked of everybody who comes.
            assert_eq!(told(&mut stream).await, "tandem/info");
            one.fetch_add(1, Ordering::SeqCst);
            while told(&mut stream).await != "tasks/offer" {}
            driven.abort();
        });
        // One after the other: so many newcomers at once would take each other's places.
        while begun.load(Ordering::SeqCst) == before {
            assert!(peers.try_join_next().is_none(), "there is no work yet");
            tokio::time::sleep(PAUSE).await;
        }
    }
    submitted(&host, json!({"tool": "elsewhere", "arguments": {}, "target_peer": ids[0].to_string()})).await;
    let all = async {
        while let Some(done) = peers.join_next().await {
            done.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("all of them hear of it");
}

/// What a peer speaks that can be told of work: who it is, and the protocol.
#[derive(NetworkBehaviour)]
struct Telling {
    identify: libp2p::identify::Behaviour,
    streams: libp2p_stream::Behaviour,
}

impl Telling {
    fn new(key: &Keypair) -> Self {
        let config = libp2p::identify::Config::new("/test/1.0.0".to_owned(), key.public());
        Self { identify: libp2p::identify::Behaviour::new(config), streams: libp2p_stream::Behaviour::new() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_a_workflow_did_not_hear_of_is_found_in_the_store() {
    let key = Keypair::generate_ed25519();
    // Nobody but this test runs tasks.
    let mut p2p = closed(&[key.public().to_peer_id()]);
    p2p.task_queue.workers = 0;
    let host = Host::start(&p2p).await;
    let mut peer = peer_of(&key, &host);
    let mut stream = peer.stream().await;
    let steps = json!([{"id": "only", "tool": "echo", "arguments": {}}]);
    let id = workflow(&host, json!({"name": "w", "steps": steps})).await;
    let claim = || ClaimReq {
        worker: "test".to_owned(),
        peer: None,
        queues: vec![QUEUE.to_owned()],
        tools: vec!["echo".to_owned()],
        tenants: None,
        max: 1,
        lease: PATIENCE,
        max_priority: 10,
    };
    let lease = loop {
        if let Some(task) = host.tasks.claim(claim()).await.unwrap().pop() {
            break task.lease;
        }
        tokio::time::sleep(PAUSE).await;
    };
    until(&host, &id, "running").await;
    // While the thread does nothing else, the step ends, and so much more happens that the news of it is lost.
    let block = json!({"id": 1, "method": "tools/call", "params": {"name": "block"}});
    send(&mut stream, block.to_string().as_bytes()).await;
    BLOCK[0].wait();
    let ended = host.tasks.finish("test", vec![(lease, Outcome::Ok(TaskResult::Inline("{}".to_owned())))]).await;
    assert!(matches!(ended.unwrap()[..], [Finish::Applied { .. }]));
    for _ in 0..20 {
        let many: Vec<_> = (0..64).map(|_| NewTask::new("default", "nowhere", "{}")).collect();
        let many = host.tasks.submit(many).await.unwrap();
        for task in many {
            let Submitted::Created { id, .. } = task else { panic!("{task:?}") };
            host.tasks.cancel("default", id, "noise").await.unwrap();
        }
    }
    BLOCK[1].wait();
    until(&host, &id, "succeeded").await;
}
