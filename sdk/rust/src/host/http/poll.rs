//! Waits for what the host gives, until a time.

use wasip2::clocks::monotonic_clock;
use wasip2::io::poll::{self, Pollable};

/// Waits for one of several, until a time; answers whether one of them is ready.
pub(super) fn wait(wakers: &[Pollable], until: Option<u64>) -> bool {
    let timer = until.map(monotonic_clock::subscribe_instant);
    let all: Vec<&Pollable> = wakers.iter().chain(&timer).collect();
    poll::poll(&all).into_iter().any(|at| (at as usize) < wakers.len())
}
