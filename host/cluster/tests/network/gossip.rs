//! Announcements over a host in between, and peers that announce what is not so.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt as _;
use libp2p::{Swarm, gossipsub, identity::Keypair, swarm::SwarmEvent};
use serde_json::json;
use tandem_config::P2pConfig;
use tandem_reactor::trust::UnixMillis;

use crate::kit::{Host, config, event, record, swarm_of};

/// Where nobody listens.
const NOWHERE: &str = "/ip4/127.0.0.1/tcp/9";

fn member() -> P2pConfig {
    let mut p2p = config();
    p2p.discovery.gossip = true;
    p2p
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announcement_reaches_who_is_not_connected_with_its_author() {
    let between = Host::start(&member()).await;
    let quiet = Host::start(&config()).await;
    quiet.connect(&between.address()).await;
    let far = Host::start(&member()).await;
    far.connect(&between.address()).await;
    far.meets(&between.peer).await;
    let near = Host::start(&member()).await;
    near.connect(&between.address()).await;
    far.meets(&near.peer).await;
    assert_eq!(far.knows(&quiet.peer).await, None, "who does not announce is not heard of");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_false_or_old_is_not_believed_and_not_passed_on() {
    let between = Host::start(&member()).await;
    let far = Host::start(&member()).await;
    far.connect(&between.address()).await;
    far.meets(&between.peer).await;
    let [liar, other, honest, ear] = [(); 4].map(|()| Keypair::generate_ed25519());
    // Who only listens hears whatever the host passes on.
    let (mut swarm, heard) = (speaker(&ear, &between).await, Arc::new(Mutex::new(Vec::new())));
    let topic = gossipsub::IdentTopic::new(TOPIC);
    while swarm.behaviour().mesh_peers(&topic.hash()).next().is_none() {
        drop(tokio::time::timeout(Duration::from_millis(100), swarm.select_next_some()).await);
    }
    let hearing = tokio::spawn({
        let heard = Arc::clone(&heard);
        async move {
            loop {
                if let SwarmEvent::Behaviour(gossipsub::Event::Message { message, .. }) = swarm.select_next_some().await
                {
                    heard.lock().unwrap().extend(message.source);
                }
            }
        }
    });
    let mut swarm = speaker(&liar, &between).await;
    let now = UnixMillis::now();
    let mut changed: serde_json::Value = serde_json::from_str(record(&liar, now, &[NOWHERE]).text()).unwrap();
    changed["body"]["capacity"] = json!(99);
    let false_ones = [
        record(&other, now, &[NOWHERE]).text().to_owned(),
        changed.to_string(),
        record(&liar, UnixMillis(now.0 - 3_600_000), &[NOWHERE]).text().to_owned(),
        "{".to_owned(),
    ];
    for text in false_ones {
        swarm.behaviour_mut().publish(topic.clone(), text.into_bytes()).unwrap();
    }
    let lying = driven(swarm);
    let mut swarm = speaker(&honest, &between).await;
    swarm.behaviour_mut().publish(topic, record(&honest, now, &[NOWHERE]).text().as_bytes()).unwrap();
    let speaking = driven(swarm);
    for host in [&between, &far] {
        let there = |known: &serde_json::Value| known["addresses"][0] == "/ip4/127.0.0.1/tcp/9";
        host.until(&honest.public().to_peer_id(), there).await;
        assert_eq!(host.knows(&other.public().to_peer_id()).await, None, "nobody speaks for another");
        let known = host.knows(&liar.public().to_peer_id()).await;
        assert!(known.is_none_or(|known| known["addresses"] == json!([])), "what it said of itself was false or old");
    }
    let id = honest.public().to_peer_id();
    let passed = async {
        while !heard.lock().unwrap().contains(&id) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), passed).await.expect("what is true is passed on");
    assert!(!heard.lock().unwrap().contains(&liar.public().to_peer_id()), "what is false or old is passed on");
    for task in [hearing, lying, speaking] {
        task.abort();
    }
}

const TOPIC: &str = "tandem/hosts/1";

/// A peer that may say what it likes to a host that listens to it.
async fn speaker(key: &Keypair, host: &Host) -> Swarm<gossipsub::Behaviour> {
    let signed = gossipsub::MessageAuthenticity::Signed(key.clone());
    let mut gossip: gossipsub::Behaviour = gossipsub::Behaviour::new(signed, gossipsub::Config::default()).unwrap();
    gossip.subscribe(&gossipsub::IdentTopic::new(TOPIC)).unwrap();
    let mut swarm = swarm_of(key, gossip);
    swarm.dial(host.address()).unwrap();
    let listens = |event: SwarmEvent<gossipsub::Event>| {
        matches!(event, SwarmEvent::Behaviour(gossipsub::Event::Subscribed { .. })).then_some(())
    };
    event(&mut swarm, listens).await;
    swarm
}

fn driven(mut swarm: Swarm<gossipsub::Behaviour>) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { while swarm.next().await.is_some() {} })
}
