//! What a call has read and expanded so far; stops it at the bounds and when it is cancelled.

use std::cell::Cell;

use tandem_sdk::prelude::Ctx;

use crate::{
    fault::{Fault, Result},
    limits::{MAX_EXPANDED_BYTES, MAX_RATIO, PROGRESS_BYTES, RATIO_FREE_BYTES},
};

pub(crate) struct Meter<'a> {
    ctx: &'a Ctx,
    archive_bytes: Cell<u64>,
    expanded: Cell<u64>,
    reported: Cell<u64>,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(ctx: &'a Ctx) -> Self {
        Self { ctx, archive_bytes: Cell::new(0), expanded: Cell::new(0), reported: Cell::new(0) }
    }

    /// Bytes of the archive were read.
    pub(crate) fn read(&self, bytes: usize) {
        self.archive_bytes.set(self.archive_bytes.get().saturating_add(bytes as u64));
    }

    /// Bytes came out of a decoder.
    pub(crate) fn expand(&self, bytes: usize) -> Result<()> {
        let expanded = self.moved(bytes)?;
        let archive = self.archive_bytes.get().max(1);
        if expanded > RATIO_FREE_BYTES && expanded / archive > MAX_RATIO {
            return Err(Fault::Limit(format!(
                "the archive expands more than {MAX_RATIO} times ({expanded} bytes out of {archive}): it looks like a decompression bomb"
            )));
        }
        Ok(())
    }

    /// Bytes of files were read to be packed, or came out of a decoder.
    pub(crate) fn moved(&self, bytes: usize) -> Result<u64> {
        let expanded = self.expanded.get().saturating_add(bytes as u64);
        self.expanded.set(expanded);
        if expanded > MAX_EXPANDED_BYTES {
            return Err(Fault::Limit(format!(
                "the files have more than {MAX_EXPANDED_BYTES} bytes, the bound of a call"
            )));
        }
        if expanded - self.reported.get() >= PROGRESS_BYTES {
            self.reported.set(expanded);
            self.ctx.progress(expanded as f64, None, "bytes");
            self.check()?;
        }
        Ok(expanded)
    }

    /// Stops a call that was given up.
    pub(crate) fn check(&self) -> Result<()> {
        if self.ctx.cancelled() { Err(Fault::Cancelled) } else { Ok(()) }
    }

    /// Bytes that came out so far.
    pub(crate) fn expanded(&self) -> u64 {
        self.expanded.get()
    }
}
