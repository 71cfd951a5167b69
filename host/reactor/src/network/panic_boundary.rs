//! A part of the swarm that believes too much of what peers answer: where that makes it panic, the panic ends here.
//!
//! **Promises.** The thread and the other parts go on; what the part was doing is lost, and whoever waits for it hears that no
//! answer came. **Bounds.** After [`PANICS`] the part is off until the thread starts anew: one that can do nothing but panic must
//! not keep the thread busy.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
        ToSwarm,
    },
};

/// Panics of one part: a peer that answers wrongly whenever it is asked, every ten minutes, for a month.
const PANICS: u32 = 4_096;

pub(super) struct PanicBoundary<B> {
    part: B,
    name: &'static str,
    panics: u32,
}

impl<B: NetworkBehaviour> PanicBoundary<B> {
    pub(super) fn new(name: &'static str, part: B) -> Self {
        Self { part, name, panics: 0 }
    }

    pub(super) fn part(&mut self) -> &mut B {
        &mut self.part
    }

    /// None where the part is off or panicked. Its state may then be changed by half: it is asked further all the same, since
    /// nobody else looks at that state.
    fn contain<T>(&mut self, work: impl FnOnce(&mut B) -> T) -> Option<T> {
        if self.panics >= PANICS {
            return None;
        }
        let part = &mut self.part;
        catch_unwind(AssertUnwindSafe(|| work(part)))
            .inspect_err(|_| {
                self.panics += 1;
                metrics::counter!("tandem_p2p_refused_total", "reason" => "panic").increment(1);
                tracing::error!(
                    part = self.name,
                    panics = self.panics,
                    "network behaviour panicked on a peer's message"
                );
                if self.panics == PANICS {
                    tracing::error!(
                        part = self.name,
                        "network behaviour disabled; restart the host without the peer that causes it"
                    );
                }
            })
            .ok()
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for PanicBoundary<B> {
    type ConnectionHandler = B::ConnectionHandler;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.part.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.part.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.part.handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.part.handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.contain(|part| part.on_swarm_event(event));
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        self.contain(|part| part.on_connection_handler_event(peer, connection, event));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.contain(|part| part.poll(cx)) {
            Some(polled) => polled,
            None if self.panics >= PANICS => Poll::Pending,
            None => {
                // There may be more behind what it panicked over.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
