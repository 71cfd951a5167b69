//! How much the book keeps.

use std::time::Duration;

/// Bans that are remembered. A new id costs nothing, so a longer list would hold no one off.
pub const MAX_BANS: usize = 1_000;
/// Addresses of a peer beside those that it signed.
pub const MAX_HINTS: usize = 8;

/// How many peers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookLimits {
    /// In all.
    pub peers: usize,
    /// Strangers of one /24 or /48 that never were connected, and as many that were.
    pub per_subnet: usize,
    /// For how long a peer is kept that is not heard of, unless its record says longer.
    pub ttl: Duration,
}

impl Default for BookLimits {
    fn default() -> Self {
        Self { peers: 5_000, per_subnet: 32, ttl: Duration::from_secs(30 * 60) }
    }
}
