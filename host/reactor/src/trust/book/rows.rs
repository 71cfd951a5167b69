//! The book as rows, to be stored and read back.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;
use serde::{Deserialize, Serialize};

use super::{
    MAX_HINTS, PeerBook, Source,
    entry::{AcceptedRecord, Peer},
};
use crate::{
    discovery::record::HostRecord,
    trust::{
        UnixMillis,
        addresses::AddressPolicy,
        score::{LIMIT, Score},
    },
};

/// A peer in plain values. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerRow {
    /// The peer's id in base 58.
    pub peer_id: String,
    /// Where it was heard of first.
    pub source: Source,
    /// All of them.
    #[serde(default)]
    pub sources: BTreeSet<Source>,
    /// The document of its newest record, while it has not expired.
    pub record: Option<String>,
    /// Where that record came from; none is `source`.
    #[serde(default)]
    pub record_source: Option<Source>,
    /// The highest sequence seen.
    pub sequence: Option<u64>,
    /// Unsigned addresses and their sources.
    pub hints: Vec<(Source, String)>,
    /// Where it was connected from last.
    pub remote: Option<IpAddr>,
    /// First heard of.
    pub first_seen: UnixMillis,
    /// Last heard of.
    pub last_seen: UnixMillis,
    /// Last connected.
    pub last_ok: Option<UnixMillis>,
    /// Failed dials in a row.
    pub fails: u32,
    /// When it may be dialled next.
    pub next_dial: UnixMillis,
    /// Its score.
    pub score: f64,
    /// When it had that score.
    pub scored_at: UnixMillis,
    /// Until when it is blocked.
    pub blocked_until: Option<UnixMillis>,
    /// Until when it is banned.
    pub banned_until: Option<UnixMillis>,
    /// Whether the operator ordered the ban.
    #[serde(default)]
    pub by_order: bool,
    /// Its smoothed round trip in microseconds.
    pub rtt_us: Option<u64>,
}

impl PeerBook {
    /// All peers, in no order.
    pub fn rows(&self) -> impl Iterator<Item = PeerRow> {
        self.peers.iter().map(|(id, peer)| row(id, peer))
    }

    /// Takes stored rows into the book, within its bounds; answers how many it took. A row that makes no sense is
    /// left out, and so is one of this host or of a peer that is known already; a record that has expired or is no
    /// longer right is left out of its row.
    pub fn restore(&mut self, rows: impl IntoIterator<Item = PeerRow>, now: UnixMillis) -> usize {
        let before = self.peers.len();
        let mut rows: Vec<_> = rows.into_iter().take(self.limits.peers).collect();
        // The oldest first, so that it is they who make room.
        rows.sort_by_key(|row| row.last_seen);
        for row in rows {
            let Some((id, mut peer)) = peer(row, &self.policy, now) else { continue };
            if id == self.policy.own() || self.peers.contains_key(&id) {
                continue;
            }
            peer.allowed = self.allow.contains(&id);
            // The policy may have changed since.
            let policy = &self.policy;
            peer.hints
                .retain(|(source, address)| policy.check_within(address, &id, source.reach(policy.reach())).is_ok());
            if self.peers.len() < self.limits.peers {
                self.put(id, peer);
            }
        }
        self.limit_bans();
        self.peers.len().saturating_sub(before)
    }
}

fn row(id: &PeerId, peer: &Peer) -> PeerRow {
    PeerRow {
        peer_id: id.to_base58(),
        source: peer.source,
        sources: peer.sources.clone(),
        record: peer.record.as_ref().map(|believed| believed.record.text().to_owned()),
        record_source: peer.record.as_ref().map(|believed| believed.source),
        sequence: peer.sequence,
        hints: peer.hints.iter().map(|(source, address)| (*source, address.to_string())).collect(),
        remote: peer.remote,
        first_seen: peer.first_seen,
        last_seen: peer.last_seen,
        last_ok: peer.last_ok,
        fails: peer.fails,
        next_dial: peer.next_dial,
        score: peer.score.value,
        scored_at: peer.score.at,
        blocked_until: peer.blocked_until,
        banned_until: peer.banned_until,
        by_order: peer.by_order,
        rtt_us: peer.rtt.map(|rtt| u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX)),
    }
}

fn peer(row: PeerRow, policy: &AddressPolicy, now: UnixMillis) -> Option<(PeerId, Peer)> {
    let id = row.peer_id.parse().ok()?;
    let record = row.record.and_then(|text| HostRecord::decode(text.as_bytes()).ok());
    let record = record.filter(|record| record.peer() == id);
    let sequence = row.sequence.max(record.as_ref().map(HostRecord::sequence));
    let from = row.record_source.unwrap_or(row.source);
    let hint = |(source, text): (Source, String)| Some((source, text.parse::<Multiaddr>().ok()?));
    let value = if row.score.is_finite() { row.score.clamp(-LIMIT, LIMIT) } else { 0.0 };
    let peer = Peer {
        sources: row.sources.into_iter().chain([row.source]).collect(),
        sequence,
        record: record.and_then(|record| AcceptedRecord::new(record, from, policy, None, now).ok()),
        hints: row.hints.into_iter().filter_map(hint).take(MAX_HINTS).collect(),
        remote: row.remote,
        first_seen: row.first_seen.min(now),
        // A clock that was wrong must not keep a peer for ever.
        last_seen: row.last_seen.min(now),
        last_ok: row.last_ok,
        fails: row.fails,
        next_dial: row.next_dial.min(now.after(crate::trust::score::DIAL_PAUSE.1)),
        score: Score { value, at: row.scored_at.min(now) },
        blocked_until: row.blocked_until,
        banned_until: row.banned_until,
        by_order: row.by_order && row.banned_until.is_some(),
        rtt: row.rtt_us.map(Duration::from_micros),
        ..Peer::new(row.source, false, now)
    };
    Some((id, peer))
}
