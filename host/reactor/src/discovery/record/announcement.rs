//! What a host says about itself before it is signed, and the number of its next record.

use std::{collections::BTreeMap, time::Duration};

use libp2p_core::Multiaddr;

use super::limits::MAX_NUMBER;
use crate::trust::UnixMillis;

/// What a host says about itself.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// Where it is, at most [`MAX_ADDRESSES`](super::MAX_ADDRESSES).
    pub addresses: Vec<Multiaddr>,
    /// The tools it runs for others, at most [`MAX_TOOLS`](super::MAX_TOOLS).
    pub tools: Vec<String>,
    /// Tasks it runs at a time.
    pub capacity: u32,
    /// How many of these are free.
    pub free: u32,
    /// What else the operator wants to be known.
    pub metadata: BTreeMap<String, String>,
    /// Higher than that of each earlier record; see [`next_sequence`].
    pub sequence: u64,
    /// When it is made.
    pub issued_at: UnixMillis,
    /// For how long it is to be believed, at most [`MAX_LIFETIME`](super::MAX_LIFETIME).
    pub ttl: Duration,
}

/// A sequence number above `previous`, and above all that a host used before it lost its state, as far as its clock
/// did not go back.
#[must_use]
pub fn next_sequence(previous: Option<u64>, now: UnixMillis) -> u64 {
    previous.map_or(0, |previous| previous.saturating_add(1)).max(now.0).min(MAX_NUMBER)
}
