//! Sorted pages of the book.
//!
//! A cursor names the last peer of a page by its sort key, so that peers that come and go between pages neither
//! repeat nor hide others. Scores are those of the time of the first page: they fade, and would move past the cursor.

use std::{cmp::Ordering, fmt, str::FromStr};

use libp2p_identity::PeerId;

use super::{
    PeerBook, PeerState, PeerView,
    entry::{Peer, Source},
    peer_book::crowd_points,
};
use crate::{discovery::record::HostRecord, trust::UnixMillis};

/// Most peers of a page.
pub const MAX_PAGE: usize = 1_000;

/// The order of a listing. Ties are broken by the peer's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Heard of last first.
    #[default]
    LastSeen,
    /// Nearest first, those without a measurement last.
    Rtt,
    /// Best first.
    Score,
}

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct PeerQuery {
    /// Only peers in this state.
    pub state: Option<PeerState>,
    /// Only peers that signed that they have this tool.
    pub tool: Option<String>,
    /// Only peers from one of these sources; none means all.
    pub sources: Vec<Source>,
    /// In which order.
    pub sort: Sort,
    /// 1 to [`MAX_PAGE`]; other values are brought there.
    pub limit: usize,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A page of peers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The peers.
    pub peers: Vec<PeerView>,
    /// All that match, on all pages.
    pub total: usize,
    /// For the next page, if there is one.
    pub next_cursor: Option<String>,
}

/// A cursor that is none, or one of another listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this cursor is not one of this listing; start again without it")]
pub struct CursorError;

impl PeerBook {
    /// One peer.
    #[must_use]
    pub fn get(&self, id: &PeerId, now: UnixMillis) -> Option<PeerView> {
        self.peers.get(id).map(|peer| self.view(id, peer, now))
    }

    /// A page of peers.
    ///
    /// # Errors
    /// [`CursorError`].
    pub fn list(&self, query: &PeerQuery, now: UnixMillis) -> Result<Page, CursorError> {
        let cursor: Option<Cursor> = query.cursor.as_deref().map(str::parse).transpose()?;
        if cursor.as_ref().is_some_and(|cursor| cursor.sort != query.sort) {
            return Err(CursorError);
        }
        let at = cursor.as_ref().map_or(now, |cursor| cursor.at);
        let mut keys: Vec<(u64, PeerId)> = self
            .peers
            .iter()
            .filter(|(_, peer)| matches(peer, query, now))
            .map(|(id, peer)| (sort_key(peer, query.sort, at), *id))
            .collect();
        keys.sort_unstable();
        let total = keys.len();
        let start = cursor.map_or(0, |cursor| keys.partition_point(|key| *key <= (cursor.key, cursor.peer)));
        let limit = query.limit.clamp(1, MAX_PAGE);
        let rest = keys.get(start..).unwrap_or_default();
        let page = rest.get(..limit).unwrap_or(rest);
        let last = page.last().filter(|_| page.len() < rest.len());
        let next = last.map(|(key, peer)| Cursor { sort: query.sort, at, key: *key, peer: *peer }.to_string());
        let peers = page.iter().filter_map(|(_, id)| self.get(id, now)).collect();
        Ok(Page { peers, total, next_cursor: next })
    }

    /// Records that are to be believed, those of the peers heard of last first.
    #[must_use]
    pub fn records(&self, limit: usize, now: UnixMillis) -> Vec<HostRecord> {
        let heard = |peer: &Peer| Some((peer.last_seen, peer.record_at(now)?.clone()));
        let in_use = self.peers.values().filter(|peer| peer.kept_out(now).is_none());
        let mut records: Vec<_> = in_use.filter_map(heard).collect();
        records.sort_unstable_by_key(|(heard, _)| std::cmp::Reverse(*heard));
        records.truncate(limit);
        records.into_iter().map(|(_, record)| record).collect()
    }

    /// Whether a peer's record is known and to be believed.
    #[must_use]
    pub fn has_record(&self, id: &PeerId, now: UnixMillis) -> bool {
        self.peers.get(id).is_some_and(|peer| peer.record_at(now).is_some())
    }

    /// When the newest known record of a peer was made, by its own clock.
    #[must_use]
    pub fn issued_at(&self, id: &PeerId) -> Option<UnixMillis> {
        self.peers.get(id)?.record.as_ref().map(|believed| believed.record.issued_at())
    }

    fn view(&self, id: &PeerId, peer: &Peer, now: UnixMillis) -> PeerView {
        peer.view(*id, crowd_points(self.room.crowd_of(peer)), now)
    }
}

fn matches(peer: &Peer, query: &PeerQuery, now: UnixMillis) -> bool {
    let state = match (peer.kept_out(now), peer.connected) {
        (Some(_), _) => PeerState::Banned,
        (None, true) => PeerState::Connected,
        (None, false) => PeerState::Known,
    };
    let has = |tool: &String| peer.record_at(now).is_some_and(|record| record.tools().contains(tool));
    query.state.is_none_or(|wanted| wanted == state)
        && (query.sources.is_empty() || query.sources.iter().any(|source| peer.sources.contains(source)))
        && query.tool.as_ref().is_none_or(has)
}

/// A number that is smaller for what comes first.
fn sort_key(peer: &Peer, sort: Sort, at: UnixMillis) -> u64 {
    match sort {
        Sort::LastSeen => u64::MAX - peer.last_seen.0,
        Sort::Rtt => peer.rtt.map_or(u64::MAX, |rtt| u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX)),
        Sort::Score => {
            let score = peer.score.value_at(at);
            // The order of IEEE 754's total order as unsigned numbers, turned round.
            let bits = score.to_bits();
            let ascending = match score.total_cmp(&0.0) {
                Ordering::Less => !bits,
                Ordering::Equal | Ordering::Greater => bits | (1 << 63),
            };
            !ascending
        }
    }
}

#[derive(Debug)]
struct Cursor {
    sort: Sort,
    at: UnixMillis,
    key: u64,
    peer: PeerId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sort = match self.sort {
            Sort::LastSeen => 'l',
            Sort::Rtt => 'r',
            Sort::Score => 's',
        };
        write!(f, "{sort}.{:x}.{:x}.{}", self.at.0, self.key, self.peer)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let mut parts = text.splitn(4, '.');
        let mut next = || parts.next().ok_or(CursorError);
        let sort = match next()? {
            "l" => Sort::LastSeen,
            "r" => Sort::Rtt,
            "s" => Sort::Score,
            _ => return Err(CursorError),
        };
        let mut number = || u64::from_str_radix(next()?, 16).map_err(|_| CursorError);
        let (at, key) = (UnixMillis(number()?), number()?);
        Ok(Self { sort, at, key, peer: next()?.parse().map_err(|_| CursorError)? })
    }
}
