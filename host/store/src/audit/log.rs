//! What the store keeps for its log.

use std::{
    io,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::sync::Semaphore;

use super::{chain::AuditKey, losses::Losses, numbers::millis, retention::AuditRetention, write::WriteOptions};
use crate::limits::QUEUE;

/// Appends that may wait for the disk: half of the store's queue, so that a storm of calls leaves the other
/// half to plugins' own writes.
pub const MAX_WAITING: usize = QUEUE / 2;

/// What the store keeps for its log.
#[derive(Debug)]
pub(crate) struct AuditLog {
    pub(super) key: AuditKey,
    pub(super) waiting: Arc<Semaphore>,
    pub(super) losses: Losses,
    /// Milliseconds since 1970.
    pub(super) clock: fn() -> u64,
}

impl AuditLog {
    /// The log of this store.
    pub(crate) fn open(store: &Path) -> io::Result<Self> {
        let key = AuditKey::open(store)?;
        let losses = Losses::open(store, &key);
        Ok(Self { key, waiting: Arc::new(Semaphore::new(MAX_WAITING)), losses, clock: now })
    }

    pub(super) fn options(&self, retention: AuditRetention) -> WriteOptions<'_> {
        WriteOptions { key: &self.key, retention, now: (self.clock)() }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}
