//! What peers say they can run.
//!
//! **Bounds.** [`PEERS`] peers with [`TOOLS`] tools each; each entry expires by itself.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use libp2p::PeerId;

/// Peers whose word is kept: more than may be connected.
const PEERS: usize = 1_024;
/// Tools of one peer.
const TOOLS: usize = 1_024;
/// Longest life of an announcement.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// What a peer said last.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) tools: Vec<String>,
    pub(crate) capacity: u32,
    pub(crate) free: u32,
    pub(crate) at: std::time::SystemTime,
    until: Instant,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Announced(Mutex<HashMap<PeerId, Known>>);

impl Announced {
    pub(crate) fn note(&self, peer: PeerId, mut tools: Vec<String>, capacity: u32, free: u32, ttl: Duration) {
        tools.truncate(TOOLS);
        tools.retain(|tool| tool.len() <= 64);
        let now = Instant::now();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= PEERS && !known.contains_key(&peer) {
            known.retain(|_, entry| entry.until > now);
            if known.len() >= PEERS {
                return;
            }
        }
        let at = std::time::SystemTime::now();
        known.insert(peer, Known { tools, capacity, free, at, until: now + ttl.min(LONGEST) });
    }

    pub(crate) fn of(&self, peer: &PeerId) -> Option<Known> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(peer).filter(|entry| entry.until > Instant::now()).cloned()
    }
}
