//! One peer of the book.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use libp2p_core::Multiaddr;
use libp2p_identity::PeerId;
use serde::{Deserialize, Serialize};
use tandem_config::is_host_name;

use super::MAX_HINTS;
use crate::{
    discovery::record::{HostRecord, MAX_ADDRESSES, NAME, RecordError},
    trust::{
        UnixMillis,
        addresses::{AddressPolicy, Reach, Subnet},
        score::Score,
    },
};

/// Where a peer was heard of first, the most believed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The operator's configuration, command line or bootstrap file.
    Config,
    /// The operator's environment.
    Env,
    /// The operator's file registry.
    File,
    /// A connection of its own.
    Connection,
    /// A rendezvous point.
    Rendezvous,
    /// A trusted peer.
    Exchange,
    /// The local network.
    Mdns,
    /// The GitHub-issues registry.
    Github,
    /// The distributed hash table.
    Dht,
    /// An announcement that peers pass on.
    Gossip,
}

impl Source {
    /// What addresses it may name, where `configured` is what the operator allows to strangers. What the operator
    /// wrote may lead anywhere; what hosts write into the directory that they share, to other machines of his network;
    /// the local network is private by nature.
    #[must_use]
    pub fn reach(self, configured: Reach) -> Reach {
        match self {
            Self::Config | Self::Env => Reach::OPERATOR,
            // Another machine's loopback is not this one's.
            Self::File => Reach { loopback: configured.loopback, ..Reach::OPERATOR },
            Self::Mdns => Reach { private: true, ..configured },
            Self::Connection | Self::Rendezvous | Self::Exchange | Self::Github | Self::Dht | Self::Gossip => {
                configured
            }
        }
    }
}

/// What a peer is to this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerState {
    /// A connection stands.
    Connected,
    /// It is known.
    Known,
    /// It is blocked or banned for a while.
    Banned,
}

/// What is known of a peer at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerView {
    /// Who.
    pub peer: PeerId,
    /// Where it can be dialled.
    pub addresses: Vec<Multiaddr>,
    /// What it is to this host.
    pub state: PeerState,
    /// Until when it is banned.
    pub banned_until: Option<UnixMillis>,
    /// The smoothed round trip, if one was measured.
    pub rtt: Option<Duration>,
    /// -100 to +100, with what the crowd of its network takes.
    pub score: f64,
    /// What people call it, as it signed.
    pub name: Option<String>,
    /// The tools that it signed; none without a record that has not expired.
    pub tools: Vec<String>,
    /// Tasks it runs at a time, as it signed.
    pub capacity: Option<u32>,
    /// How many of these were free.
    pub free: Option<u32>,
    /// When it was heard of first.
    pub first_seen: UnixMillis,
    /// When it was heard of last.
    pub last_seen: UnixMillis,
    /// The best of the sources that named it: a peer is believed as far as that one.
    pub source: Source,
    /// All of them.
    pub sources: BTreeSet<Source>,
    /// Whether the operator allows it by its id.
    pub allowed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) source: Source,
    pub(super) sources: BTreeSet<Source>,
    pub(super) allowed: bool,
    pub(super) connected: bool,
    /// Where it last was connected from.
    pub(super) remote: Option<IpAddr>,
    pub(super) record: Option<AcceptedRecord>,
    /// The highest one seen; it outlives the record.
    pub(super) sequence: Option<u64>,
    pub(super) hints: Vec<(Source, Multiaddr)>,
    pub(super) first_seen: UnixMillis,
    pub(super) last_seen: UnixMillis,
    pub(super) last_ok: Option<UnixMillis>,
    pub(super) fails: u32,
    pub(super) next_dial: UnixMillis,
    pub(super) score: Score,
    pub(super) blocked_until: Option<UnixMillis>,
    pub(super) banned_until: Option<UnixMillis>,
    /// The operator ordered the ban.
    pub(super) by_order: bool,
    pub(super) rtt: Option<Duration>,
}

/// A record and what of it is believed.
#[derive(Clone, Debug)]
pub(super) struct AcceptedRecord {
    pub(super) record: HostRecord,
    /// Where it came from.
    pub(super) source: Source,
    /// Those of its addresses that may be dialled.
    pub(super) addresses: Vec<Multiaddr>,
}

impl AcceptedRecord {
    /// # Errors
    /// As [`HostRecord::check`].
    pub(super) fn new(
        record: HostRecord,
        source: Source,
        policy: &AddressPolicy,
        known: Option<u64>,
        now: UnixMillis,
    ) -> Result<Self, RecordError> {
        let addresses = record.check(policy, source.reach(policy.reach()), known, now)?;
        Ok(Self { record, source, addresses })
    }
}

/// Whether and in favour of whom a peer may be evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeerTier {
    /// Never.
    Kept,
    /// It was never connected.
    Hearsay,
    /// It was connected once.
    Proven,
    /// Not while there is room for its ban.
    Banned(UnixMillis),
}

impl Peer {
    pub(super) fn new(source: Source, allowed: bool, now: UnixMillis) -> Self {
        Self {
            source,
            sources: BTreeSet::from([source]),
            allowed,
            connected: false,
            remote: None,
            record: None,
            sequence: None,
            hints: Vec::new(),
            first_seen: now,
            last_seen: now,
            last_ok: None,
            fails: 0,
            next_dial: UnixMillis(0),
            score: Score { value: 0.0, at: now },
            blocked_until: None,
            banned_until: None,
            by_order: false,
            rtt: None,
        }
    }

    /// Ends bans and blocks whose time is over.
    pub(super) fn end_bans(&mut self, now: UnixMillis) {
        self.banned_until = self.banned_until.filter(|until| *until > now);
        self.blocked_until = self.blocked_until.filter(|until| *until > now);
        self.by_order &= self.banned_until.is_some();
    }

    /// Whether the operator named or allows it.
    pub(super) fn is_kept(&self) -> bool {
        self.allowed || matches!(self.source, Source::Config | Source::Env)
    }

    pub(super) fn kept_out(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.banned_until.max(self.blocked_until).filter(|until| *until > now)
    }

    pub(super) fn place(&self) -> PeerTier {
        match (self.is_kept() || self.connected || self.by_order, self.banned_until, self.last_ok) {
            (true, ..) => PeerTier::Kept,
            (false, Some(until), _) => PeerTier::Banned(until),
            (false, None, Some(_)) => PeerTier::Proven,
            (false, None, None) => PeerTier::Hearsay,
        }
    }

    /// The networks whose share it takes: of a peer that was connected the one that it was seen in, else those that
    /// its addresses claim; `None` stands for all without an IP address.
    pub(super) fn networks(&self) -> Vec<Option<Subnet>> {
        if let Some(remote) = self.remote {
            return vec![Some(Subnet::of(remote))];
        }
        let signed = self.record.iter().flat_map(|believed| &believed.addresses);
        let mut networks: Vec<_> =
            signed.chain(self.hints.iter().map(|(_, address)| address)).map(Subnet::of_address).collect();
        networks.sort_unstable();
        networks.dedup();
        if networks.is_empty() {
            networks.push(None);
        }
        networks
    }

    /// Adds hints; where there is no room, an older one of no better source goes.
    pub(super) fn add_hints(&mut self, addresses: Vec<Multiaddr>, source: Source) {
        for address in addresses {
            if let Some(known) = self.hints.iter_mut().find(|(_, known)| *known == address) {
                known.0 = known.0.min(source);
                continue;
            }
            if self.hints.len() >= MAX_HINTS {
                match self.hints.iter().position(|(old, _)| *old >= source) {
                    Some(oldest) => drop(self.hints.remove(oldest)),
                    None => continue,
                }
            }
            self.hints.push((source, address));
        }
    }

    pub(super) fn record_at(&self, now: UnixMillis) -> Option<&HostRecord> {
        Some(&self.believed_at(now)?.record)
    }

    fn believed_at(&self, now: UnixMillis) -> Option<&AcceptedRecord> {
        self.record.as_ref().filter(|believed| believed.record.expires_at() > now)
    }

    /// The addresses to dial: signed ones first, a few in all.
    pub(super) fn addresses(&self, now: UnixMillis) -> Vec<Multiaddr> {
        let signed = self.believed_at(now).map(|believed| believed.addresses.as_slice());
        let mut addresses: Vec<Multiaddr> = signed.unwrap_or_default().to_vec();
        // What the operator wrote is dialled even where the record is full.
        let operators = self.hints.iter().filter(|(source, _)| matches!(source, Source::Config | Source::Env));
        addresses.extend(operators.map(|(_, address)| address.clone()));
        let room = MAX_ADDRESSES.saturating_sub(addresses.len());
        let others = self.hints.iter().filter(|(source, _)| !matches!(source, Source::Config | Source::Env));
        addresses.extend(others.map(|(_, address)| address.clone()).take(room));
        let mut seen = std::collections::HashSet::new();
        addresses.retain(|address| seen.insert(address.clone()));
        addresses
    }

    pub(super) fn view(&self, peer: PeerId, crowd_points: f64, now: UnixMillis) -> PeerView {
        let banned_until = self.kept_out(now);
        let record = self.record_at(now);
        let state = match (banned_until, self.connected) {
            (Some(_), _) => PeerState::Banned,
            (None, true) => PeerState::Connected,
            (None, false) => PeerState::Known,
        };
        PeerView {
            peer,
            addresses: self.addresses(now),
            state,
            banned_until,
            rtt: self.rtt,
            score: (self.score.value_at(now) + crowd_points).max(-crate::trust::score::LIMIT),
            name: record.and_then(|record| record.metadata().get(NAME)).filter(|name| is_host_name(name)).cloned(),
            tools: record.map(|record| record.tools().to_vec()).unwrap_or_default(),
            capacity: record.map(HostRecord::capacity),
            free: record.map(HostRecord::free),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            source: self.source,
            sources: self.sources.clone(),
            allowed: self.allowed,
        }
    }
}
