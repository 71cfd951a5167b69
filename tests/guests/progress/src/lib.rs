//! A plugin that reports progress: until it is cancelled, or whatever the client says.

use std::thread;
use std::time::Duration;

use tandem_sdk::prelude::*;

/// Between two reports.
const STEP: Duration = Duration::from_millis(10);

#[derive(Debug)]
struct Progress;

#[tools]
impl Progress {
    /// Reports a number of times, and answers how many.
    #[tool(read_only, idempotent)]
    fn progress_steps(
        ctx: &Ctx,
        /// How many reports.
        steps: u32,
    ) -> u32 {
        for step in 1..=steps {
            ctx.progress(step.into(), Some(steps.into()), format!("step {step}"));
            thread::sleep(STEP);
        }
        steps
    }

    /// Reports until the call is cancelled.
    #[tool(read_only)]
    fn progress_until_cancelled(ctx: &Ctx) -> Result<()> {
        for step in 1_u32.. {
            ctx.check()?;
            ctx.progress(step.into(), None, "");
            thread::sleep(STEP);
        }
        Ok(())
    }

    /// Reports without end, and never looks whether it is cancelled.
    #[tool(read_only)]
    fn progress_endlessly(ctx: &Ctx) {
        for step in 1_u64.. {
            ctx.progress(step as f64, None, "");
        }
    }

    /// Reports what no client can use: less than before, more than all, and no numbers.
    #[tool(read_only)]
    fn progress_wrong(ctx: &Ctx) -> &'static str {
        for done in [5.0, 3.0, -1.0, f64::NAN, f64::INFINITY, 20.0] {
            ctx.progress(done, Some(10.0), "");
        }
        "reported"
    }

    /// Tells what is left of the deadline, in milliseconds.
    #[tool(read_only)]
    fn progress_remaining(ctx: &Ctx) -> Result<u64> {
        Ok(u64::try_from(ctx.remaining().as_millis())?)
    }
}

tandem_sdk::export!(Progress);
