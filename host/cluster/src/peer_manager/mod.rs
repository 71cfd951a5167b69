//! Getting to know peers: registries and rendezvous points are asked, found peers are dialled, and what is learnt is kept.
//!
//! **Promises.** What strangers say is checked before it is believed: records by their signature, addresses by the policy. The
//! book survives a restart.
//!
//! **Bounds.** A round of dials is [`DIALS`]; a round of registries is every [`ROUND`]; the book bounds itself.

#[cfg(feature = "dht")]
mod dht;
pub(crate) mod exchange;
#[cfg(feature = "gossip")]
mod gossip;
mod sources;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use serde_json::Map;
use tokio::sync::broadcast::error::RecvError;

pub(crate) use self::sources::{
    OwnAnnouncement, SourceNote, failing, look, publish, register, registers, source, sources, withdraw,
};
use tandem_reactor::settings::peer_of;
use tandem_reactor::{
    network::{NetworkEvent, direct_ip},
    rpc::PeerRpc as _,
    trust::{Source, UnixMillis},
};

use crate::{core::Core, persistence};

/// Between two rounds of registries and dials.
const ROUND: Duration = Duration::from_secs(15);
/// The first rounds come sooner: hosts that start together find each other.
const FIRST: Duration = Duration::from_secs(1);
/// Rounds between two times at which the book is written down.
const SAVE: u64 = 4;
/// Dials of one round.
const DIALS: usize = 20;
/// How long a dial of a round may take.
const DIAL: Duration = Duration::from_secs(10);
/// How long what a peer says it can run is believed without hearing of it again.
pub(crate) const INFO: Duration = Duration::from_secs(300);
/// Between two looks whether there are other tools: one atomic read each.
const CHANGES: Duration = Duration::from_secs(1);
/// Rounds between two times at which trusted peers are asked whom they know, and at which the hash table and rendezvous points
/// are asked: all of them answer little that is new.
const SELDOM: u64 = 4;
/// Rounds at the start in which everything is asked each time.
const EAGER: u64 = 5;

/// Works until it is dropped.
pub(crate) async fn run(core: Arc<Core>) {
    #[cfg(feature = "gossip")]
    let announcing = gossip::announce(core.clone());
    #[cfg(not(feature = "gossip"))]
    let announcing = async {};
    tokio::join!(listen(core.clone()), rounds(core.clone()), changes(core.clone()), announcing);
}

async fn listen(core: Arc<Core>) {
    let mut news = core.network.news();
    loop {
        match news.recv().await {
            Ok(NetworkEvent::Connected(peer)) => connected(&core, peer),
            Ok(NetworkEvent::Identified(peer)) => {
                tokio::spawn(greet(core.clone(), peer));
            }
            Ok(NetworkEvent::Disconnected(peer, heard)) => core.book().disconnected(&peer, heard),
            Ok(NetworkEvent::Found { peer, addresses, source: name }) => {
                let Some(source) = source(name) else { continue };
                let known = core.book().hint(peer, addresses, source, UnixMillis::now());
                core.sources_note(name, 1, known.err().map(|error| error.to_string()));
            }
            Ok(NetworkEvent::Fault { peer, what }) => core.fault(peer, &what),
            #[cfg(feature = "gossip")]
            Ok(NetworkEvent::Announced { from, id, author, data }) => {
                let verdict = gossip::heard(&core, author, &data);
                core.network.judge(&id, &from, verdict);
            }
            #[cfg(feature = "gossip")]
            Ok(NetworkEvent::Listens) => core.announce.notify_one(),
            // Who came meanwhile may be one that is not wanted.
            Err(RecvError::Lagged(_)) => {
                let there: Vec<_> = core.network.connected().into_iter().map(|(peer, _)| peer).collect();
                there.into_iter().for_each(|peer| connected(&core, peer));
            }
            Err(RecvError::Closed) => return,
        }
    }
}

fn connected(core: &Core, peer: PeerId) {
    let remote =
        core.network.connected().into_iter().find(|(id, _)| *id == peer).and_then(|(_, c)| direct_ip(&c.address));
    let let_in = core.book().connected(peer, remote, UnixMillis::now());
    if let Err(error) = let_in {
        tracing::info!(%peer, %error, "disconnecting peer");
        core.network.disconnect(peer);
    }
}

/// Asks a new peer what it can run, and whether it has work.
async fn greet(core: Arc<Core>, peer: PeerId) {
    let speaks = core.network.connected().iter().any(|(id, c)| *id == peer && c.speaks == Some(true));
    if !speaks {
        return;
    }
    match core.links.ask(peer, "tandem/info", Map::new(), DIAL).await {
        Ok(answer) => core.note_info(peer, &answer, INFO),
        Err(error) => tracing::debug!(%peer, %error, "a peer does not say what it can run"),
    }
    core.queue.offers.put(peer);
    core.queue.offered.notify_one();
    exchange::ask(&core, peer).await;
}

/// Tells peers and the own workers when there are other tools, as after the start and after a reload.
async fn changes(core: Arc<Core>) {
    let mut before = None;
    loop {
        tokio::time::sleep(CHANGES).await;
        let Ok(tools) = core.tools() else { continue };
        let now = tools.generation();
        if before == Some(now) {
            continue;
        }
        before = Some(now);
        core.queue.look.notify_one();
        core.announce.notify_one();
        announce(&core, INFO);
    }
}

/// Tells connected peers what this host offers each of them; answers how many are told.
pub(crate) fn announce(core: &Core, ttl: Duration) -> usize {
    let peers = core.network.connected().into_iter().filter(|(_, connected)| connected.speaks == Some(true));
    let told = peers.map(|(peer, _)| {
        let mut said = core.offer(&core.operator.caller(&peer.to_string())).said();
        said.insert("ttl_s".to_owned(), ttl.as_secs().into());
        core.links.tell(peer, "tandem/announce", said);
    });
    told.count()
}

async fn rounds(core: Arc<Core>) {
    let mut pause = FIRST;
    for node in &core.settings.bootstrap {
        note_hint(&core, node, Source::Config);
    }
    if !core.settings.bootstrap.is_empty() {
        core.sources_note("bootstrap", core.settings.bootstrap.len(), None);
    }
    for node in &core.settings.nodes {
        note_hint(&core, node, Source::Env);
    }
    core.sources_note("env", core.settings.nodes.len(), None);
    for tick in 0u64.. {
        measure(&core);
        #[cfg(feature = "nat")]
        core.network.hold_relays(&core.settings.network.nat.relays);
        let mut on: BTreeSet<_> = sources(&core).iter().filter_map(|name| source(name)).collect();
        let all = tick < EAGER || tick % SELDOM == 0;
        if !all {
            on.remove(&Source::Dht);
            // Each answer names all that are there, and is remembered for hours.
            on.remove(&Source::Rendezvous);
        }
        // What failed is noted.
        let _failed = look(&core, &on, sources::PATIENCE).await;
        if all {
            exchange::ask_some(&core).await;
        }
        dial_some(&core).await;
        refresh(&core).await;
        core.network.unblock();
        let gone = core.book().sweep(UnixMillis::now());
        if !gone.is_empty() {
            tracing::debug!(count = gone.len(), "peers that were not heard of for long are forgotten");
        }
        if tick % SAVE == 0 {
            persistence::save(&core).await;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(ROUND);
    }
}

/// Tells the book what the swarm knows: who is connected and how far, and where this host is, to which nobody else leads.
fn measure(core: &Core) {
    let (connected, own) = (core.network.connected(), core.network.addresses());
    let mut book = core.book();
    book.policy_mut().set_own_addresses(&own);
    for (peer, connected) in connected {
        book.seen(&peer, connected.rtt, connected.heard);
    }
}

pub(crate) fn note_hint(core: &Core, address: &Multiaddr, source: Source) {
    if let Some(peer) = peer_of(address) {
        let known = core.book().hint(peer, [address.clone()], source, UnixMillis::now());
        if let Err(error) = known {
            tracing::warn!(%address, %error, "invalid bootstrap node");
        }
    }
}

/// Asks connected peers again before what they said is forgotten.
async fn refresh(core: &Core) {
    let stale = core.network.connected().into_iter().filter(|(peer, connected)| {
        let known = core.queue.announced.of(peer);
        connected.speaks == Some(true) && known.is_none_or(|known| known.at.elapsed().is_ok_and(|age| age > INFO / 2))
    });
    let asks = stale.take(DIALS).map(|(peer, _)| async move {
        if let Ok(answer) = core.links.ask(peer, "tandem/info", Map::new(), DIAL).await {
            core.note_info(peer, &answer, INFO);
        }
    });
    futures::future::join_all(asks).await;
}

/// Dials peers that admission would let in and that are due.
async fn dial_some(core: &Core) {
    let due = core.book().dialable(DIALS, UnixMillis::now());
    let dials = due
        .into_iter()
        .filter(|dial| core.network.admits(&dial.peer) && !core.network.is_connected(&dial.peer))
        .map(|due| async move {
            core.book().dial_started(&due.peer, UnixMillis::now());
            for address in due.addresses {
                let address = match peer_of(&address) {
                    Some(_) => address,
                    None => address.with(Protocol::P2p(due.peer)),
                };
                match core.network.dial(address.clone(), DIAL).await {
                    Ok(_) => return,
                    Err(error) => tracing::debug!(%address, error, "a peer cannot be reached"),
                }
            }
            core.book().dial_failed(&due.peer, UnixMillis::now());
        });
    futures::future::join_all(dials).await;
}

/// Dials one address and keeps it where that succeeds, or where an operator named it.
pub(crate) async fn dial(core: &Core, address: Multiaddr, source: Source, timeout: Duration) -> Result<PeerId, String> {
    note_hint(core, &address, source);
    let peer = peer_of(&address).ok_or("the address names no peer; end it with /p2p/ID")?;
    core.book().may_connect(&peer, UnixMillis::now()).map_err(|error| error.to_string())?;
    if core.network.is_shut_out(&peer) {
        return Err("the peer is in p2p.block".to_owned());
    }
    if !core.network.admits(&peer) {
        return Err("admission is closed and the peer is not in p2p.allow".to_owned());
    }
    core.network.dial(address, timeout).await
}

/// Addresses of known peers that are not connected.
pub(crate) fn candidates(core: &Core) -> Vec<Multiaddr> {
    let known = tandem_reactor::trust::PeerQuery { limit: 1_000, ..tandem_reactor::trust::PeerQuery::default() };
    let page = core.book().list(&known, UnixMillis::now()).unwrap_or_default();
    let away = page.peers.into_iter().filter(|peer| !core.network.is_connected(&peer.peer));
    away.filter_map(|peer| {
        let first = peer.addresses.into_iter().next()?;
        Some(if peer_of(&first).is_some() { first } else { first.with(Protocol::P2p(peer.peer)) })
    })
    .collect()
}
