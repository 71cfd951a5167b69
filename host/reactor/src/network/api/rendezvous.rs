//! Questions to rendezvous points, and their answers.

use std::time::Duration;

use libp2p::{PeerId, rendezvous};

use crate::network::{
    event::NetworkEvent,
    lock::lock,
    rendezvous::{Found, answer, namespace, wait, why, within},
    request_error::RequestError,
    shared::Network,
};

impl Network {
    /// Registers at a point that is connected; answers when it has this host's record.
    pub async fn register_at(&self, point: PeerId, timeout: Duration) -> Result<(), RequestError> {
        let namespace = namespace();
        let (first, answer) = wait(&mut lock(&self.state).rendezvous.registered, point)?;
        if first {
            let sent = self.with(|swarm| {
                let listening: Vec<_> = swarm.listeners().cloned().collect();
                for address in listening {
                    swarm.add_external_address(address);
                }
                swarm.behaviour_mut().rendezvous.part().register(namespace, point, None)
            });
            if let Err(error) = sent {
                lock(&self.state).rendezvous.registered.remove(&point);
                return Err(RequestError::NotRegistered(error.to_string()));
            }
        }
        within(timeout, answer).await
    }

    /// Takes this host's record back from a point that is connected. Nothing answers that.
    pub fn unregister_at(&self, point: PeerId) {
        self.with(|swarm| swarm.behaviour_mut().rendezvous.part().unregister(namespace(), point));
    }

    /// Asks a point that is connected who is there, this host not counted.
    pub async fn ask_at(&self, point: PeerId, timeout: Duration) -> Result<Found, RequestError> {
        let namespace = namespace();
        let (first, answer) = wait(&mut lock(&self.state).rendezvous.found, point)?;
        if first {
            self.with(|swarm| swarm.behaviour_mut().rendezvous.part().discover(Some(namespace), None, None, point));
        }
        within(timeout, answer).await
    }

    pub(in crate::network) fn on_rendezvous(&self, event: rendezvous::client::Event) {
        use rendezvous::client::Event;
        match event {
            Event::Registered { rendezvous_node: point, .. } => {
                answer(&mut lock(&self.state).rendezvous.registered, &point, &Ok(()));
            }
            Event::RegisterFailed { rendezvous_node: point, error, .. } => {
                let error = why(error);
                tracing::warn!(%point, error, "rendezvous registration failed");
                let refused = Err(RequestError::RegistrationRefused(error));
                answer(&mut lock(&self.state).rendezvous.registered, &point, &refused);
            }
            Event::Discovered { rendezvous_node: point, registrations, .. } => {
                let found: Found = registrations
                    .iter()
                    .map(|registration| (registration.record.peer_id(), registration.record.addresses().to_vec()))
                    .filter(|(peer, _)| *peer != self.me)
                    .collect();
                // Who asked may have gone; what was found is worth as much.
                if !answer(&mut lock(&self.state).rendezvous.found, &point, &Ok(found.clone())) {
                    for (peer, addresses) in found {
                        self.tell(NetworkEvent::Found { peer, addresses, source: "rendezvous" });
                    }
                }
            }
            Event::DiscoverFailed { rendezvous_node: point, error, .. } => {
                let failed = Err(RequestError::DiscoveryRefused(why(error)));
                answer(&mut lock(&self.state).rendezvous.found, &point, &failed);
            }
            Event::Expired { .. } => {}
        }
    }
}
