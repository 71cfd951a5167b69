//! A plugin that computes without end: the CPU budget or the deadline stops it, and no other call waits.

use std::hint;
use std::time::{Duration, Instant};

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct Spin;

#[tools]
impl Spin {
    /// Computes without end.
    #[tool(read_only)]
    fn spin() {
        loop {
            hint::spin_loop();
        }
    }

    /// Computes for a while, and answers how often it went round.
    #[tool(read_only)]
    fn spin_ms(
        /// Milliseconds.
        ms: u32,
    ) -> u64 {
        let (start, length) = (Instant::now(), Duration::from_millis(ms.into()));
        let mut rounds = 0;
        while start.elapsed() < length {
            rounds += 1;
        }
        rounds
    }
}

tandem_sdk::export!(Spin);
