//! When a call has to end.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use crate::fault::Fault;

/// Looks at the clock once in so many steps: a look is a call of the host.
const STEPS: u32 = 256;

/// A deadline that code inside of the engine looks at. It also keeps why that code stopped the engine, whose own errors are text.
#[derive(Debug)]
pub(crate) struct Clock {
    until: Instant,
    timeout_ms: u32,
    steps: Cell<u32>,
    stopped_by: RefCell<Option<Fault>>,
}

impl Clock {
    pub(crate) fn new(timeout_ms: u32) -> Self {
        let until = Instant::now() + Duration::from_millis(u64::from(timeout_ms));
        Self { until, timeout_ms, steps: Cell::new(0), stopped_by: RefCell::new(None) }
    }

    /// One step of work was done.
    pub(crate) fn step(&self) -> Result<(), graphitesql::Error> {
        let steps = self.steps.get().wrapping_add(1);
        self.steps.set(steps);
        if steps.is_multiple_of(STEPS) { self.check() } else { Ok(()) }
    }

    /// Stops where the time is over.
    pub(crate) fn check(&self) -> Result<(), graphitesql::Error> {
        if Instant::now() < self.until {
            return Ok(());
        }
        Err(self.stop(Fault::Limit(format!(
            "stopped after `timeout_ms` = {}: narrow the query with WHERE or join on equal columns, or allow more time",
            self.timeout_ms
        ))))
    }

    /// Keeps a fault while an error of the engine carries the news of it to the call.
    pub(crate) fn stop(&self, fault: Fault) -> graphitesql::Error {
        let text = fault.to_string();
        self.stopped_by.borrow_mut().get_or_insert(fault);
        graphitesql::Error::Io(text)
    }

    /// What stopped the engine, if code of ours did.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.stopped_by.borrow_mut().take()
    }
}
