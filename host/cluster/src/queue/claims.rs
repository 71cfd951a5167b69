//! What claims of peers came to: a token that a peer shows is known only from its claims.
//!
//! **Bounds.** [`PEERS`] peers; a note is forgotten after [`FRESH`].

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use libp2p::PeerId;

/// Peers with a note: more than may be connected.
const PEERS: usize = 1_024;
/// How long a claim says what the next one would be. Peers claim again whenever there is something new.
const FRESH: Duration = Duration::from_secs(600);

/// What a peer's claim was trusted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Nothing: what it showed is not taken.
    Refused,
    /// Tasks of this tenant, or of all, up to this priority.
    With { tenant: Option<String>, max_priority: u8 },
}

/// See the module.
#[derive(Default)]
pub(crate) struct ClaimNotes(Mutex<HashMap<PeerId, (Trust, Instant)>>);

impl ClaimNotes {
    pub(crate) fn record(&self, peer: PeerId, trust: Trust) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() >= PEERS && !notes.contains_key(&peer) {
            notes.retain(|_, (_, at)| at.elapsed() < FRESH);
            if notes.len() >= PEERS {
                return;
            }
        }
        notes.insert(peer, (trust, Instant::now()));
    }

    /// They were made under rules that are over.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn get(&self, peer: &PeerId) -> Option<Trust> {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.get(peer).filter(|(_, at)| at.elapsed() < FRESH).map(|(trust, _)| trust.clone())
    }
}
