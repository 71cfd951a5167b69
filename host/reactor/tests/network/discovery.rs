//! Where hosts look for others, and what they say of themselves.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tandem_engine::P2pRequest;
use tandem_manifest::{HostConfig, P2pConfig, Secret};

use crate::{
    kit::{Host, config},
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
        discovery: tandem_manifest::DiscoveryConfig {
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
