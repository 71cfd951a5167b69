//! The peer manager: it follows the network's events, and in rounds it asks sources, dials peers and keeps the book.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use libp2p::{Multiaddr, PeerId};
use serde_json::Value;
use tandem_reactor::{
    discovery::record::HostRecord,
    network::{NetworkEvent, direct_ip},
    rpc::RpcError,
    trust::{Source, UnixMillis},
};
use tandem_store::Store;
use tokio::{runtime::Handle, sync::broadcast::error::RecvError};

#[cfg(feature = "gossip")]
use super::gossip;
use super::{
    advertiser::Advertiser,
    dialer::{self, DIALS, DialError},
    exchange::RecordExchange,
    intake::add_hint,
    own_record::OwnRecord,
    persistence,
    source_error::OwnRecordError,
    source_log::SourceLog,
    sources::{Sources, source_by_name},
};
use crate::{
    limits::{ADVERTISEMENT_TTL, PEER_TIMEOUT},
    peers::{PeerDirectory, TaskPolicy},
    queue::WorkOffers,
    settings::Settings,
    worker::LocalWorker,
};

/// Between two rounds of registries and dials.
const ROUND: Duration = Duration::from_secs(15);
/// The first rounds come sooner: hosts that start together find each other.
const FIRST: Duration = Duration::from_secs(1);
/// Rounds between two times at which the book is written down.
const SAVE: u64 = 4;
/// Rounds between two times at which trusted peers are asked whom they know, and at which the hash table and rendezvous points
/// are asked: all of them answer little that is new.
const SELDOM: u64 = 4;
/// Rounds at the start in which everything is asked each time.
const EAGER: u64 = 5;
/// How long a source may take to answer in a round: an issue with many hosts has many pages.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(30);

/// What the peer manager is built on.
pub(crate) struct ManagerDeps {
    pub(crate) settings: Arc<Settings>,
    pub(crate) peers: Arc<PeerDirectory>,
    pub(crate) worker: Arc<LocalWorker>,
    pub(crate) policy: Arc<TaskPolicy>,
    pub(crate) store: Store,
    pub(crate) offers: Arc<WorkOffers>,
    pub(crate) general: Handle,
}

/// See the module.
pub(crate) struct PeerManager {
    settings: Arc<Settings>,
    peers: Arc<PeerDirectory>,
    store: Store,
    /// A peer that connects may have work.
    offers: Arc<WorkOffers>,
    record: Arc<OwnRecord>,
    exchange: RecordExchange,
    advertiser: Advertiser,
    /// Where peers are looked for.
    pub(crate) sources: Sources,
    /// How each source was used.
    pub(crate) source_log: Arc<SourceLog>,
}

impl PeerManager {
    pub(crate) fn new(deps: ManagerDeps) -> Self {
        let ManagerDeps { settings, peers, worker, policy, store, offers, general } = deps;
        let log = Arc::<SourceLog>::default();
        let (reach, ttl) = (settings.network.reach, settings.record_ttl);
        let record = Arc::new(OwnRecord::new(peers.clone(), worker.clone(), reach, ttl));
        let exchange = RecordExchange {
            settings: settings.clone(),
            peers: peers.clone(),
            record: record.clone(),
            log: log.clone(),
        };
        let advertiser = Advertiser { peers: peers.clone(), worker, policy, record: record.clone() };
        let sources = Sources::new(settings.clone(), peers.clone(), record.clone(), log.clone(), general);
        Self { settings, peers, store, offers, record, exchange, advertiser, sources, source_log: log }
    }

    /// Works until it is dropped.
    pub(crate) async fn run(self: Arc<Self>) {
        tokio::join!(self.follow_events(), self.rounds(), self.advertiser.follow_tools(), self.announce());
    }

    #[cfg(feature = "gossip")]
    async fn announce(&self) {
        if self.settings.network.gossip {
            gossip::announce(&self.peers.network, &self.record).await;
        }
    }

    #[cfg(not(feature = "gossip"))]
    async fn announce(&self) {}

    async fn follow_events(self: &Arc<Self>) {
        let mut events = self.peers.network.news();
        loop {
            match events.recv().await {
                Ok(NetworkEvent::Connected(peer)) => self.connected(peer),
                Ok(NetworkEvent::Identified(peer)) => {
                    tokio::spawn(self.clone().greet(peer));
                }
                Ok(NetworkEvent::Disconnected(peer, heard)) => self.peers.book().disconnected(&peer, heard),
                Ok(NetworkEvent::Found { peer, addresses, source: name }) => {
                    let Some(source) = source_by_name(name) else { continue };
                    let known = self.peers.book().hint(peer, addresses, source, UnixMillis::now());
                    self.source_log.record(name, 1, known.err().map(|error| error.to_string()));
                }
                Ok(NetworkEvent::Fault { peer, what }) => self.peers.report_violation(peer, &what),
                #[cfg(feature = "gossip")]
                Ok(NetworkEvent::Announced { from, id, author, data }) => {
                    let verdict = gossip::evaluate(&self.peers, author, &data);
                    self.peers.network.report_verdict(&id, &from, verdict);
                }
                #[cfg(feature = "gossip")]
                Ok(NetworkEvent::Listens) => self.record.changed.notify_one(),
                // Who came meanwhile may be one that is not wanted.
                Err(RecvError::Lagged(_)) => {
                    let connected: Vec<_> = self.peers.network.connected().into_iter().map(|(peer, _)| peer).collect();
                    connected.into_iter().for_each(|peer| self.connected(peer));
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn connected(&self, peer: PeerId) {
        let network = &self.peers.network;
        let connection = network.connected().into_iter().find(|(id, _)| *id == peer);
        let remote = connection.and_then(|(_, connected)| direct_ip(&connected.address));
        let admitted = self.peers.book().connected(peer, remote, UnixMillis::now());
        if let Err(error) = admitted {
            tracing::info!(%peer, %error, "disconnecting peer");
            network.disconnect(peer);
        }
    }

    /// Asks a new peer what it can run, whether it has work, and whom it knows.
    async fn greet(self: Arc<Self>, peer: PeerId) {
        if !self.peers.speaking().any(|(speaking, _)| speaking == peer) {
            return;
        }
        if let Err(error) = self.peers.ask_capabilities(peer, PEER_TIMEOUT).await {
            tracing::debug!(%peer, %error, "tandem/info failed");
        }
        self.offers.put(peer);
        self.exchange.ask(peer).await;
    }

    async fn rounds(&self) {
        let mut pause = FIRST;
        self.add_configured_nodes();
        for round in 0u64.. {
            self.measure();
            #[cfg(feature = "nat")]
            self.peers.network.hold_relays(&self.settings.network.nat.relays);
            let all = round < EAGER || round % SELDOM == 0;
            self.query_sources(all).await;
            dialer::dial_due(&self.peers).await;
            // Before what they said is forgotten.
            self.peers.refresh_advertisements(ADVERTISEMENT_TTL / 2, DIALS, PEER_TIMEOUT).await;
            self.peers.network.unblock();
            let gone = self.peers.book().sweep(UnixMillis::now());
            if !gone.is_empty() {
                tracing::debug!(count = gone.len(), "removed peers that were not heard of for long");
            }
            if round % SAVE == 0 {
                self.save().await;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(ROUND);
        }
    }

    fn add_configured_nodes(&self) {
        let Settings { bootstrap, nodes, .. } = &*self.settings;
        bootstrap.iter().for_each(|node| self.add_hint(node, Source::Config));
        if !bootstrap.is_empty() {
            self.source_log.record("bootstrap", bootstrap.len(), None);
        }
        nodes.iter().for_each(|node| self.add_hint(node, Source::Env));
        self.source_log.record("env", nodes.len(), None);
    }

    async fn query_sources(&self, all: bool) {
        let mut sources: BTreeSet<_> = self.sources.enabled().iter().filter_map(|name| source_by_name(name)).collect();
        if !all {
            sources.remove(&Source::Dht);
            // Each answer names all that are there, and is remembered for hours.
            sources.remove(&Source::Rendezvous);
        }
        // What failed is in the log of sources.
        let _failed = self.sources.query(&sources, SOURCE_TIMEOUT).await;
        if all {
            self.exchange.ask_some().await;
        }
    }

    /// Tells the book what the swarm knows: who is connected and how far, and where this host is, to which nobody else leads.
    fn measure(&self) {
        let (connected, own) = (self.peers.network.connected(), self.peers.network.addresses());
        let mut book = self.peers.book();
        book.policy_mut().set_own_addresses(&own);
        for (peer, connected) in connected {
            book.seen(&peer, connected.rtt, connected.heard);
        }
    }

    /// Takes the peers of the store into the book.
    pub(crate) async fn restore(&self) {
        persistence::load(&self.store, &self.peers).await;
    }

    /// Writes the book down.
    pub(crate) async fn save(&self) {
        persistence::save(&self.store, &self.peers).await;
    }

    /// Takes this host's record back from where others look for it.
    pub(crate) async fn withdraw(&self) {
        self.sources.withdraw().await;
    }

    /// The sources that failed when they were asked last, with why.
    pub(crate) fn failing(&self) -> BTreeMap<String, String> {
        self.sources.failing()
    }

    /// What this host says of itself changed: announcements go out soon.
    pub(crate) fn record_changed(&self) {
        self.record.changed.notify_one();
    }

    /// Tells connected peers what this host offers each of them; answers how many are told.
    pub(crate) fn advertise(&self, ttl: Duration) -> usize {
        self.advertiser.advertise(ttl)
    }

    /// Signs a record as somebody words it, for the registries that are on. Answers it and where it was written.
    pub(crate) async fn register(
        &self,
        addresses: Vec<Multiaddr>,
        ttl: Duration,
        metadata: BTreeMap<String, String>,
    ) -> Result<(HostRecord, Vec<&'static str>), OwnRecordError> {
        let record = self.record.register(addresses, ttl, metadata)?;
        let registries = self.sources.publish(&record).await;
        Ok((record, registries))
    }

    /// Answers a peer that asks for records.
    pub(crate) fn exchange_records(&self, peer: PeerId) -> Result<Value, RpcError> {
        self.exchange.answer(peer)
    }

    /// Takes in a node that somebody named without a record.
    pub(crate) fn add_hint(&self, address: &Multiaddr, source: Source) {
        add_hint(&self.peers, address, source);
    }

    /// Dials one address and keeps it where that succeeds, or where an operator named it.
    pub(crate) async fn dial(
        &self,
        address: Multiaddr,
        source: Source,
        timeout: Duration,
    ) -> Result<PeerId, DialError> {
        dialer::dial(&self.peers, address, source, timeout).await
    }

    /// Addresses of known peers that are not connected.
    pub(crate) fn candidates(&self) -> Vec<Multiaddr> {
        dialer::candidates(&self.peers)
    }
}
