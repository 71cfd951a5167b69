//! The engine's metrics of one plugin. Handles are made once: a call only adds numbers.

use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};

pub(crate) struct Meters {
    cpu: Counter,
    memory: Gauge,
}

impl Meters {
    pub(crate) fn new(category: &str) -> Self {
        Self {
            cpu: counter!("tandem_guest_cpu_milliseconds_total", "category" => category.to_owned()),
            memory: gauge!("tandem_guest_memory_bytes", "category" => category.to_owned()),
        }
    }

    /// `peak` is the most memory that the call's instance held.
    pub(crate) fn record(&self, cpu: Duration, peak: usize) {
        let ms = u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX);
        if ms > 0 {
            self.cpu.increment(ms);
        }
        self.memory.set(peak as f64);
    }
}
