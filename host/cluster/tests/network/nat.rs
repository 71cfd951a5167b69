//! Hosts that are reached through relays, and that learn whether they are reached at all.

use std::time::Duration;

use futures::StreamExt as _;
use libp2p::{Multiaddr, PeerId, SwarmBuilder, multiaddr::Protocol, noise, tcp, yamux};
use serde_json::json;
use tandem_cluster::P2pRequest;

use crate::kit::{Host, config, receive, send};

/// A relay, and a host that is reached through it only: it listens nowhere else.
async fn hidden() -> (Host, Host, Multiaddr) {
    let mut relay = config();
    relay.nat.relay_server = true;
    let relay = Host::start(&relay).await;
    let mut hidden = config();
    hidden.listen = Vec::new();
    hidden.nat.enabled = true;
    hidden.nat.relays = vec![relay.address().to_string().parse().unwrap()];
    let hidden = Host::start(&hidden).await;
    while hidden.reactor.listening().is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let address = relay.address().with(Protocol::P2pCircuit).with(Protocol::P2p(hidden.peer));
    (relay, hidden, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_behind_a_relay_is_reached_and_asked() {
    let (_relay, hidden, address) = hidden().await;
    let listening = hidden.reactor.listening();
    assert!(listening.iter().all(|address| address.to_string().contains("/p2p-circuit")), "{listening:?}");
    let mut near = config();
    near.nat.enabled = true;
    let near = Host::start(&near).await;
    let done = near.connect(&address).await;
    assert_eq!(done["connected"], 1, "{done}");
    near.meets(&hidden.peer).await;
    // A host that takes no part in this has no way to it.
    let without = Host::start(&config()).await;
    let tried = without.connect(&address).await;
    assert_eq!(tried["connected"], 0, "{tried}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_frame_passes_a_relay_and_more_than_its_share_does_not() {
    let (_relay, hidden, address) = hidden().await;
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::new(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_, relay| Relayed { relay, streams: libp2p_stream::Behaviour::new() })
        .unwrap()
        .build();
    let mut control = swarm.behaviour().streams.new_control();
    swarm.dial(address).unwrap();
    let swarm = tokio::spawn(async move { while swarm.next().await.is_some() {} });
    let mut stream = open(&mut control, hidden.peer).await;
    let large = json!({"id": 1, "method": "tools/call", "params": {"name": "large"}}).to_string();
    let (mut came, mut ended) = (0, false);
    for _ in 0..12 {
        send(&mut stream, large.as_bytes()).await;
        let Some(answer) = receive(&mut stream).await else {
            ended = true;
            break;
        };
        assert_eq!(answer["result"]["structuredContent"]["text"].as_str().unwrap().len(), 900_000);
        came += 1;
    }
    assert!(ended && came >= 1, "{came} answers of 900 kB came through a circuit of 8 MiB");
    swarm.abort();
}

#[derive(libp2p::swarm::NetworkBehaviour)]
struct Relayed {
    relay: libp2p::relay::client::Behaviour,
    streams: libp2p_stream::Behaviour,
}

async fn open(control: &mut libp2p_stream::Control, peer: PeerId) -> libp2p::Stream {
    for _ in 0..200 {
        if let Ok(stream) = control.open_stream(peer, crate::kit::PROTOCOL).await {
            return stream;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("there is no way to the hidden host");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_dials_back_proves_that_this_host_is_reached() {
    let mut dials = config();
    dials.nat.autonat_server = true;
    let there = Host::start(&dials).await;
    let mut asks = config();
    asks.nat.enabled = true;
    // The address that is tried is the one that the other side sees. Where the system gave the connection a port of its own
    // instead of the listener's, nobody listens there, and that is what is answered.
    let (mut here, mut answer) = (Host::start(&asks).await, json!(null));
    for _ in 0..4 {
        here.connect(&there.address()).await;
        let asked = P2pRequest::PublicAddresses { methods: vec!["autonat".to_owned()], timeout_s: 60 };
        answer = here.request(asked).await.unwrap();
        if answer["reachability"] == "public" {
            break;
        }
        here = Host::start(&asks).await;
    }
    assert_eq!(answer["reachability"], "public", "{answer}");
    let port = here.address().iter().find_map(|part| match part {
        Protocol::Tcp(port) => Some(port),
        _ => None,
    });
    let expected = json!({"ip": "127.0.0.1", "port": port, "method": "autonat", "confirmations": 1});
    assert_eq!(answer["addresses"], json!([expected]));
}
