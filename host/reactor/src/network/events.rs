//! What the swarm's events change.

use std::{collections::HashMap, sync::Arc, task::Poll};

use futures::{StreamExt as _, future::poll_fn};
use libp2p::{
    Multiaddr, PeerId, identify, mdns, ping,
    swarm::{ConnectionId, SwarmEvent},
};

use super::{
    address::is_relayed,
    behaviour::{BehaviourEvent, PROTOCOL},
    error_text::reason,
    event::{Connected, NetworkEvent},
    limits::{EVENTS_PER_TURN, OBSERVED},
    lock::lock,
    request_error::RequestError,
    shared::Network,
};
use crate::trust::UnixMillis;

/// As a log line shows them.
fn listed(addresses: &[Multiaddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl Network {
    /// The event loop: it ends with the thread's runtime.
    pub async fn run(self: Arc<Self>) {
        poll_fn(|cx| {
            self.waker.register(cx.waker());
            for _ in 0..EVENTS_PER_TURN {
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

    fn on(&self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::NewListenAddr { address, .. } => {
                tracing::info!(%address, peer = %self.me, "listening for peers");
                if self.serves && !is_relayed(&address) {
                    self.with(|swarm| swarm.add_external_address(address.clone()));
                }
                lock(&self.state).listening.push(address);
            }
            SwarmEvent::ExternalAddrConfirmed { address } => {
                let mut state = lock(&self.state);
                if state.confirmed.len() < OBSERVED && !state.confirmed.contains(&address) {
                    state.confirmed.push(address);
                }
            }
            SwarmEvent::ExternalAddrExpired { address } => {
                lock(&self.state).confirmed.retain(|known| *known != address)
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                lock(&self.state).listening.retain(|known| *known != address)
            }
            SwarmEvent::ListenerError { error, .. } => tracing::error!(%error, "p2p listener failed"),
            SwarmEvent::ListenerClosed { listener_id, addresses, reason: Err(error) } => {
                tracing::error!(addresses = listed(&addresses), %error, "p2p listener closed");
                self.on_closed(listener_id);
            }
            SwarmEvent::ListenerClosed { listener_id, .. } => self.on_closed(listener_id),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, num_established, .. } => {
                let address = endpoint.get_remote_address().clone();
                self.on_connected(peer_id, connection_id, address, num_established.get() == 1);
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                let gone = lock(&self.state).connected.remove(&peer_id);
                self.gauge();
                let heard = gone.map_or_else(UnixMillis::now, |connected| connected.heard);
                self.tell(NetworkEvent::Disconnected(peer_id, heard));
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                self.handshakes.outgoing(&error);
                if let Some(reply) = lock(&self.state).dials.remove(&connection_id) {
                    drop(reply.send(Err(RequestError::Dial(reason(&error)))));
                }
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, peer_id, error, .. } => {
                self.handshakes.incoming(&send_back_addr, peer_id, &error);
            }
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            _ => {}
        }
    }

    fn on_connected(&self, peer: PeerId, connection: ConnectionId, address: Multiaddr, first: bool) {
        let reply = {
            let mut state = lock(&self.state);
            let known = state.connected.entry(peer).or_insert_with(|| Connected {
                address: address.clone(),
                rtt: None,
                heard: UnixMillis::now(),
                agent: None,
                listens: Vec::new(),
                speaks: None,
            });
            // A direct connection is the better one of the two.
            if is_relayed(&known.address) {
                known.address = address;
            }
            state.dials.remove(&connection)
        };
        if let Some(reply) = reply {
            drop(reply.send(Ok(peer)));
        }
        if first {
            self.gauge();
            self.tell(NetworkEvent::Connected(peer));
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
                    (connected.rtt, connected.heard) = (Some(rtt), UnixMillis::now());
                }
            }
            // One that speaks no ping is not dead for it.
            BehaviourEvent::Ping(ping::Event { result: Err(ping::Failure::Unsupported), .. }) => {}
            // The library tells of failures from the second in a row on.
            BehaviourEvent::Ping(ping::Event { peer, connection, result: Err(error) }) => {
                metrics::counter!("tandem_p2p_dead_connections_total").increment(1);
                tracing::info!(%peer, %error, "disconnecting peer: no answer to pings");
                let _open = self.with(|swarm| swarm.close_connection(connection));
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
                    self.tell(NetworkEvent::Found { peer, addresses, source: "mdns" });
                }
            }
            BehaviourEvent::Rendezvous(event) => self.on_rendezvous(event),
            #[cfg(feature = "dht")]
            BehaviourEvent::Dht(event) => self.on_dht(event),
            #[cfg(feature = "gossip")]
            BehaviourEvent::Gossip(event) => self.on_gossip(event),
            #[cfg(feature = "nat")]
            BehaviourEvent::Reached(event) => self.on_tested(event),
            _ => {}
        }
    }

    #[cfg(feature = "nat")]
    fn on_closed(&self, listener: libp2p::core::transport::ListenerId) {
        lock(&self.state).nat.closed(listener);
    }

    #[cfg(not(feature = "nat"))]
    fn on_closed(&self, _: libp2p::core::transport::ListenerId) {}

    fn on_identified(&self, peer: PeerId, info: identify::Info) {
        #[cfg(feature = "dht")]
        self.on_dht_peer(&peer, &info);
        let mut state = lock(&self.state);
        if let Some(connected) = state.connected.get_mut(&peer) {
            connected.heard = UnixMillis::now();
            connected.speaks = Some(info.protocols.contains(&PROTOCOL));
            connected.agent = Some(info.agent_version.chars().filter(|c| !c.is_control()).take(128).collect());
            connected.listens = info.listen_addrs.into_iter().take(8).collect();
        }
        drop(self.news.send(NetworkEvent::Identified(peer)));
        let room = state.observed.len() < OBSERVED;
        if room || state.observed.contains_key(&info.observed_addr) {
            let by = state.observed.entry(info.observed_addr).or_default();
            if by.len() < OBSERVED {
                by.insert(peer);
            }
        }
    }
}
