//! A circuit breaker for each category: after a run of failures that are not the caller's, calls are refused for
//! a while, then one is let through to see.
//!
//! What counts: traps, timeouts, bad output, the host's own faults. A tool's own error, a denied or invalid call
//! and a hit limit do not: they say nothing about whether the next call will work.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Failures in a row that open the circuit.
const THRESHOLD: u32 = 10;
/// How long it stays open. Doubled each time the probe fails, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A circuit's state, the better first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Circuit {
    /// Calls run.
    #[default]
    Closed,
    /// One call is let through to see.
    HalfOpen,
    /// Calls are refused.
    Open,
}

impl Circuit {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }
}

/// Closed, open until a time, or half open with one probe under way.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    failures: u32,
    open_until: Option<Instant>,
    pause: Duration,
    probing: bool,
}

impl Breaker {
    /// Whether a call may run; else how long to wait.
    pub(crate) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match inner.open_until {
            None => Ok(()),
            Some(until) if now < until => Err(until - now),
            Some(_) => {
                // Should the probe vanish without a verdict (its client went away), the next may be made after
                // the same pause.
                inner.probing = true;
                inner.open_until = Some(now + inner.pause);
                Ok(())
            }
        }
    }

    /// A call ended in a way that says nothing about the category: a probe that was under way may be made again.
    pub(crate) fn neutral(&self, now: Instant) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.probing {
            inner.probing = false;
            inner.open_until = Some(now);
        }
    }

    pub(crate) fn success(&self) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.failures > 0 || inner.open_until.is_some() {
            *inner = Inner::default();
        }
    }

    pub(crate) fn failure(&self, now: Instant) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.failures = inner.failures.saturating_add(1);
        if inner.probing || inner.failures == THRESHOLD {
            inner.pause = if inner.probing { (inner.pause * 2).min(LONGEST_PAUSE) } else { FIRST_PAUSE };
            inner.open_until = Some(now + inner.pause);
            inner.probing = false;
        }
    }

    pub(crate) fn state(&self, now: Instant) -> Circuit {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).open_until {
            None => Circuit::Closed,
            Some(until) if now < until => Circuit::Open,
            Some(_) => Circuit::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_a_run_of_failures_and_closes_after_a_good_probe() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        for _ in 0..THRESHOLD - 1 {
            breaker.failure(start);
        }
        assert_eq!(breaker.admit(start), Ok(()));
        breaker.failure(start);
        assert_eq!(breaker.admit(start), Err(FIRST_PAUSE));
        let later = start + FIRST_PAUSE;
        assert_eq!(breaker.admit(later), Ok(()), "one probe");
        assert!(breaker.admit(later).is_err(), "only one");
        breaker.failure(later);
        assert_eq!(breaker.admit(later), Err(FIRST_PAUSE * 2));
        let later = later + FIRST_PAUSE * 2;
        assert_eq!(breaker.admit(later), Ok(()));
        breaker.success();
        assert_eq!(breaker.state(later), Circuit::Closed);
    }

    #[test]
    fn a_success_ends_a_run_of_failures() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..THRESHOLD * 3 {
            breaker.failure(now);
            breaker.success();
        }
        assert_eq!(breaker.admit(now), Ok(()));
    }
}
