//! What a host advertises instead of all that it can run.
//!
//! **Bounds.** One override, which expires by itself.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::peers::{Capabilities, MAX_TTL};

/// What the operator leaves of the capabilities.
#[derive(Debug)]
struct Override {
    tools: Option<Vec<String>>,
    capacity: Option<u32>,
    until: Instant,
}

/// The override that is in force, if one is.
#[derive(Default)]
pub(crate) struct CapacityOverride(Mutex<Option<Override>>);

impl CapacityOverride {
    /// From now on, until its time is over or another one comes, only these tools and no more than this capacity are offered.
    pub(crate) fn set(&self, tools: Option<Vec<String>>, capacity: Option<u32>, ttl: Duration) {
        let until = Instant::now() + ttl.min(MAX_TTL);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Override { tools, capacity, until });
    }

    /// What is offered of what there is.
    pub(super) fn apply(&self, mut all: Capabilities) -> Capabilities {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        current.take_if(|current| current.until <= Instant::now());
        let Some(current) = &*current else { return all };
        if let Some(tools) = &current.tools {
            all.tools.retain(|tool| tools.contains(tool));
            all.repeatable.retain(|tool| tools.contains(tool));
        }
        all.capacity = current.capacity.unwrap_or(u32::MAX).min(all.capacity);
        all.free = all.free.min(all.capacity);
        all
    }
}
