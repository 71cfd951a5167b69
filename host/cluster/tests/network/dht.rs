//! The distributed hash table: hosts that are found through it alone, and peers that want to poison it.

use std::time::Duration;

use libp2p::{
    PeerId, StreamProtocol, identify,
    identity::Keypair,
    kad::{self, store::MemoryStore},
    swarm::{NetworkBehaviour, Swarm, SwarmEvent},
};
use serde_json::json;
use tandem_config::P2pConfig;
use tandem_reactor::trust::UnixMillis;

use crate::kit::{Host, config, event, is_well, record};

fn member(server: bool) -> P2pConfig {
    let mut p2p = config();
    p2p.discovery.dht = true;
    p2p.discovery.dht_server = server;
    p2p
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_is_found_over_the_table_alone() {
    let table = Host::start(&member(true)).await;
    // It is connected with the same host, and takes no part in the table.
    let outside = Host::start(&config()).await;
    outside.connect(&table.address()).await;
    let (here, there) = (Host::start(&member(false)).await, Host::start(&member(false)).await);
    there.connect(&table.address()).await;
    here.connect(&table.address()).await;
    here.meets(&there.peer).await;
    there.meets(&here.peer).await;
    assert_eq!(here.knows(&outside.peer).await, None);
}

#[derive(NetworkBehaviour)]
struct Liar {
    table: kad::Behaviour<MemoryStore>,
    identify: identify::Behaviour,
}

/// A peer that speaks a protocol of hash tables, ours or another, and listens.
async fn liar(key: &Keypair, protocol: &'static str, host: &Host) -> Swarm<Liar> {
    let me = key.public().to_peer_id();
    let config = kad::Config::new(StreamProtocol::new(protocol));
    let mut table = kad::Behaviour::with_config(me, MemoryStore::new(me), config);
    table.set_mode(Some(kad::Mode::Server));
    table.add_address(&host.peer, host.address());
    let identify = identify::Behaviour::new(identify::Config::new("/tandem/1.0.0".to_owned(), key.public()));
    let mut swarm = crate::kit::swarm_of(key, Liar { table, identify });
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
    event(&mut swarm, |event| matches!(event, SwarmEvent::NewListenAddr { .. }).then_some(())).await;
    swarm.dial(host.address()).unwrap();
    event(&mut swarm, |event| match event {
        SwarmEvent::Behaviour(LiarEvent::Identify(identify::Event::Sent { .. })) => Some(()),
        _ => None,
    })
    .await;
    swarm
}

const OURS: &str = "/tandem/kad/1.0.0";

/// Whom the host names as near to a peer.
async fn named(host: &Host, near: PeerId) -> Vec<PeerId> {
    let mut asking = liar(&Keypair::generate_ed25519(), OURS, host).await;
    asking.behaviour_mut().table.get_closest_peers(near);
    event(&mut asking, |event| match event {
        SwarmEvent::Behaviour(LiarEvent::Table(kad::Event::OutboundQueryProgressed {
            result: kad::QueryResult::GetClosestPeers(Ok(found)),
            ..
        })) => Some(found.peers.into_iter().map(|peer| peer.peer_id).collect()),
        _ => None,
    })
    .await
}

/// What the host has as the record of a peer.
async fn stored(host: &Host, of: &PeerId) -> Option<Vec<u8>> {
    let mut asking = liar(&Keypair::generate_ed25519(), OURS, host).await;
    asking.behaviour_mut().table.get_record(key_of(of));
    event(&mut asking, |event| match event {
        SwarmEvent::Behaviour(LiarEvent::Table(kad::Event::OutboundQueryProgressed {
            result: kad::QueryResult::GetRecord(result),
            ..
        })) => Some(match result {
            Ok(kad::GetRecordOk::FoundRecord(found)) => Some(found.record.value),
            _ => None,
        }),
        _ => None,
    })
    .await
}

fn key_of(peer: &PeerId) -> kad::RecordKey {
    kad::RecordKey::new(&[b"/tandem/host/".as_slice(), &peer.to_bytes()].concat())
}

async fn put(swarm: &mut Swarm<Liar>, of: &PeerId, value: Vec<u8>) {
    let record = kad::Record::new(key_of(of).to_vec(), value);
    swarm.behaviour_mut().table.put_record(record, kad::Quorum::One).unwrap();
    event(swarm, |event| match event {
        SwarmEvent::Behaviour(LiarEvent::Table(kad::Event::OutboundQueryProgressed {
            result: kad::QueryResult::PutRecord(_),
            ..
        })) => Some(()),
        SwarmEvent::ConnectionClosed { .. } => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_of_another_dht_protocol_is_not_returned_to_others() {
    let host = Host::start(&member(true)).await;
    let (other, ours) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
    let mut stranger = liar(&other, "/ipfs/kad/1.0.0", &host).await;
    let mut member = liar(&ours, OURS, &host).await;
    let both = tokio::spawn(async move {
        loop {
            futures::future::select(stranger.next_event(), member.next_event()).await;
        }
    });
    let id = |key: &Keypair| key.public().to_peer_id();
    assert!(named(&host, id(&ours)).await.contains(&id(&ours)), "who speaks ours is");
    assert!(!named(&host, id(&other)).await.contains(&id(&other)));
    both.abort();
    is_well(&host).await;
}

trait NextEvent {
    fn next_event(&mut self) -> futures::future::BoxFuture<'_, ()>;
}

impl NextEvent for Swarm<Liar> {
    fn next_event(&mut self) -> futures::future::BoxFuture<'_, ()> {
        use futures::{FutureExt as _, StreamExt as _};
        self.select_next_some().map(drop).boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_kept_only_from_its_own_host_and_while_it_is_fresh() {
    let host = Host::start(&member(true)).await;
    let now = UnixMillis::now();
    let near = "/ip4/127.0.0.1/tcp/4001";
    let minute = Duration::from_secs(60);
    // Of the own host, fresh: it is kept, and an older one does not replace it.
    let honest = Keypair::generate_ed25519();
    let me = honest.public().to_peer_id();
    let mut swarm = liar(&honest, OURS, &host).await;
    let good = record(&honest, now, &[near]);
    put(&mut swarm, &me, good.text().as_bytes().to_vec()).await;
    let older = record(&honest, UnixMillis(now.0 - 1_000), &[near]);
    put(&mut swarm, &me, older.text().as_bytes().to_vec()).await;
    assert_eq!(stored(&host, &me).await.as_deref(), Some(good.text().as_bytes()));

    let liars = Keypair::generate_ed25519();
    let it = liars.public().to_peer_id();
    let expired = record(&liars, UnixMillis(now.0 - 3_600_000), &[near]);
    let future = record(&liars, now.after(30 * minute), &[near]);
    let metadata = record(&liars, now, &["/ip4/169.254.169.254/tcp/80"]);
    let mut forged: serde_json::Value = serde_json::from_str(record(&liars, now, &[near]).text()).unwrap();
    forged["body"]["free"] = json!(0);
    let cases = [
        ("expired", expired.text().to_owned()),
        ("of a clock that is far ahead", future.text().to_owned()),
        ("that leads to the link", metadata.text().to_owned()),
        ("that was changed", forged.to_string()),
        ("of another host", good.text().to_owned()),
    ];
    for (what, text) in cases {
        let mut swarm = liar(&liars, OURS, &host).await;
        put(&mut swarm, &it, text.into_bytes()).await;
        assert_eq!(stored(&host, &it).await, None, "a record {what}");
    }
    // Two of these were lies: their author is sent away.
    host.until(&it, |known| known["state"] == "banned").await;
    is_well(&host).await;
}
