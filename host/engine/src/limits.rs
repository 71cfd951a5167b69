//! The memory limit of one instance: the sum over all of its memories and tables.
//!
//! Wasmtime's own limits are per memory, so a guest with two memories would get twice its share.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::account::{Account, Exhausted};

/// What a table element costs the host.
const ELEMENT_BYTES: usize = 16;
/// Core instances, tables and memories in one store: the pool's own bounds are per component.
const MAX_INSTANCES: usize = 64;
const MAX_TABLES: usize = 32;
const MAX_MEMORIES: usize = 8;

/// Counts what an instance holds and refuses growth beyond `max`.
pub(crate) struct MemoryLimit {
    max: usize,
    used: usize,
    peak: usize,
    refused: bool,
    account: Option<Arc<dyn Account>>,
    exhausted: Option<Exhausted>,
}

impl MemoryLimit {
    pub(crate) fn new(max: u64) -> Self {
        Self {
            max: usize::try_from(max).unwrap_or(usize::MAX),
            used: 0,
            peak: 0,
            refused: false,
            account: None,
            exhausted: None,
        }
    }

    /// Whether growth was refused since the last [`Self::arm`]: a guest that traps after that ran out of memory.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    /// The total that refused growth since the last [`Self::arm`].
    pub(crate) fn exhausted(&self) -> Option<&Exhausted> {
        self.exhausted.as_ref()
    }

    /// Begins a call: what the instance holds already is charged to its account.
    pub(crate) fn arm(&mut self, account: Arc<dyn Account>) -> Result<(), Exhausted> {
        self.refused = false;
        self.exhausted = None;
        self.disarm();
        account.grow(self.used as u64)?;
        self.account = Some(account);
        Ok(())
    }

    /// Ends a call: an instance that waits for its next one is nobody's.
    pub(crate) fn disarm(&mut self) {
        if let Some(account) = self.account.take() {
            account.shrink(self.used as u64);
        }
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }

    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> bool {
        let total = self.used.saturating_add(desired.saturating_sub(current));
        if maximum.is_some_and(|m| desired > m) {
            return false;
        }
        if total > self.max {
            self.refused = true;
            return false;
        }
        if let Some(account) = &self.account
            && let Err(exhausted) = account.grow((total - self.used) as u64)
        {
            self.exhausted = Some(exhausted);
            return false;
        }
        self.used = total;
        self.peak = self.peak.max(total);
        true
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        self.disarm();
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.grow(current, desired, maximum))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|m| desired > m) {
            return Ok(false);
        }
        Ok(self.grow(current.saturating_mul(ELEMENT_BYTES), desired.saturating_mul(ELEMENT_BYTES), None))
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_limit() {
        let mut limit = MemoryLimit::new(1000);
        assert!(limit.memory_growing(0, 600, None).unwrap());
        assert!(!limit.memory_growing(0, 600, None).unwrap(), "a second memory has what the first one left");
        assert!(limit.refused());
        assert!(limit.table_growing(0, 25, None).unwrap(), "25 elements are 400 bytes");
        assert!(!limit.table_growing(25, 26, None).unwrap());
        assert_eq!(limit.peak(), 1000);
    }

    #[test]
    fn a_guests_own_maximum_is_not_our_refusal() {
        let mut limit = MemoryLimit::new(1000);
        assert!(!limit.memory_growing(0, 200, Some(100)).unwrap());
        assert!(!limit.refused());
    }
}
