//! The last look at an address before it is dialled.
//!
//! **Promises.** Whatever part of the swarm wants a connection (the hash table, hole punching, a stream to a peer that is
//! gone), and whoever told it the address: nothing is dialled that the address policy forbids, but what this host itself
//! decided to dial ([`Rules::permit`]) or its operator wrote down. Otherwise a stranger could make this host knock on doors
//! that only it can reach.

use std::{
    collections::HashMap,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, Transport,
    core::transport::{DialOpts, ListenerId, TransportError, TransportEvent},
    multiaddr::Protocol,
};

use crate::trust::{Reach, addresses};

/// Shared with the one who decides about dials.
#[derive(Clone)]
pub(super) struct Rules {
    reach: Reach,
    /// Addresses that may be dialled now, with how many want it. Bounded by the dials under way and the configuration.
    permitted: Arc<Mutex<HashMap<Multiaddr, usize>>>,
}

/// An address may be dialled as long as this is held.
pub(super) struct Permit {
    rules: Rules,
    addresses: Vec<Multiaddr>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut permitted = self.rules.permitted();
        for address in &self.addresses {
            if let Some(count) = permitted.get_mut(address) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    permitted.remove(address);
                }
            }
        }
    }
}

impl Rules {
    pub(super) fn new(reach: Reach) -> Self {
        Self { reach, permitted: Arc::default() }
    }

    fn permitted(&self) -> MutexGuard<'_, HashMap<Multiaddr, usize>> {
        self.permitted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets an address be dialled, with the relay that it goes through.
    pub(super) fn permit(&self, address: &Multiaddr) -> Permit {
        let mut addresses = vec![bare(address)];
        let relay: Multiaddr = address.iter().take_while(|part| *part != Protocol::P2pCircuit).collect();
        if relay.len() < address.len() {
            addresses.push(bare(&relay));
        }
        let mut permitted = self.permitted();
        for address in &addresses {
            *permitted.entry(address.clone()).or_default() += 1;
        }
        drop(permitted);
        Permit { rules: self.clone(), addresses }
    }

    fn check(&self, address: &Multiaddr) -> Result<(), io::Error> {
        if self.permitted().contains_key(&bare(address)) {
            return Ok(());
        }
        addresses::dialable(address, self.reach).map_err(|error| {
            let text = format!("{address} is not dialled: {error}");
            io::Error::new(io::ErrorKind::PermissionDenied, text)
        })
    }
}

/// The address without the peer that it leads to.
fn bare(address: &Multiaddr) -> Multiaddr {
    let mut bare = address.clone();
    if matches!(bare.iter().last(), Some(Protocol::P2p(_))) {
        bare.pop();
    }
    bare
}

/// A transport whose dials are looked at.
pub(super) struct Gate<T> {
    pub(super) inner: T,
    pub(super) rules: Rules,
}

impl<T: Transport<Error = io::Error> + Unpin> Transport for Gate<T> {
    type Output = T::Output;
    type Error = io::Error;
    type ListenerUpgrade = T::ListenerUpgrade;
    type Dial = T::Dial;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<io::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, options: DialOpts) -> Result<Self::Dial, TransportError<io::Error>> {
        self.rules.check(&address).map_err(TransportError::Other)?;
        self.inner.dial(address, options)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use libp2p::PeerId;

    use super::*;

    #[test]
    fn only_what_was_decided_goes_beyond_the_policy() {
        let (rules, peer, relay) = (Rules::new(Reach::default()), PeerId::random(), PeerId::random());
        let parse = |text: String| text.parse::<Multiaddr>().unwrap();
        let inside = parse(format!("/ip4/127.0.0.1/tcp/8000/p2p/{peer}"));
        let through = parse(format!("/ip4/10.0.0.1/tcp/4001/p2p/{relay}/p2p-circuit/p2p/{peer}"));
        let hop = parse(format!("/ip4/10.0.0.1/tcp/4001/p2p/{relay}"));
        for forbidden in [&inside, &through, &hop, &parse("/dns4/metadata.internal/tcp/80".to_owned())] {
            assert!(rules.check(forbidden).is_err(), "{forbidden}");
        }
        assert!(rules.check(&parse(format!("/ip4/8.8.8.8/udp/4001/quic-v1/p2p/{peer}"))).is_ok());
        let (first, second) = (rules.permit(&through), rules.permit(&through));
        drop(first);
        assert!(rules.check(&through).is_ok() && rules.check(&hop).is_ok() && rules.check(&inside).is_err());
        drop(second);
        assert!(rules.check(&through).is_err() && rules.check(&hop).is_err());
        assert!(rules.permitted().is_empty());
    }
}
