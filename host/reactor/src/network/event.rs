//! What the network tells the rest of the process, and what is known of a connection.

use std::time::Duration;

use libp2p::{Multiaddr, PeerId};

use crate::trust::UnixMillis;

/// What happened.
#[derive(Clone, Debug)]
pub enum NetworkEvent {
    /// A peer has its first connection.
    Connected(PeerId),
    /// A peer said who it is and what it speaks.
    Identified(PeerId),
    /// A peer has none any more; it was heard of last at this time.
    Disconnected(PeerId, UnixMillis),
    /// Somebody says that a peer is there.
    Found { peer: PeerId, addresses: Vec<Multiaddr>, source: &'static str },
    /// A peer broke a rule of a protocol.
    #[cfg_attr(not(feature = "dht"), allow(dead_code, reason = "nobody else looks so closely yet"))]
    Fault { peer: PeerId, what: String },
    /// An announcement came; it waits for its verdict.
    #[cfg(feature = "gossip")]
    Announced { from: PeerId, id: libp2p::gossipsub::MessageId, author: PeerId, data: Vec<u8> },
    /// A peer wants announcements from now on.
    #[cfg(feature = "gossip")]
    Listens,
}

/// A connected peer.
#[derive(Clone, Debug)]
pub struct Connected {
    pub address: Multiaddr,
    pub rtt: Option<Duration>,
    /// When something of it came last.
    pub heard: UnixMillis,
    pub agent: Option<String>,
    pub listens: Vec<Multiaddr>,
    /// Whether it speaks our protocol, once that is known.
    pub speaks: Option<bool>,
}
