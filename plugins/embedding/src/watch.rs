//! Reports how far a call is, and stops it when it was given up.

use tandem_sdk::prelude::Ctx;

use crate::{
    fault::{Fault, Result},
    limits::ROWS_PER_CHECK,
};

pub(crate) struct Watch<'a> {
    ctx: &'a Ctx,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(ctx: &'a Ctx) -> Self {
        Self { ctx }
    }

    /// One more row or piece is done; `done` counts them.
    pub(crate) fn tick(&self, done: u64, what: &str) -> Result<()> {
        if done > 0 && done.is_multiple_of(ROWS_PER_CHECK) {
            self.ctx.progress(done as f64, None, what);
            self.check()?;
        }
        Ok(())
    }

    /// Stops a call that was given up.
    pub(crate) fn check(&self) -> Result<()> {
        if self.ctx.cancelled() { Err(Fault::Cancelled) } else { Ok(()) }
    }
}
