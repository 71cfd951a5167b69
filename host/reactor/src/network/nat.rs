//! Being reached behind an address translator: relays (circuit relay v2), dial-backs that tell whether others can reach
//! this host (autonat v2), and holes punched through relayed connections (dcutr).
//!
//! **Bounds.** As a relay: [`CIRCUIT_BYTES`] and the crate's own bounds on reservations, circuits, their time and their
//! rates, for each peer and address. As a dial-back server: one dial for each request, at the address that the asking
//! peer is seen at; the policy of addresses looks at it like at any other.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use libp2p::{
    Multiaddr, PeerId, Transport as _,
    core::{
        muxing::StreamMuxerBox,
        transport::{Boxed, ListenerId, OrTransport},
        upgrade::Version,
    },
    noise, relay, yamux,
};

/// Connections whose peers are known, with their streams.
type Connections = Boxed<(PeerId, StreamMuxerBox)>;

/// What a circuit may carry: a few of the largest frames. A relay is there to get a direct connection, not in its place.
const CIRCUIT_BYTES: u64 = 8 << 20;

/// What a relay client needs of the behaviour, if it is on.
pub(super) type Relayed = Option<relay::client::Behaviour>;

/// The transport with relayed connections beside the direct ones.
pub(super) fn relayed(
    direct: Connections,
    me: PeerId,
    noise: noise::Config,
    on: bool,
    handshake: Duration,
) -> (Connections, Relayed) {
    if !on {
        return (direct, None);
    }
    let (transport, behaviour) = relay::client::new(me);
    let relayed = transport
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(yamux::Config::default())
        .timeout(handshake)
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
        .boxed();
    (OrTransport::new(relayed, direct).map(|either, _| either.into_inner()).boxed(), Some(behaviour))
}

pub(super) fn server(me: PeerId) -> relay::Behaviour {
    relay::Behaviour::new(me, relay::Config { max_circuit_bytes: CIRCUIT_BYTES, ..relay::Config::default() })
}

/// What is known of how this host is reached.
#[derive(Default)]
pub(super) struct NatState {
    /// Where peers tried to reach this host: who did, and who did not.
    pub(super) tested: HashMap<Multiaddr, Tested>,
    /// Listeners at relays.
    pub(super) circuits: HashMap<ListenerId, Multiaddr>,
}

#[derive(Default)]
pub(super) struct Tested {
    pub(super) reached: HashSet<PeerId>,
    pub(super) failed: HashSet<PeerId>,
}

impl NatState {
    pub(super) fn closed(&mut self, listener: ListenerId) {
        self.circuits.remove(&listener);
    }
}

/// An address at which peers tried to reach this host, and how many did.
pub struct Reached {
    pub address: Multiaddr,
    pub by: usize,
}
