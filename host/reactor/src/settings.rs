//! What an operator decides about the network, with texts already parsed.

use std::{path::PathBuf, time::Duration};

use libp2p::{Multiaddr, PeerId};
use tandem_config::Admission;

use crate::trust::{
    Reach,
    quota::{AcceptLimits, WireLimits},
};

/// The network.
#[derive(Clone, Debug)]
pub struct NetworkSettings {
    /// What people call this host.
    pub name: Option<String>,
    /// The file of the host's key.
    pub key: PathBuf,
    /// Addresses to listen on.
    pub listen: Vec<Multiaddr>,
    /// Connections that peers may open.
    pub max_connections: u32,
    /// How long opening a connection may take.
    pub connection_timeout: Duration,
    /// Which peers may connect.
    pub admission: Admission,
    /// Those that may when admission is closed.
    pub allow: Vec<PeerId>,
    /// Those that never may.
    pub block: Vec<PeerId>,
    /// The network's key, when admission is by it.
    pub psk: Option<[u8; 32]>,
    /// Whether peers are looked for in the local network.
    pub mdns: bool,
    /// Whether this host is a rendezvous point for others.
    pub rendezvous_server: bool,
    /// Rendezvous points to register at and to ask, as `…/p2p/ID`.
    pub rendezvous: Vec<Multiaddr>,
    /// The distributed hash table, if it is on.
    pub dht: Option<DhtMode>,
    /// Whether announcements are passed on.
    pub gossip: bool,
    /// Being reached behind an address translator.
    pub nat: NatSettings,
    /// What a peer may do on the wire.
    pub wire: WireLimits,
    /// How often one address may connect.
    pub accept: AcceptLimits,
    /// What addresses strangers may name.
    pub reach: Reach,
    /// How connected peers are asked whether they live.
    pub ping: PingSettings,
}

/// How connected peers are asked whether they live. A connection on which the second question in a row has no answer is
/// closed: TCP alone notices a cut cable after a quarter of an hour, and until then the peer would seem to be there.
#[derive(Clone, Copy, Debug)]
pub struct PingSettings {
    /// Between two questions.
    pub interval: Duration,
    /// For an answer. A host that is busy for some seconds is not dead.
    pub timeout: Duration,
}

impl Default for PingSettings {
    fn default() -> Self {
        Self { interval: Duration::from_secs(15), timeout: Duration::from_secs(15) }
    }
}

/// What this host does in the distributed hash table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DhtMode {
    /// It asks others.
    Client,
    /// It also answers, and keeps records for others.
    Server,
}

/// Being reached behind an address translator.
#[derive(Clone, Debug, Default)]
pub struct NatSettings {
    /// Whether this host uses what others offer: relays, dial-backs, help with holes.
    pub client: bool,
    /// Relays to be reached through, as `…/p2p/ID`.
    pub relays: Vec<Multiaddr>,
    /// Whether this host is a relay.
    pub relay_server: bool,
    /// Whether this host dials peers back on request.
    pub autonat_server: bool,
}

/// The peer that an address ends with.
pub fn peer_of(address: &Multiaddr) -> Option<PeerId> {
    match address.iter().last() {
        Some(libp2p::multiaddr::Protocol::P2p(peer)) => Some(peer),
        _ => None,
    }
}
