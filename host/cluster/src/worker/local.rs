//! The tools of this host with the slots in which they run as tasks.

use std::sync::Arc;

use tandem_types::Caller;

use super::{capacity::CapacityOverride, slots::WorkerSlots};
use crate::{
    peers::Capabilities,
    tools::{ToolInfo, Tools},
};

/// See the module.
pub(crate) struct LocalWorker {
    pub(crate) tools: Arc<dyn Tools>,
    pub(crate) slots: WorkerSlots,
    /// What the operator lets it advertise.
    pub(crate) capacity_override: CapacityOverride,
    name: Option<String>,
}

impl LocalWorker {
    pub(crate) fn new(tools: Arc<dyn Tools>, capacity: u32, name: Option<String>) -> Self {
        let slots = WorkerSlots::new(capacity);
        Self { tools, slots, capacity_override: CapacityOverride::default(), name }
    }

    /// The tools that a caller's tasks may call here.
    pub(crate) fn task_tools(&self, caller: &Caller) -> Vec<String> {
        self.tools.list(caller).into_iter().filter(|tool| !tool.local).map(|tool| tool.name).collect()
    }

    /// A tool that tasks may call here, whoever submitted them.
    pub(crate) fn task_tool(&self, tool: &str) -> Option<ToolInfo> {
        self.tools.info(&Caller::local(), tool).filter(|info| !info.local)
    }

    /// What this host offers to run for a caller.
    pub(crate) fn capabilities(&self, caller: &Caller) -> Capabilities {
        let slots = &self.slots;
        let mut all = Capabilities {
            name: self.name.clone(),
            capacity: slots.capacity(),
            free: slots.free_capacity(),
            draining: slots.is_draining(),
            ..Capabilities::default()
        };
        for info in self.tools.list(caller).into_iter().filter(|info| !info.local) {
            if info.repeatable {
                all.repeatable.push(info.name.clone());
            }
            all.tools.push(info.name);
        }
        self.capacity_override.apply(all)
    }
}
