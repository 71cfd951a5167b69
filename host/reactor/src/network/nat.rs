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
    Multiaddr, PeerId, Transport as _, autonat,
    core::{
        muxing::StreamMuxerBox,
        transport::{Boxed, ListenerId, OrTransport},
        upgrade::Version,
    },
    multiaddr::Protocol,
    noise, relay, yamux,
};

use super::{Network, OBSERVED, lock, reason};

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
pub(super) struct State {
    /// Where peers tried to reach this host: who did, and who did not.
    tested: HashMap<Multiaddr, Tested>,
    /// Listeners at relays.
    circuits: HashMap<ListenerId, Multiaddr>,
}

#[derive(Default)]
struct Tested {
    reached: HashSet<PeerId>,
    failed: HashSet<PeerId>,
}

impl State {
    pub(super) fn closed(&mut self, listener: ListenerId) {
        self.circuits.remove(&listener);
    }
}

/// An address at which peers tried to reach this host, and how many did.
pub struct Reached {
    pub address: Multiaddr,
    pub by: usize,
}

impl Network {
    /// Reserves a place at each relay where there is none yet.
    pub fn hold_relays(&self, relays: &[Multiaddr]) {
        for relay in relays {
            if lock(&self.state).nat.circuits.values().any(|held| held == relay) {
                continue;
            }
            match self.with(|swarm| swarm.listen_on(relay.clone().with(Protocol::P2pCircuit))) {
                Ok(listener) => drop(lock(&self.state).nat.circuits.insert(listener, relay.clone())),
                Err(error) => tracing::warn!(%relay, error = reason(&error), "relay reservation failed"),
            }
        }
    }

    /// Where peers tried to reach this host.
    pub fn reached(&self) -> Vec<Reached> {
        let state = lock(&self.state);
        let all = state
            .nat
            .tested
            .iter()
            .map(|(address, tested)| Reached { address: address.clone(), by: tested.reached.len() });
        let mut all: Vec<_> = all.collect();
        all.sort_by(|a, b| b.by.cmp(&a.by).then_with(|| a.address.cmp(&b.address)));
        all
    }

    pub(super) fn on_tested(&self, event: autonat::v2::client::Event) {
        let autonat::v2::client::Event { tested_addr, server, result, .. } = event;
        if let Err(error) = &result {
            tracing::debug!(address = %tested_addr, %server, %error, "this host is not reached there");
        }
        let mut state = lock(&self.state);
        let tested = &mut state.nat.tested;
        if tested.len() >= OBSERVED && !tested.contains_key(&tested_addr) {
            return;
        }
        let tested = tested.entry(tested_addr).or_default();
        let (now, before) = match result {
            Ok(()) => (&mut tested.reached, &mut tested.failed),
            Err(_) => (&mut tested.failed, &mut tested.reached),
        };
        before.remove(&server);
        if now.len() < OBSERVED {
            now.insert(server);
        }
    }
}
