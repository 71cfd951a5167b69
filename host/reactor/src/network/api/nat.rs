//! Reservations at relays, and what dial-backs told.

use libp2p::{Multiaddr, autonat, multiaddr::Protocol};

use crate::network::{error_text::reason, limits::OBSERVED, lock::lock, nat::Reached, shared::Network};

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

    pub(in crate::network) fn on_tested(&self, event: autonat::v2::client::Event) {
        let autonat::v2::client::Event { tested_addr, server, result, .. } = event;
        if let Err(error) = &result {
            tracing::debug!(address = %tested_addr, %server, %error, "nat: address not reachable");
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
