//! How far a call is, whether it should stop, and how much it may hold.
//!
//! Sources count the bytes that they read; between batches they call [`Meter::tick`], which looks whether the call was
//! cancelled and tells the client how far it is. Steps that must keep rows take them from one [`Budget`] per call.

use std::{
    cell::Cell,
    fmt,
    io::{self, Read},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::error::{Error, Result};

/// Progress goes out at most once per this many bytes: often enough for a bar, rare enough to cost nothing.
const REPORT_EVERY: u64 = 1 << 20;

/// All rows, groups and keys that sort, join, group, distinct and median hold together. The guest has 64 MiB; a third
/// is left to the code's data, read buffers and the allocator's slack, and a third to encoders and the answer.
pub const MAX_HELD_BYTES: usize = 24 << 20;

/// What the allocator adds to a block, for estimates.
pub const BLOCK_OVERHEAD: usize = 16;

/// The caller's side of a running call.
pub trait Watch {
    /// Whether the caller gave the call up.
    fn cancelled(&self) -> bool;
    /// `done` of about `total` bytes are read.
    fn progress(&self, done: u64, total: u64);
}

/// A [`Watch`] that never stops and tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn cancelled(&self) -> bool {
        false
    }

    fn progress(&self, _done: u64, _total: u64) {}
}

/// Counts what a call reads, over all its sources and passes.
pub struct Meter<'a> {
    watch: &'a dyn Watch,
    read: Arc<AtomicU64>,
    expected: Cell<u64>,
    reported: Cell<u64>,
}

impl<'a> Meter<'a> {
    /// A meter that reports to `watch`.
    pub fn new(watch: &'a dyn Watch) -> Self {
        Self { watch, read: Arc::default(), expected: Cell::new(0), reported: Cell::new(0) }
    }

    /// Announces that another `bytes` will be read.
    pub fn expect(&self, bytes: u64) {
        self.expected.set(self.expected.get().saturating_add(bytes));
    }

    /// The counter that readers add to.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    /// Called between batches.
    pub fn tick(&self) -> Result<()> {
        if self.watch.cancelled() {
            return Err(Error::Cancelled);
        }
        let (total, read) = (self.expected.get(), self.read.load(Ordering::Relaxed));
        let done = read.min(total);
        if done >= self.reported.get().saturating_add(REPORT_EVERY) {
            self.reported.set(done);
            self.watch.progress(done, total);
        }
        Ok(())
    }
}

/// A reader that counts.
#[derive(Debug)]
pub struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    /// Counts what is read of `inner` into `read`.
    pub fn new(inner: R, read: Arc<AtomicU64>) -> Self {
        Self { inner, read }
    }

    /// What is read from.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// What was read from.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// What the steps of one call may hold together.
#[derive(Debug, Clone, Default)]
pub struct Budget(Rc<Cell<usize>>);

impl Budget {
    /// Takes `bytes`, or says which step asked for too much and what would help.
    pub fn take(&self, bytes: usize, step: &str) -> Result<()> {
        let held = self.0.get().saturating_add(bytes);
        if held > MAX_HELD_BYTES {
            return Err(Error::Bound(format!(
                "`{step}` would hold more than {} MiB, the bound for rows that a call keeps in memory: filter rows or \
                 select fewer columns before it",
                MAX_HELD_BYTES >> 20
            )));
        }
        self.0.set(held);
        Ok(())
    }

    /// Gives `bytes` back.
    pub fn give(&self, bytes: usize) {
        self.0.set(self.0.get().saturating_sub(bytes));
    }
}

impl fmt::Debug for Meter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("read", &self.read).field("expected", &self.expected).finish_non_exhaustive()
    }
}
