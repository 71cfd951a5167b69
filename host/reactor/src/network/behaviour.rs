//! What the swarm speaks, and what it refuses before it speaks.
//!
//! The limits come first in the behaviour: what they refuse costs the others nothing.

use std::collections::HashSet;

use libp2p::{
    PeerId, StreamProtocol, allow_block_list as lists, connection_limits as limits, identify,
    identity::Keypair,
    mdns, memory_connection_limits as memory, ping, rendezvous,
    swarm::{NetworkBehaviour, behaviour::toggle::Toggle},
};
use tandem_config::Admission;

#[cfg(feature = "dht")]
use super::dht;
#[cfg(feature = "gossip")]
use super::gossip;
#[cfg(feature = "nat")]
use super::nat;
use super::{accepts, handshake_slots::SLOTS, panic_boundary::PanicBoundary};
use crate::{error::NetworkError, settings::NetworkSettings};

/// The protocol of tool calls between hosts (MCP++ Profile E).
pub const PROTOCOL: StreamProtocol = StreamProtocol::new("/mcp+p2p/1.0.0");

/// Connections of one peer: one each way, so that two hosts that dial each other at once both succeed. More is a way to
/// multiply every other quota.
const PER_PEER: u32 = 2;
/// Connections that this host opened.
const OUTGOING: u32 = 64;
/// Connections that this host is opening.
const OPENING: u32 = 32;
/// Connections that others are opening. Who gets a place is decided before ([`super::handshake_slots`]); what lost its place
/// still counts here until its task has seen that.
const ARRIVING: u32 = 4 * SLOTS as u32;
/// Share of the machine's memory over which no connection is taken.
const MEMORY: f64 = 0.8;

#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    limits: limits::Behaviour,
    memory: memory::Behaviour,
    accepts: accepts::Behaviour,
    pub allowed: Toggle<lists::Behaviour<lists::AllowedPeers>>,
    pub(super) blocked: lists::Behaviour<lists::BlockedPeers>,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    pub streams: libp2p_stream::Behaviour,
    pub(super) rendezvous: PanicBoundary<rendezvous::client::Behaviour>,
    server: Toggle<rendezvous::server::Behaviour>,
    mdns: Toggle<mdns::tokio::Behaviour>,
    #[cfg(feature = "dht")]
    pub dht: Toggle<dht::Table>,
    #[cfg(feature = "gossip")]
    pub gossip: Toggle<gossip::Behaviour>,
    #[cfg(feature = "nat")]
    relayed: Toggle<libp2p::relay::client::Behaviour>,
    #[cfg(feature = "nat")]
    relay: Toggle<libp2p::relay::Behaviour>,
    #[cfg(feature = "nat")]
    holes: Toggle<libp2p::dcutr::Behaviour>,
    #[cfg(feature = "nat")]
    reached: Toggle<libp2p::autonat::v2::client::Behaviour>,
    #[cfg(feature = "nat")]
    dial_back: Toggle<libp2p::autonat::v2::server::Behaviour>,
}

/// What comes with the transport: the relay client, where it is built in and on.
#[cfg(feature = "nat")]
pub(super) type Relayed = nat::Relayed;
#[cfg(not(feature = "nat"))]
pub(super) type Relayed = ();

impl Behaviour {
    pub(super) fn new(key: &Keypair, settings: &NetworkSettings, relayed: Relayed) -> Result<Self, NetworkError> {
        let public = key.public();
        let me = PeerId::from(&public);
        let limits = limits::ConnectionLimits::default()
            .with_max_pending_incoming(Some(ARRIVING))
            .with_max_pending_outgoing(Some(OPENING))
            .with_max_established_incoming(Some(settings.max_connections))
            .with_max_established_outgoing(Some(OUTGOING))
            .with_max_established_per_peer(Some(PER_PEER));
        let allowed = match settings.admission {
            Admission::Closed => Some(allow_list(settings.allow.iter().copied())),
            Admission::Psk | Admission::Open => None,
        };
        let identify = identify::Config::new("/tandem/1.0.0".to_owned(), public)
            .with_agent_version(agent(settings.name.as_deref()));
        let mdns = match settings.mdns {
            true => {
                let mdns = mdns::tokio::Behaviour::new(mdns::Config::default(), me);
                Some(mdns.map_err(|error| NetworkError::Mdns(error.to_string()))?)
            }
            false => None,
        };
        #[cfg(not(feature = "nat"))]
        let () = relayed;
        let server = settings
            .rendezvous_server
            .then(|| rendezvous::server::Behaviour::new(rendezvous::server::Config::default()));
        Ok(Self {
            limits: limits::Behaviour::new(limits),
            memory: memory::Behaviour::with_max_percentage(MEMORY),
            accepts: accepts::Behaviour::new(settings.accept),
            allowed: allowed.into(),
            blocked: block_list(&settings.block),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(
                ping::Config::new().with_interval(settings.ping.interval).with_timeout(settings.ping.timeout),
            ),
            streams: libp2p_stream::Behaviour::new(),
            rendezvous: PanicBoundary::new("rendezvous", rendezvous::client::Behaviour::new(key.clone())),
            server: server.into(),
            mdns: mdns.into(),
            #[cfg(feature = "dht")]
            dht: settings.dht.map(|mode| dht::behaviour(me, mode)).into(),
            #[cfg(feature = "gossip")]
            gossip: settings.gossip.then(|| gossip::behaviour(key)).transpose()?.into(),
            #[cfg(feature = "nat")]
            relayed: relayed.into(),
            #[cfg(feature = "nat")]
            relay: settings.nat.relay_server.then(|| nat::server(me)).into(),
            #[cfg(feature = "nat")]
            holes: settings.nat.client.then(|| libp2p::dcutr::Behaviour::new(me)).into(),
            #[cfg(feature = "nat")]
            reached: settings.nat.client.then(Default::default).into(),
            #[cfg(feature = "nat")]
            dial_back: settings.nat.autonat_server.then(Default::default).into(),
        })
    }
}

fn block_list(peers: &[PeerId]) -> lists::Behaviour<lists::BlockedPeers> {
    let mut list = lists::Behaviour::<lists::BlockedPeers>::default();
    for peer in peers {
        list.block_peer(*peer);
    }
    list
}

fn allow_list(peers: impl Iterator<Item = PeerId>) -> lists::Behaviour<lists::AllowedPeers> {
    let mut list = lists::Behaviour::<lists::AllowedPeers>::default();
    for peer in peers.collect::<HashSet<_>>() {
        list.allow_peer(peer);
    }
    list
}

/// What this host says of its program, and of itself: for people.
fn agent(name: Option<&str>) -> String {
    let program = concat!("tandem/", env!("CARGO_PKG_VERSION"));
    name.map_or_else(|| program.to_owned(), |name| format!("{program} ({name})"))
}
