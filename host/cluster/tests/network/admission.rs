//! Who is let in, and who gets nothing.

use std::collections::BTreeMap;

use libp2p::{Multiaddr, PeerId, identity::Keypair};
use serde_json::json;
use tandem_config::{Admission, ConfigSources, HostConfig, P2pConfig, Reference};

use crate::kit::{Host, ask, closed, config, echo, is_well, peer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_host_serves_whom_it_lists_and_nobody_else() {
    let (listed, stranger) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
    let host = Host::start(&closed(&[listed.public().to_peer_id()])).await;

    let mut open = config();
    open.admission = Admission::Open;
    let other = Host::with_key(&open, &stranger).await;
    // Its handshake may come to an end before it is sent away; it never has an answer.
    other.connect(&host.address()).await;
    let known = other.until(&host.peer, |known| known["state"] == "known").await;
    assert_eq!(known["tools"], json!([]), "{known}");
    assert_eq!(host.knows(&other.peer).await, None, "the host did not even look at it");
    // Nor does the host go to it.
    let tried = host.connect(&other.address()).await;
    assert!(tried["failed"][0]["error"].as_str().unwrap().contains("not in p2p.allow"), "{tried}");
    // A peer of no host gets no stream either.
    let mut unlisted = peer(&host).await;
    assert!(unlisted.try_stream().await.is_none());

    let friend = Host::with_key(&open, &listed).await;
    let done = friend.connect(&host.address()).await;
    assert_eq!(done["connected"], 1, "{done}");
    friend.meets(&host.peer).await;
    host.meets(&friend.peer).await;
}

fn psk(key: &str) -> P2pConfig {
    let text = "[p2p]\nadmission = 'psk'\nlisten = ['/ip4/127.0.0.1/tcp/0']\npsk = '${env:KEY}'\n\
        [p2p.discovery]\nfile = false\nenv = false\nloopback = true\n";
    let resolve = |_: Reference<'_>| Ok(key.to_owned());
    let (environment, file) = (BTreeMap::new(), Some(("tandem.toml", text)));
    let sources =
        ConfigSources { file, environment: &environment, bases: Default::default(), flags: &[], resolve: &resolve };
    HostConfig::load(&sources).unwrap().p2p
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_networks_key_there_is_no_connection() {
    let host = Host::start(&psk(&"5a".repeat(32))).await;
    let wrong = Host::start(&psk(&"a5".repeat(32))).await;
    let none = Host::start(&config()).await;
    for stranger in [&wrong, &none] {
        let tried = stranger.connect(&host.address()).await;
        assert_ne!(tried["ready"], true, "{tried}");
        assert_eq!(host.knows(&stranger.peer).await, None);
    }
    let member = Host::start(&psk(&"5a".repeat(32))).await;
    assert_eq!(member.connect(&host.address()).await["connected"], 1);
    member.meets(&host.peer).await;
    let named = host.address().to_string().replace("/ip4/127.0.0.1/", "/dns4/localhost/");
    let other = Host::start(&psk(&"5a".repeat(32))).await;
    let tried = other.connect(&named.parse().unwrap()).await;
    assert_eq!(tried["connected"], 1, "names lead to members too: {tried}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_host_serves_everybody_as_strangers() {
    let host = Host::start(&config()).await;
    is_well(&host).await;
    let mut stranger = peer(&host).await;
    let mut stream = stranger.stream().await;
    assert_eq!(ask(&mut stream, echo(1)).await["id"], 1);
    let refused = ask(&mut stream, json!({"id": 2, "method": "tandem/peers"})).await;
    assert_eq!(refused["error"]["data"]["reason"], "unauthorized", "whom it knows is for those it trusts: {refused}");
    let nobody: Multiaddr = format!("/ip4/127.0.0.1/tcp/1/p2p/{}", PeerId::random()).parse().unwrap();
    assert_eq!(host.connect(&nobody).await["connected"], 0);
}
