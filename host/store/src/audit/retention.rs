//! How much of the log is kept.

use std::time::Duration;

/// How much of the log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditRetention {
    /// Older records are dropped. A time without records counts as a day at most.
    pub keep: Duration,
    /// The oldest records are dropped when all of them take more.
    pub max_bytes: u64,
}

impl Default for AuditRetention {
    fn default() -> Self {
        Self { keep: Duration::from_secs(90 * 24 * 3600), max_bytes: 1 << 30 }
    }
}
