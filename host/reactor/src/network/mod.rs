//! The swarm: who is connected, how others are reached, and what they say about this host.
//!
//! **Promises.** Everything here happens on the reactor's thread. A question about the swarm is answered at once from what
//! its events told; a dial is answered when it ends.
//!
//! **Bounds.** [`EVENTS`] events before other work gets a turn; connections and streams by the behaviour, connections of one
//! address by [`accepts`], handshakes by [`handshake_slots`]; [`OBSERVED`] addresses that others claim this host to have.
//!
//! A peer that answers no ping is disconnected (see [`PingSettings`](crate::settings::PingSettings)).
//!
//! **Refuses.** Peers that admission does not let in, before anything is said to them; dials to where the address policy
//! forbids, whoever wants them ([`gate`]).

mod accepts;
mod behaviour;
mod blocked;
#[cfg(feature = "dht")]
mod dht;
mod events;
mod gate;
#[cfg(feature = "gossip")]
mod gossip;
mod handshake_slots;
mod handshakes;
mod identity;
#[cfg(feature = "nat")]
mod nat;
mod panic_boundary;
mod rendezvous;
mod transport;

use std::{
    collections::{HashMap, HashSet},
    io,
    net::{IpAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use behaviour::Behaviour;
pub use behaviour::PROTOCOL;
use futures::{StreamExt as _, future::poll_fn, task::AtomicWaker};
#[cfg(feature = "gossip")]
pub use gossip::Verdict;
pub use handshakes::FailedHandshake;
use libp2p::{
    Multiaddr, PeerId, Swarm,
    identity::Keypair,
    multiaddr::Protocol,
    swarm::{ConnectionId, dial_opts::DialOpts},
};
use tokio::sync::{broadcast, oneshot};

use self::gate::{Permit, Rules};
#[cfg(feature = "dht")]
use crate::trust::AddressPolicy;
use crate::{
    StartError,
    settings::{NetworkSettings, peer_of},
    trust::UnixMillis,
};

/// Events of the swarm in one turn. Stops a peer that makes events without end from keeping the thread.
const EVENTS: usize = 64;
/// Addresses of this host that peers claim to see, and the peers that are remembered for each. A peer may claim anything.
const OBSERVED: usize = 64;
/// News that nobody took yet. Who comes late looks at the state instead.
const NEWS: usize = 256;

/// What happened.
#[derive(Clone, Debug)]
pub enum NetworkEvent {
    /// A peer has its first connection.
    Connected(PeerId),
    /// A peer said who it is and what it speaks.
    Identified(PeerId),
    /// A peer has none any more; it was heard of last at this time.
    Disconnected(PeerId, UnixMillis),
    /// Somebody says that a peer is there.
    Found { peer: PeerId, addresses: Vec<Multiaddr>, source: &'static str },
    /// A peer broke a rule of a protocol.
    #[cfg_attr(not(feature = "dht"), allow(dead_code, reason = "nobody else looks so closely yet"))]
    Fault { peer: PeerId, what: String },
    /// An announcement came; it waits for its verdict.
    #[cfg(feature = "gossip")]
    Announced { from: PeerId, id: libp2p::gossipsub::MessageId, author: PeerId, data: Vec<u8> },
    /// A peer wants announcements from now on.
    #[cfg(feature = "gossip")]
    Listens,
}

/// A connected peer.
#[derive(Clone, Debug)]
pub struct Connected {
    pub address: Multiaddr,
    pub rtt: Option<Duration>,
    /// When something of it came last.
    pub heard: UnixMillis,
    pub agent: Option<String>,
    pub listens: Vec<Multiaddr>,
    /// Whether it speaks our protocol, once that is known.
    pub speaks: Option<bool>,
}

#[derive(Default)]
struct State {
    connected: HashMap<PeerId, Connected>,
    dials: HashMap<ConnectionId, oneshot::Sender<Result<PeerId, String>>>,
    observed: HashMap<Multiaddr, HashSet<PeerId>>,
    listening: Vec<Multiaddr>,
    /// Where others were seen to reach this host.
    confirmed: Vec<Multiaddr>,
    rendezvous: rendezvous::Waiting,
    #[cfg(feature = "dht")]
    queries: dht::Queries,
    #[cfg(feature = "nat")]
    nat: nat::State,
}

/// The swarm and what is known through it; shared on the reactor's thread.
pub struct Network {
    pub me: PeerId,
    pub key: Keypair,
    swarm: Mutex<Swarm<Behaviour>>,
    waker: AtomicWaker,
    state: Mutex<State>,
    blocked: Mutex<blocked::Blocked>,
    /// Those that the configuration blocks.
    shut_out: Mutex<HashSet<PeerId>>,
    handshakes: handshakes::Log,
    news: broadcast::Sender<NetworkEvent>,
    rules: Rules,
    #[cfg(feature = "dht")]
    policy: AddressPolicy,
    /// Whether others use this host to find or reach each other, and have to be told where it is.
    serves: bool,
    /// Relays may be dialled at any time, to renew what is reserved there.
    _relays: Vec<Permit>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (news, _) = broadcast::channel(NEWS);
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
            handshakes: handshakes::Log::new(settings.psk.is_some()),
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
    fn with<R>(&self, act: impl FnOnce(&mut Swarm<Behaviour>) -> R) -> R {
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
    pub async fn dial(&self, address: Multiaddr, timeout: Duration) -> Result<PeerId, String> {
        let peer = peer_of(&address).ok_or("the address names no peer; end it with /p2p/ID")?;
        if peer == self.me {
            return Err("this is the host itself".to_owned());
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
            return Err(reason(&error));
        }
        let result = tokio::time::timeout(timeout, answer).await;
        lock(&self.state).dials.remove(&connection);
        match result {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err("the reactor is stopping".to_owned()),
            Err(_) => Err(format!("no connection within {} s", timeout.as_secs())),
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

    /// The event loop: it ends with the thread's runtime.
    pub async fn run(self: Arc<Self>) {
        poll_fn(|cx| {
            self.waker.register(cx.waker());
            for _ in 0..EVENTS {
                let next = lock(&self.swarm).poll_next_unpin(cx);
                match next {
                    Poll::Ready(Some(event)) => self.on(event),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Refuses an address of TCP at which another process listens: the transport shares ports (`SO_REUSEPORT`), so that both would
/// listen there and each have some of the peers.
fn check_free(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let ip: IpAddr = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => ip.into(),
        _ => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port != 0 => TcpListener::bind((ip, port)).map(drop),
        _ => Ok(()),
    }
}

/// Whether an address leads through a relay.
fn is_relayed(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit)
}

/// The IP address that a connection comes from or goes to, if not through a relay.
pub fn direct_ip(address: &Multiaddr) -> Option<IpAddr> {
    if is_relayed(address) {
        return None;
    }
    address.iter().find_map(|part| match part {
        Protocol::Ip4(v4) => Some(v4.into()),
        Protocol::Ip6(v6) => Some(v6.into()),
        _ => None,
    })
}

/// An error with what caused it, on one line.
fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string().replace('\n', " ");
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
