//! The call that is being served.

use tandem_sdk::prelude::*;

/// A call that reports its progress by documents, or by the parts of its one document.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    ctx: &'a Ctx,
    parts: bool,
}

impl<'a> Call<'a> {
    /// A call for one document.
    pub(crate) fn of_one(ctx: &'a Ctx) -> Self {
        Self { ctx, parts: true }
    }

    /// A call for several, whose own count must not be mixed with one of slides or rows.
    pub(crate) fn of_many(ctx: &'a Ctx) -> Self {
        Self { ctx, parts: false }
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.ctx.check()
    }

    /// Tells how far the one document is.
    pub(crate) fn progress(&self, done: f64, total: Option<f64>, what: &str) {
        if self.parts {
            self.ctx.progress(done, total, what);
        }
    }
}
