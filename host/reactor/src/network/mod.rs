//! The swarm: who is connected, how others are reached, and what they say about this host.
//!
//! **Promises.** Everything here happens on the reactor's thread. A question about the swarm is answered at once from what
//! its events told; a dial is answered when it ends.
//!
//! **Bounds.** [`EVENTS`] events before other work gets a turn; connections, handshakes and streams by the behaviour;
//! [`OBSERVED`] addresses that others claim this host to have.
//!
//! **Refuses.** Peers that admission does not let in, before anything is said to them.

mod behaviour;
mod identity;
mod transport;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use futures::{StreamExt as _, future::poll_fn, task::AtomicWaker};
use libp2p::{
    Multiaddr, PeerId, Swarm, identify,
    identity::Keypair,
    mdns, ping, rendezvous,
    swarm::{ConnectionId, SwarmEvent, dial_opts::DialOpts},
};
use tokio::sync::{broadcast, oneshot};

pub(crate) use behaviour::PROTOCOL;
use behaviour::{Behaviour, BehaviourEvent};

use crate::settings::{NetworkSettings, peer_of};

/// Events of the swarm in one turn. Stops a peer that makes events without end from keeping the thread.
const EVENTS: usize = 64;
/// Addresses of this host that peers claim to see, and the peers that are remembered for each. A peer may claim anything.
const OBSERVED: usize = 64;
/// News that nobody took yet. Who comes late looks at the state instead.
const NEWS: usize = 256;

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// A peer has its first connection.
    Connected(PeerId),
    /// A peer said who it is and what it speaks.
    Identified(PeerId),
    /// A peer has none any more.
    Disconnected(PeerId),
    /// Somebody says that a peer is there.
    Found { peer: PeerId, addresses: Vec<Multiaddr>, source: &'static str },
}

/// A connected peer.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    pub(crate) address: Multiaddr,
    pub(crate) rtt: Option<Duration>,
    pub(crate) agent: Option<String>,
    pub(crate) listens: Vec<Multiaddr>,
    /// Whether it speaks our protocol, once that is known.
    pub(crate) speaks: Option<bool>,
}

#[derive(Default)]
struct State {
    connected: HashMap<PeerId, Connected>,
    dials: HashMap<ConnectionId, oneshot::Sender<Result<PeerId, String>>>,
    observed: HashMap<Multiaddr, HashSet<PeerId>>,
    listening: Vec<Multiaddr>,
}

/// The swarm and what is known through it; shared on the reactor's thread.
pub(crate) struct Network {
    pub(crate) me: PeerId,
    pub(crate) key: Keypair,
    swarm: Mutex<Swarm<Behaviour>>,
    waker: AtomicWaker,
    state: Mutex<State>,
    news: broadcast::Sender<News>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// Builds the swarm and begins to listen. An address that cannot be listened on is reported and left out.
    pub(crate) fn start(settings: &NetworkSettings) -> Result<Arc<Self>, String> {
        let key = identity::open(&settings.key)?;
        let mut swarm = transport::swarm(&key, settings)?;
        for address in &settings.listen {
            if let Err(error) = swarm.listen_on(address.clone()) {
                tracing::error!(%address, %error, "cannot listen for peers; change p2p.listen");
            }
        }
        let (news, _) = broadcast::channel(NEWS);
        Ok(Arc::new(Self {
            me: *swarm.local_peer_id(),
            key,
            swarm: Mutex::new(swarm),
            waker: AtomicWaker::new(),
            state: Mutex::default(),
            news,
        }))
    }

    /// Opens and accepts streams.
    pub(crate) fn streams(&self) -> libp2p_stream::Control {
        lock(&self.swarm).behaviour().streams.new_control()
    }

    pub(crate) fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// Does something to the swarm, which looks at it soon.
    fn with<R>(&self, act: impl FnOnce(&mut Swarm<Behaviour>) -> R) -> R {
        let done = act(&mut lock(&self.swarm));
        self.waker.wake();
        done
    }

    pub(crate) fn connected(&self) -> Vec<(PeerId, Connected)> {
        lock(&self.state).connected.iter().map(|(peer, connected)| (*peer, connected.clone())).collect()
    }

    pub(crate) fn is_connected(&self, peer: &PeerId) -> bool {
        lock(&self.state).connected.contains_key(peer)
    }

    /// Addresses that this host listens on, as others may dial them in the same network.
    pub(crate) fn listening(&self) -> Vec<Multiaddr> {
        lock(&self.state).listening.clone()
    }

    /// What peers say they see of this host, with how many say it.
    pub(crate) fn observed(&self) -> Vec<(Multiaddr, usize)> {
        let mut all: Vec<_> = lock(&self.state).observed.iter().map(|(a, by)| (a.clone(), by.len())).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    /// Connects to `address`, which must end with the peer's id; a peer that is connected already is the answer at once.
    pub(crate) async fn dial(&self, address: Multiaddr, timeout: Duration) -> Result<PeerId, String> {
        let peer = peer_of(&address).ok_or("the address names no peer; end it with /p2p/ID")?;
        if peer == self.me {
            return Err("this is the host itself".to_owned());
        }
        if self.is_connected(&peer) {
            return Ok(peer);
        }
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

    pub(crate) fn disconnect(&self, peer: PeerId) {
        // One that is not connected is what was wanted.
        let _gone = self.with(|swarm| swarm.disconnect_peer_id(peer));
    }

    /// Whether admission lets a peer in.
    pub(crate) fn admits(&self, peer: &PeerId) -> bool {
        let swarm = lock(&self.swarm);
        let behaviour = swarm.behaviour();
        behaviour.allowed.as_ref().is_none_or(|list| list.allowed_peers().contains(peer))
    }

    /// Registers at a rendezvous point that is connected.
    pub(crate) fn register_at(&self, point: PeerId, namespace: &str) -> Result<(), String> {
        let namespace = rendezvous::Namespace::new(namespace.to_owned()).map_err(|error| error.to_string())?;
        self.with(|swarm| {
            let listening: Vec<_> = swarm.listeners().cloned().collect();
            for address in listening {
                swarm.add_external_address(address);
            }
            swarm.behaviour_mut().rendezvous.register(namespace, point, None).map_err(|error| error.to_string())
        })
    }

    /// Asks a rendezvous point who is there; answers come as news.
    pub(crate) fn ask_at(&self, point: PeerId, namespace: &str) {
        let namespace = rendezvous::Namespace::new(namespace.to_owned()).ok();
        self.with(|swarm| swarm.behaviour_mut().rendezvous.discover(namespace, None, None, point));
    }

    /// The event loop: it ends with the thread's runtime.
    pub(crate) async fn run(self: Arc<Self>) {
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

    fn tell(&self, news: News) {
        // Nobody may be listening; then the state says it.
        let _count = self.news.send(news);
    }

    fn on(&self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::NewListenAddr { address, .. } => {
                tracing::info!(%address, peer = %self.me, "listening for peers");
                lock(&self.state).listening.push(address);
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                lock(&self.state).listening.retain(|known| *known != address)
            }
            SwarmEvent::ListenerError { error, .. } => tracing::error!(%error, "a listener for peers failed"),
            SwarmEvent::ListenerClosed { addresses, reason: Err(error), .. } => {
                tracing::error!(?addresses, %error, "a listener for peers closed");
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, num_established, .. } => {
                let address = endpoint.get_remote_address().clone();
                self.on_connected(peer_id, connection_id, address, num_established.get() == 1);
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                lock(&self.state).connected.remove(&peer_id);
                self.gauge();
                self.tell(News::Disconnected(peer_id));
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if let Some(reply) = lock(&self.state).dials.remove(&connection_id) {
                    drop(reply.send(Err(reason(&error))));
                }
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(%send_back_addr, error = reason(&error), "a peer was not let in");
            }
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            _ => {}
        }
    }

    fn on_connected(&self, peer: PeerId, connection: ConnectionId, address: Multiaddr, first: bool) {
        let reply = {
            let mut state = lock(&self.state);
            state.connected.entry(peer).or_insert_with(|| Connected {
                address,
                rtt: None,
                agent: None,
                listens: Vec::new(),
                speaks: None,
            });
            state.dials.remove(&connection)
        };
        if let Some(reply) = reply {
            drop(reply.send(Ok(peer)));
        }
        if first {
            self.gauge();
            self.tell(News::Connected(peer));
        }
    }

    fn gauge(&self) {
        let count = lock(&self.state).connected.len();
        metrics::gauge!("tandem_p2p_peers", "state" => "connected").set(count as f64);
    }

    fn on_behaviour(&self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Ping(ping::Event { peer, result: Ok(rtt), .. }) => {
                if let Some(connected) = lock(&self.state).connected.get_mut(&peer) {
                    connected.rtt = Some(rtt);
                }
            }
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                self.on_identified(peer_id, info)
            }
            BehaviourEvent::Mdns(mdns::Event::Discovered(found)) => {
                let mut by_peer: HashMap<PeerId, Vec<Multiaddr>> = HashMap::new();
                for (peer, address) in found {
                    by_peer.entry(peer).or_default().push(address);
                }
                for (peer, addresses) in by_peer {
                    self.tell(News::Found { peer, addresses, source: "mdns" });
                }
            }
            BehaviourEvent::Rendezvous(rendezvous::client::Event::Discovered { registrations, .. }) => {
                for registration in registrations {
                    let (peer, addresses) = (registration.record.peer_id(), registration.record.addresses().to_vec());
                    if peer != self.me {
                        self.tell(News::Found { peer, addresses, source: "rendezvous" });
                    }
                }
            }
            BehaviourEvent::Rendezvous(rendezvous::client::Event::RegisterFailed {
                rendezvous_node, error, ..
            }) => {
                tracing::warn!(point = %rendezvous_node, ?error, "the rendezvous point did not take this host's record");
            }
            _ => {}
        }
    }

    fn on_identified(&self, peer: PeerId, info: identify::Info) {
        let mut state = lock(&self.state);
        if let Some(connected) = state.connected.get_mut(&peer) {
            connected.speaks = Some(info.protocols.contains(&PROTOCOL));
            connected.agent = Some(info.agent_version.chars().filter(|c| !c.is_control()).take(128).collect());
            connected.listens = info.listen_addrs.into_iter().take(8).collect();
        }
        drop(self.news.send(News::Identified(peer)));
        let room = state.observed.len() < OBSERVED;
        if room || state.observed.contains_key(&info.observed_addr) {
            let by = state.observed.entry(info.observed_addr).or_default();
            if by.len() < OBSERVED {
                by.insert(peer);
            }
        }
    }
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
