//! What a call has read so far; stops it at the bounds and when it is cancelled.

use std::cell::Cell;

use tandem_sdk::prelude::Ctx;

use crate::{
    fault::{Fault, Result},
    limits::MAX_CONTENT_BYTES,
};

pub(crate) struct Meter<'a> {
    ctx: &'a Ctx,
    expanded: Cell<usize>,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(ctx: &'a Ctx) -> Self {
        Self { ctx, expanded: Cell::new(0) }
    }

    /// Content of a page was expanded.
    pub(crate) fn expand(&self, bytes: usize) -> Result<()> {
        let expanded = self.expanded.get().saturating_add(bytes);
        self.expanded.set(expanded);
        if expanded > MAX_CONTENT_BYTES {
            return Err(Fault::Limit(format!(
                "the pages have more than {MAX_CONTENT_BYTES} bytes of content, the bound of a call: ask for fewer `pages`"
            )));
        }
        Ok(())
    }

    /// A file is begun; stops a call that was given up.
    pub(crate) fn step(&self, done: usize, all: usize) -> Result<()> {
        self.ctx.progress(done as f64, Some(all as f64), "files");
        if self.ctx.cancelled() { Err(Fault::Cancelled) } else { Ok(()) }
    }

    /// A page is done; stops a call that was given up.
    pub(crate) fn page(&self, done: usize, all: usize) -> Result<()> {
        // A call every page would cost more than the page where pages are short.
        if done.is_multiple_of(16) {
            self.ctx.progress(done as f64, Some(all as f64), "pages");
            if self.ctx.cancelled() {
                return Err(Fault::Cancelled);
            }
        }
        Ok(())
    }
}
