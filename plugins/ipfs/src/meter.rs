//! What a call has moved and visited so far; stops it at the bounds and when it is cancelled.

use std::cell::Cell;

use tandem_sdk::prelude::Ctx;

use crate::{
    fault::{Fault, Result},
    limits::{CHECK_EVERY, MAX_CONTENT_BYTES, MAX_RATIO, MAX_VISITS, PROGRESS_BYTES, RATIO_FREE_BYTES},
};

pub(crate) struct Meter<'a> {
    ctx: &'a Ctx,
    moved: Cell<u64>,
    reported: Cell<u64>,
    visits: Cell<u64>,
    steps: Cell<u64>,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(ctx: &'a Ctx) -> Self {
        Self { ctx, moved: Cell::new(0), reported: Cell::new(0), visits: Cell::new(0), steps: Cell::new(0) }
    }

    /// Bytes of content were packed or written.
    pub(crate) fn content(&self, bytes: usize) -> Result<()> {
        let moved = self.moved.get().saturating_add(bytes as u64);
        self.moved.set(moved);
        if moved > MAX_CONTENT_BYTES {
            return Err(Fault::Limit(format!(
                "the files have more than {MAX_CONTENT_BYTES} bytes, the bound of a call"
            )));
        }
        if moved - self.reported.get() >= PROGRESS_BYTES {
            self.reported.set(moved);
            self.ctx.progress(moved as f64, None, "bytes");
            self.check()?;
        }
        Ok(())
    }

    /// Bytes came out of a CAR of `of` bytes.
    pub(crate) fn expanded(&self, bytes: usize, of: u64) -> Result<()> {
        self.content(bytes)?;
        let moved = self.moved.get();
        if moved > RATIO_FREE_BYTES && moved / of.max(1) > MAX_RATIO {
            return Err(Fault::Limit(format!(
                "the DAG expands more than {MAX_RATIO} times ({moved} bytes out of {of}): it looks like a decompression bomb"
            )));
        }
        Ok(())
    }

    /// A node of a DAG is visited.
    pub(crate) fn visit(&self) -> Result<()> {
        self.visits.set(self.visits.get() + 1);
        if self.visits.get() > MAX_VISITS {
            return Err(Fault::Limit(format!(
                "the DAG has more than {MAX_VISITS} nodes, counted each time that they are linked: it looks like a decompression bomb"
            )));
        }
        self.step()
    }

    /// Looks now and then whether the call was given up.
    pub(crate) fn step(&self) -> Result<()> {
        self.steps.set(self.steps.get().wrapping_add(1));
        if self.steps.get().is_multiple_of(CHECK_EVERY) { self.check() } else { Ok(()) }
    }

    /// Stops a call that was given up.
    pub(crate) fn check(&self) -> Result<()> {
        if self.ctx.cancelled() { Err(Fault::Cancelled) } else { Ok(()) }
    }
}
