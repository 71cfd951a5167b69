//! How often one address may connect: libp2p counts connections by peer, but an id costs nothing.
//!
//! It is asked before the handshake, which is what a flood would make this host pay for. A peer that comes through a relay
//! has no address here; the relay counts its own.

use std::{
    collections::HashMap,
    convert::Infallible,
    task::{Context, Poll},
    time::Instant,
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
        ToSwarm, dummy,
    },
};

use super::address::direct_ip;
use crate::trust::quota::{AcceptLimits, AcceptQuotas, QuotaSlot};

pub(super) struct Behaviour {
    quotas: AcceptQuotas,
    /// Bounded by the connections that are let in and the handshakes under way.
    held: HashMap<ConnectionId, QuotaSlot>,
}

impl Behaviour {
    pub(super) fn new(limits: AcceptLimits) -> Self {
        Self { quotas: AcceptQuotas::new(limits), held: HashMap::new() }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let Some(ip) = direct_ip(remote) else { return Ok(()) };
        match self.quotas.accept(ip, Instant::now()) {
            Ok(held) => {
                self.held.insert(connection, held);
                Ok(())
            }
            Err(over) => {
                metrics::counter!("tandem_p2p_refused_total", "reason" => "address").increment(1);
                Err(ConnectionDenied::new(over))
            }
        }
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(closed) => drop(self.held.remove(&closed.connection_id)),
            FromSwarm::ListenFailure(failed) => drop(self.held.remove(&failed.connection_id)),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_places_back() {
        let mut accepts = Behaviour::new(AcceptLimits { per_second: 1, burst: 100, open: 2 });
        let (local, near): (Multiaddr, Multiaddr) =
            ("/ip4/10.0.0.1/tcp/1".parse().unwrap(), "/ip4/10.0.0.2/tcp/2".parse().unwrap());
        let mut come = |id, from: &Multiaddr| {
            accepts.handle_pending_inbound_connection(ConnectionId::new_unchecked(id), &local, from)
        };
        assert!(come(1, &near).is_ok() && come(2, &near).is_ok() && come(3, &near).is_err());
        assert!(come(4, &"/ip4/10.0.0.3/tcp/2".parse().unwrap()).is_ok(), "others have their own");
        let relayed = format!("/p2p/{}", PeerId::random()).parse().unwrap();
        assert!(come(5, &relayed).is_ok());
        accepts.held.remove(&ConnectionId::new_unchecked(1));
        let again = accepts.handle_pending_inbound_connection(ConnectionId::new_unchecked(6), &local, &near);
        assert!(again.is_ok());
    }
}
