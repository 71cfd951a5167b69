//! Peers that this host takes no connection of: for a time, or never, where the configuration says so.
//!
//! **Promises.** A peer that is blocked is refused in its handshake, and its connections end at once. Its time is over when it is over,
//! to within a round of the upkeep. Blocks end with the process: what is kept of a ban is in the book, which sends the
//! peer away again.
//!
//! **Bounds.** [`MAX_BLOCKED`]: who comes under ever new ids makes room for himself, and each costs him a key and a handshake.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use libp2p::PeerId;

use crate::network::{lock::lock, shared::Network};

/// Peers that are blocked at a time.
const MAX_BLOCKED: usize = 4_096;

impl Network {
    /// Closes a peer's connections and takes none of it for so long.
    pub fn block(&self, peer: PeerId, time: Duration) {
        let mut blocked = lock(&self.blocked);
        blocked.retain(|(known, _)| *known != peer);
        let oldest = if blocked.len() >= MAX_BLOCKED { blocked.pop_front() } else { None };
        blocked.push_back((peer, Instant::now() + time));
        self.with(|swarm| {
            let list = &mut swarm.behaviour_mut().blocked;
            list.block_peer(peer);
            oldest.filter(|(oldest, _)| !self.is_shut_out(oldest)).map(|(oldest, _)| list.unblock_peer(oldest))
        });
    }

    /// Takes those again whose time is over.
    pub fn unblock(&self) {
        let now = Instant::now();
        let mut blocked = lock(&self.blocked);
        let over: Vec<_> = blocked.iter().filter(|(_, until)| *until <= now).map(|(peer, _)| *peer).collect();
        blocked.retain(|(_, until)| *until > now);
        self.with(|swarm| {
            for peer in over.into_iter().filter(|peer| !self.is_shut_out(peer)) {
                swarm.behaviour_mut().blocked.unblock_peer(peer);
            }
        });
    }

    /// Takes a peer again before its time is over; answers whether it was blocked.
    pub fn forgive(&self, peer: &PeerId) -> bool {
        let mut blocked = lock(&self.blocked);
        let before = blocked.len();
        blocked.retain(|(known, _)| known != peer);
        if !self.is_shut_out(peer) {
            self.with(|swarm| swarm.behaviour_mut().blocked.unblock_peer(*peer));
        }
        blocked.len() < before
    }

    /// Takes other lists of the configuration: whom they do not let in any more is disconnected.
    pub fn set_lists(&self, allow: &[PeerId], block: &[PeerId]) {
        let (allow, block): (HashSet<_>, HashSet<_>) =
            (allow.iter().copied().collect(), block.iter().copied().collect());
        let before = std::mem::replace(&mut *lock(&self.shut_out), block.clone());
        let timed: HashSet<_> = lock(&self.blocked).iter().map(|(peer, _)| *peer).collect();
        self.with(|swarm| {
            let behaviour = swarm.behaviour_mut();
            before.difference(&block).filter(|peer| !timed.contains(*peer)).for_each(|peer| {
                behaviour.blocked.unblock_peer(*peer);
            });
            block.difference(&before).for_each(|peer| {
                behaviour.blocked.block_peer(*peer);
            });
            // None where admission is not by this list.
            let Some(list) = behaviour.allowed.as_mut() else { return };
            let gone: Vec<_> = list.allowed_peers().difference(&allow).copied().collect();
            gone.into_iter().for_each(|peer| {
                list.disallow_peer(peer);
            });
            allow.into_iter().for_each(|peer| {
                list.allow_peer(peer);
            });
        });
    }
}
