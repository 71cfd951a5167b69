//! The memory limit of one instance: the sum over all of its memories and tables.
//!
//! Wasmtime's own limits are per memory, so a guest with two memories would get twice its share.
//!
//! A guest that grows beyond [`LARGE`] goes on in the background class, and with a turn: one bulk instruction over such a memory
//! holds its thread for longer than a tick, and before its first tick a call has no turn yet.

use std::sync::Arc;

use wasmtime::ResourceLimiterAsync;

use crate::{
    account::{Account, Exhausted},
    cpu::CpuMeter,
};

/// What a table element costs the host.
const ELEMENT_BYTES: usize = 16;
/// Core instances, tables and memories in one store: the pool's own bounds are per component.
const MAX_INSTANCES: usize = 64;
const MAX_TABLES: usize = 32;
const MAX_MEMORIES: usize = 8;
/// Memory that one bulk instruction fills within about a tick, fresh pages included. Calls that fill 240 MiB each, on all threads
/// at once, kept others waiting for 0.1 s and more.
const LARGE: usize = 16 << 20;

/// Counts what an instance holds and refuses growth beyond `max`.
pub(crate) struct MemoryLimit {
    max: usize,
    used: usize,
    peak: usize,
    refused: bool,
    account: Option<Arc<dyn Account>>,
    cpu: Option<Arc<CpuMeter>>,
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
            cpu: None,
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
    pub(crate) fn arm(&mut self, account: Arc<dyn Account>, cpu: Arc<CpuMeter>) -> Result<(), Exhausted> {
        self.refused = false;
        self.exhausted = None;
        self.disarm();
        account.grow(self.used as u64)?;
        self.account = Some(account);
        self.cpu = Some(cpu);
        Ok(())
    }

    /// Ends a call: an instance that waits for its next one is nobody's.
    pub(crate) fn disarm(&mut self) {
        self.cpu = None;
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

#[async_trait::async_trait]
impl ResourceLimiterAsync for MemoryLimit {
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = self.grow(current, desired, maximum);
        if grown
            && self.used > LARGE
            && let Some(cpu) = &self.cpu
        {
            if cpu.demote() {
                tokio::task::yield_now().await;
            }
            if let Some(turn) = cpu.first_turn() {
                cpu.take_turn(turn.await);
            }
        }
        Ok(grown)
    }

    async fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
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
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use futures::future::BoxFuture;

    use super::*;
    use crate::account::{Descriptors, Turn, Unmetered, Use};

    #[tokio::test]
    async fn memories_and_tables_share_one_limit() {
        let mut limit = MemoryLimit::new(1000);
        assert!(limit.memory_growing(0, 600, None).await.unwrap());
        assert!(!limit.memory_growing(0, 600, None).await.unwrap(), "a second memory has what the first one left");
        assert!(limit.refused());
        assert!(limit.table_growing(0, 25, None).await.unwrap(), "25 elements are 400 bytes");
        assert!(!limit.table_growing(25, 26, None).await.unwrap());
        assert_eq!(limit.peak(), 1000);
    }

    #[tokio::test]
    async fn a_guests_own_maximum_is_not_our_refusal() {
        let mut limit = MemoryLimit::new(1000);
        assert!(!limit.memory_growing(0, 200, Some(100)).await.unwrap());
        assert!(!limit.refused());
    }

    /// Counts the turns that are asked for.
    #[derive(Default)]
    struct Turns(AtomicU32);

    impl Account for Turns {
        fn turn(&self) -> Option<BoxFuture<'static, Turn>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Some(Box::pin(async { Box::new(()) as Turn }))
        }

        fn cpu(&self, time: Duration) -> Result<(), Exhausted> {
            Unmetered.cpu(time)
        }

        fn grow(&self, bytes: u64) -> Result<(), Exhausted> {
            Unmetered.grow(bytes)
        }

        fn shrink(&self, bytes: u64) {
            Unmetered.shrink(bytes);
        }

        fn log(&self, bytes: u64) -> bool {
            Unmetered.log(bytes)
        }

        fn egress(&self, bytes: u64) -> Result<(), Exhausted> {
            Unmetered.egress(bytes)
        }

        fn descriptors(&self, count: u32) -> Result<Descriptors, Exhausted> {
            Unmetered.descriptors(count)
        }

        fn used(&self, capability: Use) {
            Unmetered.used(capability);
        }

        fn denied(&self, capability: Use, what: &str) {
            Unmetered.denied(capability, what);
        }
    }

    #[tokio::test]
    async fn a_guest_with_a_large_memory_has_a_turn_before_it_computes_on() {
        let (turns, mut limit) = (Arc::new(Turns::default()), MemoryLimit::new(64 << 20));
        let cpu = CpuMeter::new(turns.clone(), Duration::from_secs(1));
        limit.arm(turns.clone(), cpu.clone()).unwrap();
        let asked = || turns.0.load(Ordering::Relaxed);
        assert!(limit.memory_growing(0, LARGE, None).await.unwrap());
        assert_eq!(asked(), 0, "what is small waits for nobody");
        assert!(limit.memory_growing(LARGE, LARGE + 65_536, None).await.unwrap());
        assert_eq!(asked(), 1);
        assert!(limit.memory_growing(LARGE + 65_536, LARGE + 131_072, None).await.unwrap());
        assert_eq!(asked(), 1, "it has one");
        cpu.give_turn_back();
        assert!(!limit.memory_growing(LARGE + 131_072, 65 << 20, None).await.unwrap());
        assert_eq!(asked(), 1, "what is refused computes nothing");
        assert!(limit.memory_growing(LARGE + 131_072, LARGE + 196_608, None).await.unwrap());
        assert_eq!(asked(), 2);
    }
}
