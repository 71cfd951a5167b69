//! Which form of the protocol a peer speaks, learned from what it sends.
//!
//! **Bounds.** [`MAX_DIALECTS`] peers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use libp2p::PeerId;

use super::limits::MAX_DIALECTS;

/// How a peer wants to be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Not known: JSON-RPC, until it refuses that.
    #[default]
    Unknown,
    /// JSON-RPC on a long-lived stream.
    JsonRpc,
    /// The same, after `initialize` on each stream.
    Initialized,
    /// Bodies with a `type`, one request a stream.
    Typed,
}

/// What is known of peers that are not asked in the usual way.
#[derive(Clone, Debug, Default)]
pub struct Dialects(Arc<Mutex<HashMap<PeerId, Dialect>>>);

impl Dialects {
    pub(super) fn of(&self, peer: &PeerId) -> Dialect {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(peer).copied().unwrap_or_default()
    }

    /// Notes what a peer showed.
    pub(super) fn set(&self, peer: PeerId, dialect: Dialect) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_DIALECTS && !known.contains_key(&peer) {
            // One that is forgotten shows it again with its next answer.
            if let Some(any) = known.keys().next().copied() {
                known.remove(&any);
            }
        }
        known.insert(peer, dialect);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_bounded_and_keeps_the_newest() {
        let dialects = Dialects::default();
        let mut last = PeerId::random();
        for _ in 0..=MAX_DIALECTS {
            last = PeerId::random();
            dialects.set(last, Dialect::Typed);
        }
        assert_eq!(dialects.of(&last), Dialect::Typed);
        assert_eq!(dialects.0.lock().unwrap().len(), MAX_DIALECTS);
        assert_eq!(dialects.of(&PeerId::random()), Dialect::Unknown);
    }
}
