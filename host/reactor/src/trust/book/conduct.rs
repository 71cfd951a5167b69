//! What is held against peers: bans and blocks for what they did, or by order of the operator.

use libp2p_identity::PeerId;

use super::{BookError, MAX_BANS, PeerBook, Source, entry::Peer};
use crate::trust::{
    UnixMillis,
    score::{self, Conduct, Verdict},
};

impl PeerBook {
    /// A peer did something. Blocks and bans take effect here; connections are the caller's to close.
    ///
    /// Do not report a peer for what others say in its name.
    pub fn report(&mut self, id: &PeerId, conduct: Conduct, now: UnixMillis) -> Verdict {
        let mut verdict = Verdict::Keep;
        let known = self.change(id, |peer| {
            let value = peer.score.add(conduct, now);
            if conduct == Conduct::Completion {
                return;
            }
            // A cluster must survive a bad day of its own: who is allowed is blocked, and comes back.
            verdict = if value < score::BAN_BELOW && !peer.allowed {
                // The operator may have ordered a longer one.
                peer.banned_until = peer.banned_until.max(Some(now.after(score::BAN)));
                Verdict::Ban(now.after(score::BAN))
            } else if value < score::DISCONNECT_BELOW {
                peer.blocked_until = Some(now.after(score::BLOCK));
                Verdict::Disconnect(now.after(score::BLOCK))
            } else {
                Verdict::Keep
            };
        });
        self.limit_bans();
        match (known, conduct) {
            (true, _) => verdict,
            (false, Conduct::Completion) => Verdict::Keep,
            (false, _) => Verdict::Disconnect(now.after(score::BLOCK)),
        }
    }

    /// Bans a peer until a time by order of the operator, whether or not it is known. No other ban takes its place.
    ///
    /// # Errors
    /// [`BookError::TooManyBans`], [`BookError::Full`].
    pub fn block(&mut self, id: PeerId, until: UnixMillis, now: UnixMillis) -> Result<(), BookError> {
        let others = self.peers.iter().filter(|(other, peer)| peer.by_order && **other != id).count();
        if others >= MAX_BANS {
            return Err(BookError::TooManyBans);
        }
        let order = |peer: &mut Peer| (peer.banned_until, peer.by_order) = (Some(until), true);
        if self.change(&id, order) {
            return Ok(());
        }
        // Nothing else is said of one that is not known: it is believed as little as may be.
        self.upsert(id, Source::Gossip, now, order)
    }

    /// Holds nothing against a peer any more. Answers whether it is known.
    pub fn forgive(&mut self, id: &PeerId) -> bool {
        self.change(id, |peer| {
            (peer.banned_until, peer.blocked_until, peer.by_order) = (None, None, false);
            peer.score = score::Score::default();
        })
    }

    pub(super) fn limit_bans(&mut self) {
        while let Some(first) = self.room.surplus_ban() {
            self.change(&first, |peer| peer.banned_until = None);
        }
    }
}
