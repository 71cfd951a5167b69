//! What trusted peers tell of others.

use libp2p::identity::Keypair;
use serde_json::json;

use crate::kit::{Host, closed};

/// A host between two that know it only. It trusts both; they trust it, and with `friends` each other.
async fn line(friends: bool) -> [Host; 3] {
    let keys = [(); 3].map(|()| Keypair::generate_ed25519());
    let ids = keys.each_ref().map(|key| key.public().to_peer_id());
    let mut hosts = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let near = |other: &usize| *other != index && (friends || index == 1 || *other == 1);
        let allow: Vec<_> = (0..3).filter(near).map(|other| ids[other]).collect();
        hosts.push(Host::with_key(&closed(&allow), key).await);
    }
    let [first, middle, last] = <[Host; 3]>::try_from(hosts).ok().unwrap();
    assert_eq!(last.connect(&middle.address()).await["connected"], 1);
    last.meets(&middle.peer).await;
    assert_eq!(first.connect(&middle.address()).await["connected"], 1);
    [first, middle, last]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn friends_of_a_friend_meet() {
    let [first, _middle, last] = line(true).await;
    let known = first.meets(&last.peer).await;
    assert_eq!(known["addresses"][0], last.address().to_string().rsplit_once("/p2p/").unwrap().0, "{known}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_exchange_does_not_admit_a_peer() {
    let [first, middle, last] = line(false).await;
    // It is known, as a candidate only: admission does not let it in, and so it is not dialled.
    first.until(&last.peer, |known| known["source"] == "exchange").await;
    first.meets(&middle.peer).await;
    let tried = first.connect(&last.address()).await;
    assert_eq!((&tried["connected"], &tried["failed"][0]["error"].is_string()), (&json!(0), &true), "{tried}");
    assert_eq!(first.knows(&last.peer).await.unwrap()["state"], "known");
}
