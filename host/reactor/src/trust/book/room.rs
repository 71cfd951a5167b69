//! Who goes when there is no room: the order in which peers may be evicted, and each network's share.

use std::collections::{BTreeSet, HashMap};

use libp2p_identity::PeerId;

use super::{
    BookLimits, MAX_BANS,
    entry::{Peer, PeerTier},
};
use crate::trust::{
    UnixMillis,
    addresses::{Subnet, is_local},
};

type Oldest = BTreeSet<(UnixMillis, PeerId)>;

/// Peers that never were connected, and those that were, each from the one that was not heard of for longest.
#[derive(Debug, Default)]
struct Strangers {
    hearsay: Oldest,
    proven: Oldest,
}

impl Strangers {
    fn of(&mut self, proven: bool) -> &mut Oldest {
        if proven { &mut self.proven } else { &mut self.hearsay }
    }

    fn is_empty(&self) -> bool {
        self.hearsay.is_empty() && self.proven.is_empty()
    }
}

/// Indexes over the peers of a book. Each change of a peer leaves with what it was and enters with what it is.
#[derive(Debug)]
pub(super) struct Room {
    per_subnet: usize,
    all: Strangers,
    networks: HashMap<Option<Subnet>, Strangers>,
    bans: Oldest,
    crowds: HashMap<Subnet, usize>,
}

impl Room {
    pub(super) fn new(limits: BookLimits) -> Self {
        Self {
            per_subnet: limits.per_subnet.max(1),
            all: Strangers::default(),
            networks: HashMap::new(),
            bans: Oldest::new(),
            crowds: HashMap::new(),
        }
    }

    /// A peer comes in; answers those that its networks have no room for any more.
    pub(super) fn enter(&mut self, id: &PeerId, peer: &Peer) -> BTreeSet<PeerId> {
        if let Some(network) = crowd(peer) {
            let count = self.crowds.entry(network).or_default();
            *count = count.saturating_add(1);
        }
        let mut surplus = BTreeSet::new();
        let key = (peer.last_seen, *id);
        let proven = match peer.place() {
            PeerTier::Kept => return surplus,
            PeerTier::Banned(until) => {
                self.bans.insert((until, *id));
                return surplus;
            }
            place => place == PeerTier::Proven,
        };
        self.all.of(proven).insert(key);
        for network in peer.networks() {
            let oldest = self.networks.entry(network).or_default().of(proven);
            oldest.insert(key);
            if oldest.len() > self.per_subnet {
                surplus.extend(oldest.iter().find(|(_, other)| other != id).map(|(_, other)| *other));
            }
        }
        surplus
    }

    /// A peer goes out.
    pub(super) fn leave(&mut self, id: &PeerId, peer: &Peer) {
        if let Some(network) = crowd(peer)
            && let Some(count) = self.crowds.get_mut(&network)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.crowds.remove(&network);
            }
        }
        let key = (peer.last_seen, *id);
        let proven = match peer.place() {
            PeerTier::Kept => return,
            PeerTier::Banned(until) => {
                self.bans.remove(&(until, *id));
                return;
            }
            place => place == PeerTier::Proven,
        };
        self.all.of(proven).remove(&key);
        for network in peer.networks() {
            if let Some(strangers) = self.networks.get_mut(&network) {
                strangers.of(proven).remove(&key);
                if strangers.is_empty() {
                    self.networks.remove(&network);
                }
            }
        }
    }

    /// Who goes first for `newcomer`, and whether those that were connected may.
    pub(super) fn oldest(&self, also_proven: bool, newcomer: &PeerId) -> Option<PeerId> {
        let proven = self.all.proven.iter().take_while(|_| also_proven);
        self.all.hearsay.iter().chain(proven).map(|(_, id)| *id).find(|id| id != newcomer)
    }

    /// The ban that ends first, when there are too many.
    pub(super) fn surplus_ban(&self) -> Option<PeerId> {
        self.bans.first().filter(|_| self.bans.len() > MAX_BANS).map(|(_, id)| *id)
    }

    /// Connected strangers of a network.
    pub(super) fn crowd(&self, network: &Subnet) -> usize {
        self.crowds.get(network).copied().unwrap_or_default()
    }

    /// The crowd that a peer is part of.
    pub(super) fn crowd_of(&self, peer: &Peer) -> usize {
        crowd(peer).map_or(0, |network| self.crowd(&network))
    }

    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize, usize, usize) {
        (self.all.hearsay.len(), self.all.proven.len(), self.bans.len(), self.crowds.values().sum())
    }
}

/// The network in whose crowd a peer counts: where it is connected from, not what it claims, or it could crowd out
/// others. Within the operator's own network there are no crowds.
fn crowd(peer: &Peer) -> Option<Subnet> {
    let remote = peer.remote.filter(|remote| peer.connected && !peer.allowed && !is_local(*remote));
    remote.map(Subnet::of)
}
