//! Where hosts look for others, and what they say of themselves.

use std::time::Duration;

use axum::http::StatusCode;
use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::{StreamProtocol, core::PeerRecord, identity::Keypair, multiaddr::Protocol, swarm::SwarmEvent};
use serde_json::{Value, json};
use tandem_cluster::P2pRequest;
use tandem_config::{HostConfig, P2pConfig};
use tandem_reactor::trust::UnixMillis;
use tandem_types::Secret;

use crate::{
    kit::{Host, config, event, is_well, record, swarm_of},
    stand_in::StandIn,
};

fn discover(sources: &[&str], tool: Option<&str>, timeout_s: u32) -> P2pRequest {
    let sources = sources.iter().map(ToString::to_string).collect();
    P2pRequest::PeerDiscover { sources, max_peers: 10, timeout_s, tool: tool.map(ToOwned::to_owned) }
}

fn named(found: &Value) -> Vec<&str> {
    found["peers"].as_array().unwrap().iter().map(|peer| peer["peer_id"].as_str().unwrap()).collect()
}

fn member(point: &Host) -> P2pConfig {
    let mut member = config();
    member.discovery.rendezvous = vec![point.address().to_string().parse().unwrap()];
    member
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_waits_for_what_the_rendezvous_point_answers() {
    let mut point = config();
    point.discovery.rendezvous_server = true;
    let point = Host::start(&point).await;
    let first = Host::start(&member(&point)).await;
    let registered = P2pRequest::PeerRegister { addresses: Vec::new(), ttl_s: 60, metadata: None };
    first.meets(&point.peer).await;
    assert_eq!(first.request(registered).await.unwrap()["registries"], json!(["rendezvous"]));
    let second = Host::start(&member(&point)).await;
    let found = second.request(discover(&["rendezvous"], None, 20)).await.unwrap();
    let all = (named(&found), &found["by_source"], &found["errors"]);
    assert_eq!(all, (vec![first.peer.to_string().as_str()], &json!({"rendezvous": 1}), &json!([])), "{found}");
    // What a peer signed nowhere, it says itself as soon as it is connected.
    second.meets(&first.peer).await;
    let found = second.request(discover(&["rendezvous"], Some("echo"), 20)).await.unwrap();
    assert_eq!(named(&found), [first.peer.to_string()], "{found}");
    let found = second.request(discover(&["rendezvous"], Some("unheard-of"), 20)).await.unwrap();
    assert_eq!(named(&found), Vec::<&str>::new(), "{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_point_that_is_none_and_one_that_is_silent_are_named_in_time() {
    let none = Host::start(&config()).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut both = member(&none);
    let address =
        format!("/ip4/127.0.0.1/tcp/{}/p2p/{}", silent.local_addr().unwrap().port(), libp2p::PeerId::random());
    both.discovery.rendezvous.push(address.parse().unwrap());
    let host = Host::start(&both).await;
    let asked = tokio::time::timeout(Duration::from_secs(20), host.request(discover(&["rendezvous"], None, 2)));
    let errors = asked.await.expect("two seconds were asked for").unwrap()["errors"].clone();
    let has = |address: &str| errors.as_array().unwrap().iter().any(|e| e["error"].as_str().unwrap().contains(address));
    assert!(has(&none.address().to_string()) && has(&address), "{errors}");
}

/// A field of a message as protobuf writes it: a number, or bytes.
fn number(field: u8, value: u64) -> Vec<u8> {
    let mut bytes = vec![field << 3];
    let mut rest = value;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    // Its length is written as a number is.
    let length = &number(0, value.len() as u64)[1..];
    [&[field << 3 | 2], length, value].concat()
}

/// A rendezvous point that answers all it is asked with the same message.
async fn point_that_says(message: Vec<u8>) -> libp2p::Multiaddr {
    let key = Keypair::generate_ed25519();
    let mut swarm = swarm_of(&key, libp2p_stream::Behaviour::new());
    let mut asked = swarm.behaviour().new_control().accept(StreamProtocol::new("/rendezvous/1.0.0")).unwrap();
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
    let address = event(&mut swarm, |event| match event {
        SwarmEvent::NewListenAddr { address, .. } => Some(address),
        _ => None,
    })
    .await;
    tokio::spawn(async move { while swarm.next().await.is_some() {} });
    let frame = bytes(0, &message)[1..].to_vec();
    tokio::spawn(async move {
        while let Some((_, mut stream)) = asked.next().await {
            drop(stream.read(&mut [0; 4_096]).await);
            drop(stream.write_all(&frame).await);
            drop(stream.close().await);
        }
    });
    address.with(Protocol::P2p(key.public().to_peer_id()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_point_that_breaks_its_protocol_does_not_stop_the_thread() {
    let mut point = config();
    point.discovery.rendezvous_server = true;
    let point = Host::start(&point).await;
    let known = Host::start(&member(&point)).await;
    known.meets(&point.peer).await;
    let register = P2pRequest::PeerRegister { addresses: Vec::new(), ttl_s: 60, metadata: None };
    known.request(register).await.unwrap();
    // A question for an answer, and a registration that ends after the end of time.
    let question = [number(1, 3), bytes(5, &bytes(1, b"tandem"))].concat();
    let record = PeerRecord::new(&Keypair::generate_ed25519(), vec!["/ip4/127.0.0.1/tcp/9".parse().unwrap()]).unwrap();
    let record = record.to_signed_envelope().into_protobuf_encoding();
    let registration = [bytes(1, b"tandem"), bytes(2, &record), number(3, u64::MAX)].concat();
    let answer = [bytes(1, &registration), bytes(2, &[0; 8]), number(3, 0)].concat();
    let endless = [number(1, 4), bytes(6, &answer)].concat();
    for message in [question, endless] {
        let mut both = member(&point);
        both.discovery.rendezvous.push(point_that_says(message).await.to_string().parse().unwrap());
        let host = Host::start(&both).await;
        for _ in 0..3 {
            let found = host.request(discover(&["rendezvous"], None, 3)).await.unwrap();
            assert!(named(&found).contains(&known.peer.to_string().as_str()), "the other point is heard: {found}");
        }
        assert_eq!(host.reactor.lane().restarts(), 0);
        is_well(&host).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_source_that_names_a_peer_is_counted() {
    let mut point = config();
    point.discovery.rendezvous_server = true;
    let point = Host::start(&point).await;
    let shared = tempfile::TempDir::new().unwrap();
    let mut member = member(&point);
    member.discovery.file = true;
    member.discovery.directory = Some(shared.path().to_str().unwrap().to_owned());
    let hosts = [Host::start(&member).await, Host::start(&member).await];
    hosts[0].meets(&hosts[1].peer).await;
    let wanted = json!({"file": 1, "rendezvous": 1});
    for _ in 0..100 {
        let found = hosts[0].request(discover(&["file", "rendezvous"], None, 20)).await.unwrap();
        if found["by_source"] == wanted {
            return;
        }
        // The other one writes its record when it has an address.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the other host is never found by both");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_announced_holds_until_its_time_is_over() {
    let (here, there) = (Host::start(&config()).await, Host::start(&config()).await);
    assert_eq!(here.connect(&there.address()).await["connected"], 1);
    there.meets(&here.peer).await;
    let announce = |ttl_s| P2pRequest::Announce { tools: Some(vec!["slow".to_owned()]), capacity: Some(1), ttl_s };
    let all = || P2pRequest::DiscoverWorkers { tool: None, max_peers: 10, timeout_s: 10 };
    let told = here.request(announce(600)).await.unwrap();
    assert_eq!(told["announced_to"], 1, "{told}");
    there.until(&here.peer, |known| known["tools"] == json!(["slow"])).await;
    // Asked now, it says the same.
    let asked = there.request(all()).await.unwrap()["peers"][0].clone();
    assert_eq!((&asked["tools"], &asked["capacity"]), (&json!(["slow"]), &json!(1)), "{asked}");
    assert!(asked["free"].as_u64() <= Some(1), "{asked}");
    here.request(announce(1)).await.unwrap();
    for _ in 0..100 {
        let asked = there.request(all()).await.unwrap()["peers"][0].clone();
        if asked["tools"].as_array().unwrap().contains(&json!("echo")) && asked["capacity"] == 4 {
            let wrong = P2pRequest::Announce { tools: Some(vec!["nothing".to_owned()]), capacity: None, ttl_s: 60 };
            assert!(here.request(wrong).await.unwrap_err().to_string().contains("nothing"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("an announcement of a second holds for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_meet_in_an_issue_and_a_refused_record_is_written_again() {
    let server = StandIn::start().await;
    let member = |account: u64| {
        let mut member = config();
        let github = &mut member.discovery.github;
        github.enabled = true;
        github.repository = Some("owner/name".parse().unwrap());
        github.token = Some(Secret::new(format!("account-{account}")));
        github.api_base = format!("http://{}/api/v3/", server.address).parse().unwrap();
        member
    };
    server.with(|inner| inner.refuse = Some((StatusCode::BAD_GATEWAY, Vec::new())));
    let first = Host::start(&member(1)).await;
    let until = async |what: &str, there: &dyn Fn() -> bool| {
        for _ in 0..600 {
            if there() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{what}");
    };
    until("the registry is never asked", &|| server.with(|inner| !inner.log.is_empty())).await;
    let refused = first.request(discover(&["github"], None, 10)).await.unwrap();
    assert_eq!(refused["errors"][0]["source"], "github", "{refused}");
    server.with(|inner| inner.refuse = None);
    // Half of the record's time is a quarter of an hour: what was refused does not count as written.
    until("its record is never written", &|| server.with(|inner| !inner.comments.is_empty())).await;
    let second = Host::start(&member(2)).await;
    second.meets(&first.peer).await;
    let found = second.request(discover(&["github"], None, 20)).await.unwrap();
    assert_eq!((named(&found), &found["by_source"]), (vec![first.peer.to_string().as_str()], &json!({"github": 1})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_needs_a_registry_and_its_time_is_kept() {
    let register = || P2pRequest::PeerRegister { addresses: Vec::new(), ttl_s: 600, metadata: None };
    let refused = Host::start(&config()).await.request(register()).await.unwrap_err().to_string();
    assert!(refused.contains("p2p.discovery"), "{refused}");
    let shared = tempfile::TempDir::new().unwrap();
    let host = Host::start(&P2pConfig {
        discovery: tandem_config::DiscoveryConfig {
            directory: Some(shared.path().to_str().unwrap().to_owned()),
            loopback: true,
            ..HostConfig::default().p2p.discovery
        },
        ..config()
    })
    .await;
    let record = host.request(register()).await.unwrap()["record"].clone();
    let written = || {
        let file = std::fs::read_dir(shared.path()).unwrap().find_map(|file| std::fs::read(file.ok()?.path()).ok())?;
        serde_json::from_slice::<Value>(&file).ok()
    };
    let lives = |record: &Value| record["body"]["expires_at"].as_u64().zip(record["body"]["issued_at"].as_u64());
    let first = record["body"]["sequence"].clone();
    for _ in 0..300 {
        // The host writes a new one in each of its rounds.
        if let Some(later) = written().filter(|later| later["body"]["sequence"] != first) {
            let (until, from) = lives(&later).unwrap_or_else(|| panic!("{later}"));
            assert_eq!(until - from, 600_000, "{later}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the record is never renewed");
}

/// What the first document of a directory says, if there is one, as text.
fn documents(directory: &tempfile::TempDir) -> Vec<String> {
    let files = std::fs::read_dir(directory.path()).unwrap();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

fn shared(directory: &tempfile::TempDir, listen: &str, loopback: bool) -> P2pConfig {
    let mut p2p = config();
    p2p.listen = vec![listen.parse().unwrap()];
    p2p.discovery.file = true;
    p2p.discovery.directory = Some(directory.path().display().to_string());
    (p2p.discovery.private, p2p.discovery.loopback) = (true, loopback);
    p2p
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_the_readers_own_costs_a_record_nothing_else() {
    for loopback in [false, true] {
        let directory = tempfile::TempDir::new().unwrap();
        let host = Host::start(&shared(&directory, "/ip4/0.0.0.0/tcp/0", loopback)).await;
        let listening = host.reactor.listening();
        let own = listening.iter().map(ToString::to_string).find(|address| address.contains("127.0.0.1"));
        let (own, other) = (own.unwrap(), "/ip4/10.255.255.254/tcp/4001");
        let write = |addresses: &[&str]| {
            let record = record(&Keypair::generate_ed25519(), UnixMillis::now(), addresses);
            std::fs::write(directory.path().join(format!("{}.json", record.peer())), record.text()).unwrap();
            record.peer().to_string()
        };
        let right = write(&[&own, other]);
        let found = host.request(discover(&["file"], None, 20)).await.unwrap();
        assert_eq!(
            (named(&found), &found["peers"][0]["addresses"]),
            (vec![right.as_str()], &json!([other])),
            "{found}"
        );
        assert!(!found["errors"].to_string().contains(&right), "{found}");
        // Where nothing is left, the reader says so. Without loopback this one may say before that it is not announced itself.
        let wrong = write(&[&own]);
        let found = host.request(discover(&["file"], None, 20)).await.unwrap();
        assert_eq!(named(&found), [right], "{found}");
        if loopback {
            let error = found["errors"][0]["error"].as_str().unwrap_or_default();
            assert!(error.contains(&wrong) && error.contains(&own), "{found}");
            let failing = host.reactor.status().await.failing;
            assert_eq!(failing.get("registry").map(String::as_str), Some(error), "{failing:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loopback_is_announced_in_a_directory_only_where_the_operator_says_so() {
    let directory = tempfile::TempDir::new().unwrap();
    let host = Host::start(&shared(&directory, "/ip4/127.0.0.1/tcp/0", false)).await;
    let found = host.request(discover(&["file"], None, 20)).await.unwrap();
    let error = found["errors"][0]["error"].as_str().unwrap_or_default();
    assert!(error.contains("not announced") && error.contains("p2p.discovery.loopback"), "{found}");
    assert_eq!(documents(&directory), [""; 0]);
    let host = host.again(&shared(&directory, "/ip4/127.0.0.1/tcp/0", true)).await;
    let found = host.request(discover(&["file"], None, 20)).await.unwrap();
    assert_eq!(found["errors"], json!([]), "{found}");
    assert_eq!(documents(&directory).len(), 1);
    assert_eq!(host.reactor.status().await.failing.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_the_configuration_names_are_connected_from_the_start() {
    let point = Host::start(&config()).await;
    let mut p2p = config();
    p2p.bootstrap = vec![point.address().to_string().parse().unwrap()];
    let host = Host::start(&p2p).await;
    host.meets(&point.peer).await;
    let sources = host.request(P2pRequest::BootstrapList).await.unwrap();
    let named = sources["sources"].as_array().unwrap().iter().find(|source| source["source"] == "bootstrap").cloned();
    assert_eq!(named.unwrap()["nodes"], 1, "{sources}");
}
