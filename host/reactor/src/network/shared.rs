//! The network as the rest of the process has it: the swarm, and what its events told.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::task::AtomicWaker;
use libp2p::{
    Multiaddr, PeerId, Swarm,
    identity::Keypair,
    swarm::{ConnectionId, dial_opts::DialOpts},
};
use tokio::sync::{broadcast, oneshot};

#[cfg(feature = "dht")]
use super::dht;
#[cfg(feature = "nat")]
use super::nat;
use super::{
    address::check_free,
    behaviour::Behaviour,
    error_text::reason,
    event::{Connected, NetworkEvent},
    gate::{Permit, Rules},
    handshakes::{self, FailedHandshake},
    identity,
    limits::EVENT_QUEUE,
    lock::lock,
    rendezvous,
    request_error::RequestError,
    transport,
};
#[cfg(feature = "dht")]
use crate::trust::AddressPolicy;
use crate::{
    StartError,
    settings::{NetworkSettings, peer_of},
    trust::UnixMillis,
};

/// Peers that are banned for a time, and until when.
pub(super) type Bans = VecDeque<(PeerId, Instant)>;

#[derive(Default)]
pub(super) struct NetworkState {
    pub(super) connected: HashMap<PeerId, Connected>,
    pub(super) dials: HashMap<ConnectionId, oneshot::Sender<Result<PeerId, RequestError>>>,
    pub(super) observed: HashMap<Multiaddr, HashSet<PeerId>>,
    pub(super) listening: Vec<Multiaddr>,
    /// Where others were seen to reach this host.
    pub(super) confirmed: Vec<Multiaddr>,
    pub(super) rendezvous: rendezvous::Waiting,
    #[cfg(feature = "dht")]
    pub(super) queries: dht::Queries,
    #[cfg(feature = "nat")]
    pub(super) nat: nat::NatState,
}

/// The swarm and what is known through it; shared on the reactor's thread.
pub struct Network {
    pub me: PeerId,
    pub key: Keypair,
    pub(super) swarm: Mutex<Swarm<Behaviour>>,
    pub(super) waker: AtomicWaker,
    pub(super) state: Mutex<NetworkState>,
    pub(super) blocked: Mutex<Bans>,
    /// Those that the configuration blocks.
    pub(super) shut_out: Mutex<HashSet<PeerId>>,
    pub(super) handshakes: handshakes::HandshakeLog,
    pub(super) news: broadcast::Sender<NetworkEvent>,
    pub(super) rules: Rules,
    #[cfg(feature = "dht")]
    pub(super) policy: AddressPolicy,
    /// Whether others use this host to find or reach each other, and have to be told where it is.
    pub(super) serves: bool,
    /// Relays may be dialled at any time, to renew what is reserved there.
    pub(super) _relays: Vec<Permit>,
}

impl Network {
    /// Builds the swarm and begins to listen, at all configured addresses or at none: a host that peers reach at some of them
    /// only is found out late.
    pub fn start(settings: &NetworkSettings) -> Result<Arc<Self>, StartError> {
        let key = identity::open(&settings.key).map_err(StartError::Network)?;
        let rules = Rules::new(settings.reach);
        let mut swarm = transport::swarm(&key, settings, rules.clone()).map_err(StartError::Network)?;
        let refused = |address: &Multiaddr, reason| StartError::Listen { address: address.clone(), reason };
        // All of them before any: the host's own listeners would be in the way.
        for address in &settings.listen {
            check_free(address).map_err(|error| refused(address, error.to_string()))?;
        }
        for address in &settings.listen {
            swarm.listen_on(address.clone()).map_err(|error| refused(address, reason(&error)))?;
        }
        let (news, _) = broadcast::channel(EVENT_QUEUE);
        let me = *swarm.local_peer_id();
        let answers = settings.dht == Some(crate::settings::DhtMode::Server);
        Ok(Arc::new(Self {
            me,
            key,
            #[cfg(feature = "dht")]
            policy: AddressPolicy::new(me, settings.reach),
            serves: settings.rendezvous_server || settings.nat.relay_server || answers,
            _relays: settings.nat.relays.iter().map(|relay| rules.permit(relay)).collect(),
            rules,
            swarm: Mutex::new(swarm),
            waker: AtomicWaker::new(),
            state: Mutex::default(),
            blocked: Mutex::default(),
            shut_out: Mutex::new(settings.block.iter().copied().collect()),
            handshakes: handshakes::HandshakeLog::new(settings.psk.is_some()),
            news,
        }))
    }

    /// Opens and accepts streams.
    pub fn streams(&self) -> libp2p_stream::Control {
        lock(&self.swarm).behaviour().streams.new_control()
    }

    pub fn news(&self) -> broadcast::Receiver<NetworkEvent> {
        self.news.subscribe()
    }

    /// Does something to the swarm, which looks at it soon.
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut Swarm<Behaviour>) -> R) -> R {
        let done = act(&mut lock(&self.swarm));
        self.waker.wake();
        done
    }

    pub fn connected(&self) -> Vec<(PeerId, Connected)> {
        lock(&self.state).connected.iter().map(|(peer, connected)| (*peer, connected.clone())).collect()
    }

    pub fn is_connected(&self, peer: &PeerId) -> bool {
        lock(&self.state).connected.contains_key(peer)
    }

    /// Something of a peer came.
    pub fn heard(&self, peer: &PeerId) {
        if let Some(connected) = lock(&self.state).connected.get_mut(peer) {
            connected.heard = UnixMillis::now();
        }
    }

    /// The measured way to a connected peer and back.
    pub fn rtt(&self, peer: &PeerId) -> Option<Duration> {
        lock(&self.state).connected.get(peer)?.rtt
    }

    /// Handshakes that failed not long ago, the newest last.
    pub fn failed_handshakes(&self) -> Vec<FailedHandshake> {
        self.handshakes.recent()
    }

    /// Addresses that this host listens on, as others may dial them in the same network.
    pub fn listening(&self) -> Vec<Multiaddr> {
        lock(&self.state).listening.clone()
    }

    /// Addresses to announce: those that this host listens on, and those at which it was reached.
    pub fn addresses(&self) -> Vec<Multiaddr> {
        let state = lock(&self.state);
        let confirmed = state.confirmed.iter().filter(|address| !state.listening.contains(address));
        state.listening.iter().chain(confirmed).cloned().collect()
    }

    /// What peers say they see of this host, with how many say it.
    pub fn observed(&self) -> Vec<(Multiaddr, usize)> {
        let mut all: Vec<_> = lock(&self.state).observed.iter().map(|(a, by)| (a.clone(), by.len())).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    /// Connects to `address`, which must end with the peer's id; a peer that is connected already is the answer at once.
    pub async fn dial(&self, address: Multiaddr, timeout: Duration) -> Result<PeerId, RequestError> {
        let peer = peer_of(&address).ok_or(RequestError::NoPeerId)?;
        if peer == self.me {
            return Err(RequestError::OwnAddress);
        }
        if self.is_connected(&peer) {
            return Ok(peer);
        }
        let _permit = self.rules.permit(&address);
        let options = DialOpts::from(address);
        let (reply, answer) = oneshot::channel();
        lock(&self.state).dials.insert(options.connection_id(), reply);
        let connection = options.connection_id();
        if let Err(error) = self.with(|swarm| swarm.dial(options)) {
            lock(&self.state).dials.remove(&connection);
            return Err(RequestError::Dial(reason(&error)));
        }
        let result = tokio::time::timeout(timeout, answer).await;
        lock(&self.state).dials.remove(&connection);
        match result {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(RequestError::Stopping),
            Err(_) => Err(RequestError::DialTimeout(timeout)),
        }
    }

    pub fn disconnect(&self, peer: PeerId) {
        // One that is not connected is what was wanted.
        let _gone = self.with(|swarm| swarm.disconnect_peer_id(peer));
    }

    /// Whether admission lets a peer in.
    pub fn admits(&self, peer: &PeerId) -> bool {
        let swarm = lock(&self.swarm);
        let behaviour = swarm.behaviour();
        !self.is_shut_out(peer) && behaviour.allowed.as_ref().is_none_or(|list| list.allowed_peers().contains(peer))
    }

    pub(super) fn tell(&self, news: NetworkEvent) {
        // Nobody may be listening; then the state says it.
        let _count = self.news.send(news);
    }

    /// Whether the configuration blocks a peer.
    pub fn is_shut_out(&self, peer: &PeerId) -> bool {
        lock(&self.shut_out).contains(peer)
    }
}
