//! Getting to know peers: registries and rendezvous points are asked, found peers are dialled, and what is learnt is kept.
//!
//! **Promises.** What strangers say is checked before it is believed: records by their signature, addresses by the policy. The
//! book survives a restart.
//!
//! **Bounds.** A round of dials is [`DIALS`]; a round of registries is every [`ROUND`]; the book bounds itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use serde_json::{Map, Value};
use tandem_engine::Caller;
use tokio::sync::broadcast::error::RecvError;

use crate::{
    core::Core,
    discovery::{
        file::FileRegistry,
        record::{Announcement, HostRecord, RecordError, next_sequence},
    },
    keep,
    network::News,
    rpc::PeerRpc as _,
    settings::peer_of,
    trust::{BookError, Source, UnixMillis},
};

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
const INFO: Duration = Duration::from_secs(300);
/// Between two looks whether there are other tools: one atomic read each.
const CHANGES: Duration = Duration::from_secs(1);
/// Where hosts register at rendezvous points.
const NAMESPACE: &str = "tandem";

/// What is known of a source of nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceNote {
    pub(crate) nodes: usize,
    pub(crate) last_used: Option<SystemTime>,
    pub(crate) last_error: Option<String>,
}

/// Works until it is dropped.
pub(crate) async fn keep(core: Arc<Core>) {
    tokio::join!(listen(core.clone()), rounds(core.clone()), changes(core.clone()));
}

async fn listen(core: Arc<Core>) {
    let mut news = core.network.news();
    loop {
        match news.recv().await {
            Ok(News::Connected(peer)) => connected(&core, peer),
            Ok(News::Identified(peer)) => {
                tokio::spawn(greet(core.clone(), peer));
            }
            Ok(News::Disconnected(peer)) => core.book().disconnected(&peer, UnixMillis::now()),
            Ok(News::Found { peer, addresses, source: name }) => {
                let Some(source) = source(name) else { continue };
                let known = core.book().hint(peer, addresses, source, UnixMillis::now());
                core.sources_note(name, 1, known.err().map(|error| error.to_string()));
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn connected(core: &Core, peer: PeerId) {
    let remote = core.network.connected().into_iter().find(|(id, _)| *id == peer).and_then(|(_, c)| ip(&c.address));
    let let_in = core.book().connected(peer, remote, UnixMillis::now());
    if let Err(error) = let_in {
        tracing::info!(%peer, %error, "a peer is sent away");
        core.network.disconnect(peer);
    }
}

fn ip(address: &Multiaddr) -> Option<IpAddr> {
    address.iter().find_map(|part| match part {
        Protocol::Ip4(v4) => Some(v4.into()),
        Protocol::Ip6(v6) => Some(v6.into()),
        _ => None,
    })
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
    core.queue.look.notify_one();
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
        for (peer, connected) in core.network.connected() {
            if connected.speaks == Some(true) {
                let caller = (core.callers)(&peer.to_string());
                let Value::Object(mut said) = crate::service::info(&core, &caller) else { continue };
                said.insert("ttl_s".to_owned(), INFO.as_secs().into());
                core.links.tell(peer, "tandem/announce", said);
            }
        }
    }
}

async fn rounds(core: Arc<Core>) {
    keep::load(&core).await;
    let mut pause = FIRST;
    for node in &core.settings.nodes {
        note_hint(&core, node, Source::Env);
    }
    core.sources_note("env", core.settings.nodes.len(), None);
    for tick in 0u64.. {
        let on: BTreeSet<_> = sources(&core).iter().filter_map(|name| source(name)).collect();
        for (source, error) in look(&core, &on, DIAL).await {
            tracing::debug!(source, error, "a source of peers failed");
        }
        dial_some(&core).await;
        refresh(&core).await;
        let gone = core.book().sweep(UnixMillis::now());
        if !gone.is_empty() {
            tracing::debug!(count = gone.len(), "peers that were not heard of for long are forgotten");
        }
        if tick % SAVE == 0 {
            keep::save(&core).await;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(ROUND);
    }
}

fn note_hint(core: &Core, address: &Multiaddr, source: Source) {
    if let Some(peer) = peer_of(address) {
        let known = core.book().hint(peer, [address.clone()], source, UnixMillis::now());
        if let Err(error) = known {
            tracing::warn!(%address, %error, "a node cannot be used");
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
    if !core.network.admits(&peer) {
        return Err("admission is closed and the peer is not in p2p.allow".to_owned());
    }
    core.network.dial(address, timeout).await
}

/// Addresses of known peers that are not connected.
pub(crate) fn candidates(core: &Core) -> Vec<Multiaddr> {
    let known = crate::trust::PeerQuery { limit: 1_000, ..crate::trust::PeerQuery::default() };
    let page = core.book().list(&known, UnixMillis::now()).unwrap_or_default();
    let away = page.peers.into_iter().filter(|peer| !core.network.is_connected(&peer.peer));
    away.filter_map(|peer| {
        let first = peer.addresses.into_iter().next()?;
        Some(if peer_of(&first).is_some() { first } else { first.with(Protocol::P2p(peer.peer)) })
    })
    .collect()
}

/// The sources that are on, by the names that the tools use.
pub(crate) fn sources(core: &Core) -> Vec<String> {
    let network = &core.settings.network;
    let on = [
        ("file", core.settings.registry.is_some()),
        ("mdns", network.mdns),
        ("rendezvous", !network.rendezvous.is_empty()),
        ("github", core.github.is_some()),
    ];
    on.into_iter().filter(|(_, on)| *on).map(|(name, _)| name.to_owned()).collect()
}

pub(crate) fn source(name: &str) -> Option<Source> {
    Some(match name {
        "file" => Source::File,
        "mdns" => Source::Mdns,
        "dht" => Source::Dht,
        "rendezvous" => Source::Rendezvous,
        "github" => Source::Github,
        _ => return None,
    })
}

/// Asks sources. Answers what failed.
pub(crate) async fn look(core: &Core, sources: &BTreeSet<Source>, timeout: Duration) -> Vec<(&'static str, String)> {
    let mut failed = Vec::new();
    if sources.contains(&Source::File)
        && let Err(error) = read_registry(core).await
    {
        failed.push(("file", error));
    }
    if sources.contains(&Source::Rendezvous) {
        for point in &core.settings.network.rendezvous {
            match core.network.dial(point.clone(), timeout).await {
                Ok(peer) => {
                    if let Err(error) = core.network.register_at(peer, NAMESPACE) {
                        failed.push(("rendezvous", error));
                    }
                    core.network.ask_at(peer, NAMESPACE);
                }
                Err(error) => failed.push(("rendezvous", format!("{point}: {error}"))),
            }
        }
    }
    if sources.contains(&Source::Github)
        && let Err(error) = read_github(core).await
    {
        failed.push(("github", error));
    }
    for (name, error) in &failed {
        core.sources_note(name, 0, Some(error.clone()));
    }
    failed
}

/// Signs a record of this host. Without addresses, those that it listens on.
pub(crate) fn sign(
    core: &Core,
    mut addresses: Vec<Multiaddr>,
    ttl: Duration,
    metadata: BTreeMap<String, String>,
) -> Result<HostRecord, String> {
    if addresses.is_empty() {
        addresses = core.network.listening();
        addresses.truncate(crate::discovery::record::MAX_ADDRESSES);
    }
    let now = UnixMillis::now();
    let (capacity, free) = core.places();
    let mut tools = core.task_tools(&Caller::local());
    tools.truncate(crate::discovery::record::MAX_TOOLS);
    let sequence = {
        let mut last = core.sequence.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = next_sequence(*last, now);
        *last = Some(next);
        next
    };
    let announcement = Announcement { addresses, tools, capacity, free, metadata, sequence, issued_at: now, ttl };
    HostRecord::sign(&core.network.key, announcement).map_err(|error| error.to_string())
}

/// Writes a record to the registries that are on. Answers their names.
pub(crate) async fn publish(core: &Core, record: &HostRecord) -> Vec<&'static str> {
    let mut written = Vec::new();
    if let Some(directory) = &core.settings.registry {
        match FileRegistry::new(directory.clone()).publish(record).await {
            Ok(()) => written.push("file"),
            Err(error) => core.sources_note("file", 0, Some(error.to_string())),
        }
    }
    for point in &core.settings.network.rendezvous {
        let there = peer_of(point).filter(|peer| core.network.is_connected(peer));
        if there.is_some_and(|peer| core.network.register_at(peer, NAMESPACE).is_ok()) {
            written.push("rendezvous");
        }
    }
    written.dedup();
    written
}

/// Takes in what the GitHub registry has, and renews this host's record there when half of its time is over.
async fn read_github(core: &Core) -> Result<(), String> {
    let Some(registry) = core.github.clone() else { return Ok(()) };
    let own =
        core.github_due().then(|| sign(core, Vec::new(), core.settings.record_ttl, BTreeMap::new())).transpose()?;
    let asked = core.general.spawn(async move {
        let mut registry = registry.lock().await;
        let now = UnixMillis::now();
        if let Some(own) = own {
            registry.publish(&own, now).await.map_err(|error| error.to_string())?;
        }
        registry.list(now).await.map_err(|error| error.to_string())
    });
    let listing = asked.await.map_err(|error| error.to_string())??;
    let nodes = take_in(core, listing.records, Source::Github);
    let bad = listing.bad.first().map(|bad| format!("comment {}: {}", bad.comment, bad.error));
    core.sources_note("github", nodes, bad);
    Ok(())
}

/// Offers records to the book; answers how many are believed.
fn take_in(core: &Core, records: Vec<HostRecord>, source: Source) -> usize {
    let mut nodes = 0;
    for record in records {
        if record.peer() == core.network.me {
            continue;
        }
        let offered = core.book().offer(record, source, UnixMillis::now());
        match offered {
            Ok(()) => nodes += 1,
            // It is there already.
            Err(BookError::Record(RecordError::NotNewer { .. })) => nodes += 1,
            Err(error) => tracing::debug!(%error, "a record of a registry is refused"),
        }
    }
    nodes
}

/// Renews this host's own record and takes in those of others.
async fn read_registry(core: &Core) -> Result<(), String> {
    let Some(directory) = &core.settings.registry else { return Ok(()) };
    let registry = FileRegistry::new(directory.clone());
    if !core.network.listening().is_empty() {
        let record = sign(core, Vec::new(), core.settings.record_ttl, BTreeMap::new())?;
        registry.publish(&record).await.map_err(|error| error.to_string())?;
    }
    let found = registry.scan().await.map_err(|error| error.to_string())?;
    let nodes = take_in(core, found.records, Source::File);
    let bad = found.bad.first().map(|(file, error)| format!("{file}: {error}"));
    core.sources_note("file", nodes, bad);
    Ok(())
}
