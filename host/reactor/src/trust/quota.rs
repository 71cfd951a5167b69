//! How much one caller may ask for: messages, bytes, streams and requests of a peer; connections of an address.
//!
//! **Promises.** A peer that asks for more than its share is told how long to wait, or refused; others do not notice.
//! A peer that reconnects does not start anew.
//!
//! **Bounds.** The numbers of [`WireLimits`] and [`AcceptLimits`]; tables of [`MAX_PEERS`] and [`MAX_CALLERS`], in which
//! a caller that is at rest makes room. Where nobody is, newcomers are refused: whoever holds connections keeps them.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use libp2p_identity::PeerId;

use super::addresses::caller;

/// Peers whose use is counted. More than connections can be open, so that those who left are remembered for a while.
pub const MAX_PEERS: usize = 2_048;
/// Addresses whose connections are counted.
pub const MAX_CALLERS: usize = 4_096;

/// What a peer may do on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireLimits {
    /// Messages a second.
    pub messages: u32,
    /// Messages at once after a rest.
    pub burst: u32,
    /// Bytes a second, and at once after a rest.
    pub bytes: u32,
    /// Requests that have no answer yet.
    pub in_flight: u32,
    /// Streams that the peer opened.
    pub streams: u32,
}

impl Default for WireLimits {
    fn default() -> Self {
        Self { messages: 200, burst: 400, bytes: 8 << 20, in_flight: 64, streams: 4 }
    }
}

/// How often one address may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptLimits {
    /// Connections a second.
    pub per_second: u32,
    /// Connections at once after a rest.
    pub burst: u32,
    /// Open connections.
    pub open: u32,
}

impl Default for AcceptLimits {
    /// Hosts behind one address translator are a few; a handshake costs us more than the caller.
    fn default() -> Self {
        Self { per_second: 5, burst: 20, open: 32 }
    }
}

/// Why something is not done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverQuota {
    /// Too many messages.
    #[error("too many messages a second; wait {} ms", .0.as_millis())]
    Messages(Duration),
    /// Too many bytes.
    #[error("too many bytes a second; wait {} ms", .0.as_millis())]
    Bytes(Duration),
    /// A message that would be too much even after a rest.
    #[error("a message of {0} bytes is over the quota; send less")]
    TooLarge(u32),
    /// Too many requests without an answer.
    #[error("{0} requests are in flight; wait for one to end")]
    InFlight(u32),
    /// Too many streams.
    #[error("{0} streams are open already; use one of them")]
    Streams(u32),
    /// Too many connections at once, from one address or from all.
    #[error("too many connections; close some or try again later")]
    Connections,
    /// Connections too often.
    #[error("too many new connections a second; wait {} ms", .0.as_millis())]
    Accepts(Duration),
}

/// A token bucket: `rate` a second, at most `burst`. The time is the caller's, so that it can be simulated.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    rate: u32,
    burst: u32,
    left: f64,
    at: Instant,
}

impl Bucket {
    fn new(rate: u32, burst: u32, now: Instant) -> Self {
        Self { rate: rate.max(1), burst, left: f64::from(burst), at: now }
    }

    fn fill(&mut self, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * f64::from(self.rate);
        self.left = (self.left + gained).min(f64::from(self.burst));
        self.at = self.at.max(now);
    }

    /// How long until `count` can be taken; zero if now.
    fn wait(&mut self, count: u32, now: Instant) -> Duration {
        self.fill(now);
        let missing = (f64::from(count) - self.left).max(0.0);
        Duration::from_secs_f64(missing / f64::from(self.rate))
    }

    fn take(&mut self, count: u32) {
        self.left -= f64::from(count);
    }

    fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.left >= f64::from(self.burst)
    }
}

/// One of a number that may be held at a time; it is given back when dropped.
#[derive(Debug)]
pub struct QuotaSlot(Arc<AtomicU32>);

impl QuotaSlot {
    fn take(count: &Arc<AtomicU32>, limit: u32) -> Result<Self, u32> {
        let more = |count: u32| (count < limit).then_some(count.saturating_add(1));
        match count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(Self(Arc::clone(count))),
            Err(_) => Err(limit),
        }
    }
}

impl Drop for QuotaSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Wire {
    messages: Bucket,
    bytes: Bucket,
    requests: Arc<AtomicU32>,
    streams: Arc<AtomicU32>,
}

/// The use that each peer makes of the wire.
#[derive(Debug)]
pub struct WireQuotas {
    limits: WireLimits,
    peers: Table<PeerId, Wire>,
}

impl WireQuotas {
    /// An empty table.
    #[must_use]
    pub fn new(limits: WireLimits) -> Self {
        Self { limits, peers: Table::new(MAX_PEERS) }
    }

    /// A message of `bytes` came from a peer; both are counted only if both fit. The caller may wait with reading, or
    /// refuse and report it.
    ///
    /// # Errors
    /// [`OverQuota::Messages`], [`OverQuota::Bytes`], [`OverQuota::TooLarge`], or [`OverQuota::Connections`] when the
    /// table is full of others.
    pub fn message(&mut self, peer: &PeerId, bytes: u32, now: Instant) -> Result<(), OverQuota> {
        let limits = self.limits;
        let wire = self.wire(peer, now)?;
        if bytes > limits.bytes {
            return Err(OverQuota::TooLarge(bytes));
        }
        match (wire.messages.wait(1, now), wire.bytes.wait(bytes, now)) {
            (Duration::ZERO, Duration::ZERO) => {
                wire.messages.take(1);
                wire.bytes.take(bytes);
                Ok(())
            }
            (Duration::ZERO, wait) => Err(OverQuota::Bytes(wait)),
            (wait, _) => Err(OverQuota::Messages(wait)),
        }
    }

    /// A peer's request begins; it ends when the answer drops.
    ///
    /// # Errors
    /// [`OverQuota::InFlight`], or [`OverQuota::Connections`] when the table is full of others.
    pub fn request(&mut self, peer: &PeerId, now: Instant) -> Result<QuotaSlot, OverQuota> {
        let limit = self.limits.in_flight;
        QuotaSlot::take(&self.wire(peer, now)?.requests, limit).map_err(OverQuota::InFlight)
    }

    /// A peer opens a stream; it is closed when the answer drops.
    ///
    /// # Errors
    /// [`OverQuota::Streams`], or [`OverQuota::Connections`] when the table is full of others.
    pub fn stream(&mut self, peer: &PeerId, now: Instant) -> Result<QuotaSlot, OverQuota> {
        let limit = self.limits.streams;
        QuotaSlot::take(&self.wire(peer, now)?.streams, limit).map_err(OverQuota::Streams)
    }

    fn wire(&mut self, peer: &PeerId, now: Instant) -> Result<&mut Wire, OverQuota> {
        let limits = self.limits;
        let new = || Wire {
            messages: Bucket::new(limits.messages, limits.burst, now),
            bytes: Bucket::new(limits.bytes, limits.bytes, now),
            requests: Arc::default(),
            streams: Arc::default(),
        };
        self.peers.get(*peer, now, new).ok_or(OverQuota::Connections)
    }
}

#[derive(Debug)]
struct Accepts {
    bucket: Bucket,
    open: Arc<AtomicU32>,
}

/// The connections that each address opens. libp2p has limits for peers, but a peer id costs nothing.
#[derive(Debug)]
pub struct AcceptQuotas {
    limits: AcceptLimits,
    callers: Table<IpAddr, Accepts>,
}

impl AcceptQuotas {
    /// An empty table.
    #[must_use]
    pub fn new(limits: AcceptLimits) -> Self {
        Self { limits, callers: Table::new(MAX_CALLERS) }
    }

    /// A connection comes in from an address (of IPv6, its /64 counts); it is closed when the answer drops.
    ///
    /// # Errors
    /// [`OverQuota::Accepts`] or [`OverQuota::Connections`].
    pub fn accept(&mut self, address: IpAddr, now: Instant) -> Result<QuotaSlot, OverQuota> {
        let limits = self.limits;
        let new = || Accepts { bucket: Bucket::new(limits.per_second, limits.burst, now), open: Arc::default() };
        let accepts = self.callers.get(caller(address), now, new).ok_or(OverQuota::Connections)?;
        match accepts.bucket.wait(1, now) {
            Duration::ZERO => {}
            wait => return Err(OverQuota::Accepts(wait)),
        }
        let held = QuotaSlot::take(&accepts.open, limits.open).map_err(|_| OverQuota::Connections)?;
        accepts.bucket.take(1);
        Ok(held)
    }
}

/// Whether forgetting a caller would change nothing.
trait Rests {
    fn rests(&mut self, now: Instant) -> bool;
}

impl Rests for Wire {
    fn rests(&mut self, now: Instant) -> bool {
        let none = |count: &AtomicU32| count.load(Ordering::Relaxed) == 0;
        none(&self.requests) && none(&self.streams) && self.messages.is_full(now) && self.bytes.is_full(now)
    }
}

impl Rests for Accepts {
    fn rests(&mut self, now: Instant) -> bool {
        self.open.load(Ordering::Relaxed) == 0 && self.bucket.is_full(now)
    }
}

/// A table with a bound. Only those at rest make room, and it is looked for at most once a second: else each call of
/// a flood would cost a look at the whole table.
#[derive(Debug)]
struct Table<K, V> {
    limit: usize,
    entries: HashMap<K, V>,
    swept: Option<Instant>,
}

impl<K: Hash + Eq, V: Rests> Table<K, V> {
    fn new(limit: usize) -> Self {
        Self { limit, entries: HashMap::new(), swept: None }
    }

    fn get(&mut self, key: K, now: Instant, new: impl FnOnce() -> V) -> Option<&mut V> {
        let due = self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= Duration::from_secs(1));
        if self.entries.len() >= self.limit && due && !self.entries.contains_key(&key) {
            self.swept = Some(now);
            self.entries.retain(|_, entry| !entry.rests(now));
        }
        let full = self.entries.len() >= self.limit;
        match self.entries.entry(key) {
            Entry::Occupied(entry) => Some(entry.into_mut()),
            Entry::Vacant(_) if full => None,
            Entry::Vacant(entry) => Some(entry.insert(new())),
        }
    }
}

#[cfg(test)]
mod tests;
