//! The table of peers: what enters it, what changes a peer, and what leaves.

use std::{
    collections::{HashMap, HashSet},
    hash::RandomState,
    net::IpAddr,
    time::Duration,
};

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;

use super::{
    BookError, BookLimits, MAX_HINTS, Source,
    entry::{AcceptedRecord, Peer, PeerTier},
    room::Room,
};
use crate::{
    discovery::record::HostRecord,
    trust::{
        UnixMillis,
        addresses::{AddressError, AddressPolicy, Subnet, is_local},
        score,
    },
};

/// What a cleanup did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// The peers removed, sorted.
    pub removed: Vec<PeerId>,
    /// How many are left.
    pub kept: usize,
}

/// The book.
#[derive(Debug)]
pub struct PeerBook {
    pub(super) limits: BookLimits,
    pub(super) policy: AddressPolicy,
    pub(super) allow: HashSet<PeerId>,
    pub(super) peers: HashMap<PeerId, Peer>,
    pub(super) room: Room,
    pub(super) chance: RandomState,
}

impl PeerBook {
    /// An empty book of the host that the policy names.
    #[must_use]
    pub fn new(policy: AddressPolicy, limits: BookLimits) -> Self {
        let (allow, peers) = (HashSet::new(), HashMap::new());
        Self { limits, policy, allow, peers, room: Room::new(limits), chance: RandomState::new() }
    }

    /// Sets whom the operator allows. Those are never evicted, nor banned for longer than a block.
    pub fn set_allowed(&mut self, allow: impl IntoIterator<Item = PeerId>) {
        self.allow = allow.into_iter().collect();
        for id in self.peers.keys().copied().collect::<Vec<_>>() {
            let allowed = self.allow.contains(&id);
            self.change(&id, |peer| peer.allowed = allowed);
        }
    }

    /// Whether the operator allows a peer by its id.
    #[must_use]
    pub fn is_allowed(&self, id: &PeerId) -> bool {
        self.allow.contains(id)
    }

    /// The address policy, to name own addresses to it.
    pub fn policy_mut(&mut self) -> &mut AddressPolicy {
        &mut self.policy
    }

    /// How many peers are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Takes a signed record, from wherever it came.
    ///
    /// # Errors
    /// All of [`BookError`] but `Addresses` and `Crowded`. Nothing is held against the peer: others can play its old
    /// records too.
    pub fn offer(&mut self, record: HostRecord, source: Source, now: UnixMillis) -> Result<(), BookError> {
        let id = record.peer();
        let known = self.peers.get(&id);
        let sequence = known.and_then(|peer| peer.sequence);
        let believed = AcceptedRecord::new(record, source, &self.policy, sequence, now)?;
        if let Some(until) = known.and_then(|peer| peer.kept_out(now)) {
            return Err(BookError::KeptOut(until.since(now)));
        }
        self.upsert(id, source, now, |peer| {
            peer.sequence = Some(believed.record.sequence());
            peer.record = Some(believed);
        })
    }

    /// Takes addresses that nobody signed: hints where a peer may be. Answers those that are refused.
    ///
    /// # Errors
    /// [`BookError::Addresses`] when none is left, [`BookError::KeptOut`] or [`BookError::Full`].
    pub fn hint(
        &mut self,
        id: PeerId,
        addresses: impl IntoIterator<Item = Multiaddr>,
        source: Source,
        now: UnixMillis,
    ) -> Result<Vec<(Multiaddr, AddressError)>, BookError> {
        let reach = source.reach(self.policy.reach());
        let (mut right, mut wrong) = (Vec::new(), Vec::new());
        for address in addresses.into_iter().take(MAX_HINTS) {
            match self.policy.check_within(&address, &id, reach) {
                Ok(()) => right.push(address),
                Err(reason) => wrong.push((address, reason)),
            }
        }
        if right.is_empty() {
            return Err(BookError::Addresses(wrong.first().map_or(AddressError::Form, |(_, reason)| *reason)));
        }
        if let Some(until) = self.peers.get(&id).and_then(|peer| peer.kept_out(now)) {
            return Err(BookError::KeptOut(until.since(now)));
        }
        self.upsert(id, source, now, |peer| peer.add_hints(right, source))?;
        Ok(wrong)
    }

    /// A source names a peer and says nothing new of it.
    pub fn named(&mut self, id: &PeerId, source: Source) {
        if let Some(peer) = self.peers.get_mut(id) {
            peer.sources.insert(source);
        }
    }

    /// A connection with a peer stands, `remote` is where it comes from or went to, if not through a relay.
    ///
    /// # Errors
    /// [`BookError::KeptOut`], [`BookError::Crowded`] or [`BookError::Full`]: close it.
    pub fn connected(&mut self, id: PeerId, remote: Option<IpAddr>, now: UnixMillis) -> Result<(), BookError> {
        self.may_connect(&id, now)?;
        let known = self.peers.get(&id);
        let network = remote.filter(|ip| !is_local(*ip)).map(Subnet::of);
        if let Some(network) =
            network.filter(|_| !self.allow.contains(&id) && !known.is_some_and(|peer| peer.connected))
        {
            let conduct = known.map_or(0.0, |peer| peer.score.value_at(now));
            if conduct + crowd_points(self.room.crowd(&network).saturating_add(1)) < score::DISCONNECT_BELOW {
                return Err(BookError::Crowded(network));
            }
        }
        self.upsert(id, Source::Connection, now, |peer| {
            peer.connected = true;
            peer.remote = remote.or(peer.remote);
            peer.last_ok = Some(now);
            (peer.fails, peer.next_dial) = (0, UnixMillis(0));
        })
    }

    /// The last connection with a peer is gone.
    pub fn disconnected(&mut self, id: &PeerId, now: UnixMillis) {
        self.change(id, |peer| {
            peer.connected = false;
            peer.last_seen = peer.last_seen.max(now);
        });
        self.limit_bans();
    }

    /// Whether a peer is neither blocked nor banned. Ask before a dial and when it connects.
    ///
    /// # Errors
    /// [`BookError::KeptOut`].
    pub fn may_connect(&self, id: &PeerId, now: UnixMillis) -> Result<(), BookError> {
        match self.peers.get(id).and_then(|peer| peer.kept_out(now)) {
            Some(until) => Err(BookError::KeptOut(until.since(now))),
            None => Ok(()),
        }
    }

    /// A message of the peer came, and perhaps a measured round trip. Each new one counts an eighth.
    pub fn seen(&mut self, id: &PeerId, round_trip: Option<Duration>, now: UnixMillis) {
        self.change(id, |peer| {
            peer.last_seen = peer.last_seen.max(now);
            if let Some(new) = round_trip {
                peer.rtt = Some(peer.rtt.map_or(new, |old| (old * 7 + new) / 8));
            }
        });
    }

    /// Removes peers whose time is over, ends bans and drops expired records. Call it every minute or so.
    pub fn sweep(&mut self, now: UnixMillis) -> Vec<PeerId> {
        for id in self.peers.keys().copied().collect::<Vec<_>>() {
            self.change(&id, |peer| {
                peer.end_bans(now);
                peer.record.take_if(|believed| believed.record.expires_at() <= now);
            });
        }
        self.cleanup(None, false, now).removed
    }

    /// Removes peers that were not heard of for `older_than`, or else those whose record and time are over. Peers that
    /// are connected, banned, or named or allowed by the operator stay. A dry run removes none.
    pub fn cleanup(&mut self, older_than: Option<Duration>, dry_run: bool, now: UnixMillis) -> Cleanup {
        let ttl = self.limits.ttl;
        let over = |peer: &Peer| match older_than {
            Some(age) => now.since(peer.last_seen) >= age,
            None => {
                let record = peer.record.as_ref().map_or(UnixMillis(0), |believed| believed.record.expires_at());
                peer.last_seen.after(ttl).max(record) <= now
            }
        };
        let goes = |peer: &Peer| !peer.is_kept() && !peer.connected && peer.kept_out(now).is_none() && over(peer);
        let mut removed: Vec<_> = self.peers.iter().filter(|(_, peer)| goes(peer)).map(|(id, _)| *id).collect();
        removed.sort_unstable();
        if !dry_run {
            for id in &removed {
                self.remove(id);
            }
            return Cleanup { removed, kept: self.peers.len() };
        }
        let kept = self.peers.len().saturating_sub(removed.len());
        Cleanup { removed, kept }
    }

    /// Forgets a peer.
    pub fn remove(&mut self, id: &PeerId) -> bool {
        self.take(id).is_some()
    }

    pub(super) fn upsert(
        &mut self,
        id: PeerId,
        source: Source,
        now: UnixMillis,
        change: impl FnOnce(&mut Peer),
    ) -> Result<(), BookError> {
        let known = self.take(&id);
        let is_new = known.is_none();
        let mut peer = known.unwrap_or_else(|| Peer::new(source, self.allow.contains(&id), now));
        peer.last_seen = peer.last_seen.max(now);
        peer.source = peer.source.min(source);
        peer.sources.insert(source);
        change(&mut peer);
        // Hearsay pushes out hearsay; who is connected or named by the operator also pushes out who was connected.
        let over_proven = peer.place() == PeerTier::Kept;
        self.put(id, peer);
        if is_new && self.peers.len() > self.limits.peers {
            // Only now: where a network's share was full, one of that network has already made room.
            let Some(gone) = self.room.oldest(over_proven, &id) else {
                self.remove(&id);
                return Err(BookError::Full);
            };
            self.remove(&gone);
        }
        Ok(())
    }

    pub(super) fn put(&mut self, id: PeerId, peer: Peer) {
        for gone in self.room.enter(&id, &peer) {
            self.remove(&gone);
        }
        self.peers.insert(id, peer);
    }

    fn take(&mut self, id: &PeerId) -> Option<Peer> {
        let peer = self.peers.remove(id)?;
        self.room.leave(id, &peer);
        Some(peer)
    }

    /// Changes a peer and its places in the indexes.
    pub(super) fn change(&mut self, id: &PeerId, change: impl FnOnce(&mut Peer)) -> bool {
        let Some(mut peer) = self.take(id) else { return false };
        change(&mut peer);
        self.put(*id, peer);
        true
    }
}

/// What the crowd of its network takes from the score of each of `count` peers.
pub(super) fn crowd_points(count: usize) -> f64 {
    let over = u32::try_from(count.saturating_sub(score::CROWD)).unwrap_or(u32::MAX);
    -score::CROWD_POINTS * f64::from(over)
}

#[cfg(test)]
mod tests;
