//! The engine's metrics of one plugin. Handles are made once: a call only adds numbers.

use metrics::{Counter, Gauge, counter, gauge};

pub(crate) struct Meters {
    memory: Gauge,
    running: Gauge,
    idle: Gauge,
    background: Counter,
}

impl Meters {
    pub(crate) fn new(category: &str) -> Self {
        let instances =
            |state: &'static str| gauge!("tandem_instances", "category" => category.to_owned(), "state" => state);
        Self {
            memory: gauge!("tandem_guest_memory_bytes", "category" => category.to_owned()),
            running: instances("running"),
            idle: instances("idle"),
            background: counter!("tandem_background_calls_total", "category" => category.to_owned()),
        }
    }

    /// A call goes on in the background class.
    pub(crate) fn demoted(&self) {
        self.background.increment(1);
    }

    /// `peak` is the most memory that the call's instance held.
    pub(crate) fn record(&self, peak: usize) {
        self.memory.set(peak as f64);
    }

    /// A new instance, for a call.
    pub(crate) fn instance(&self) -> Counted {
        self.running.increment(1);
        Counted { now: self.running.clone(), other: self.idle.clone() }
    }
}

/// One instance in the gauges, for as long as it lives.
pub(crate) struct Counted {
    now: Gauge,
    other: Gauge,
}

impl Counted {
    /// From running to idle, or back.
    pub(crate) fn switch(&mut self) {
        self.now.decrement(1);
        self.other.increment(1);
        std::mem::swap(&mut self.now, &mut self.other);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.now.decrement(1);
    }
}
