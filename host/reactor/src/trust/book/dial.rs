//! Whom to dial, and when again.

use std::{hash::BuildHasher, time::Duration};

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;

use super::{PeerBook, entry::Peer};
use crate::trust::{UnixMillis, score};

/// How long a dial may take; until then the peer is not dialled again.
const DIAL_TIME: Duration = Duration::from_secs(30);

/// A peer to dial and where, the address that it signed first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Whom.
    pub peer: PeerId,
    /// Where.
    pub addresses: Vec<Multiaddr>,
}

impl PeerBook {
    /// Up to `limit` peers to dial now: not connected, not banned, not waiting after a failure. Those that the
    /// operator allows come first, then the best.
    #[must_use]
    pub fn dialable(&self, limit: usize, now: UnixMillis) -> Vec<Dial> {
        let ready = |peer: &Peer| !peer.connected && peer.next_dial <= now && peer.kept_out(now).is_none();
        let mut ready: Vec<_> = self.peers.iter().filter(|(_, peer)| ready(peer)).collect();
        let rank = |id: &PeerId, peer: &Peer| (!peer.is_kept(), -peer.score.value_at(now), peer.fails, *id);
        ready.sort_by(|(a_id, a), (b_id, b)| {
            let ((a_kept, a_score, a_fails, a_id), (b_kept, b_score, b_fails, b_id)) = (rank(a_id, a), rank(b_id, b));
            a_kept.cmp(&b_kept).then(a_score.total_cmp(&b_score)).then((a_fails, a_id).cmp(&(b_fails, b_id)))
        });
        let dial = |(id, peer): (&PeerId, &Peer)| Dial { peer: *id, addresses: peer.addresses(now) };
        ready.into_iter().map(dial).filter(|dial| !dial.addresses.is_empty()).take(limit).collect()
    }

    /// A dial of a peer begins; until it fails or takes too long it is not dialable.
    pub fn dial_started(&mut self, id: &PeerId, now: UnixMillis) {
        self.change(id, |peer| peer.next_dial = now.after(DIAL_TIME));
    }

    /// A dial of a peer failed; answers when the next may be made.
    pub fn dial_failed(&mut self, id: &PeerId, now: UnixMillis) -> Option<UnixMillis> {
        let peer = self.peers.get(id)?;
        let fails = peer.fails.saturating_add(1);
        let next = now.after(score::dial_pause(fails, self.chance.hash_one((id, fails, now))));
        self.change(id, |peer| (peer.fails, peer.next_dial) = (fails, next));
        Some(next)
    }
}
