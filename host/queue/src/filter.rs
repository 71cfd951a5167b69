//! Lists, figures and retention.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{TaskState, Timestamp, WorkflowId};

/// Which tasks of a tenant; what is none or empty does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Whose.
    pub tenant: String,
    /// In one of these states.
    pub states: Vec<TaskState>,
    /// In this queue.
    pub queue: Option<String>,
    /// Of this tool.
    pub tool: Option<String>,
    /// With this label.
    pub tag: Option<String>,
    /// That this worker has or had last.
    pub worker: Option<String>,
    /// Of this workflow.
    pub workflow: Option<WorkflowId>,
}

/// Where a list goes on: opaque, stable while rows come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub u64);

/// A part of a list, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The rows. With a filter that matches little there may be fewer than asked for, and still a cursor; never none.
    pub rows: Vec<T>,
    /// Where the next page starts; none at the end.
    pub next: Option<Cursor>,
    /// How many match in all.
    pub total: u64,
    /// Whether it is so many exactly; else there are at least so many. By state, queue and tool it always is.
    pub total_is_exact: bool,
}

/// Whose figures.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One tenant's.
    Tenant(String),
    /// Everyone's, for the operator.
    All,
}

/// Figures of the queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct QueueStats {
    /// Tasks in each state that has any.
    pub states: BTreeMap<TaskState, u64>,
    /// For each tool, tasks in each state.
    pub by_tool: BTreeMap<String, BTreeMap<TaskState, u64>>,
    /// For each priority, tasks that wait or run.
    pub by_priority: BTreeMap<u8, u64>,
    /// Since when the oldest ready task waits.
    pub oldest_ready: Option<Timestamp>,
    /// Tasks that ended, well or not, in the last 60 whole seconds.
    pub ended_last_minute: u64,
    /// Queues that are paused.
    pub paused: Vec<String>,
}

impl QueueStats {
    /// Tasks in a state.
    #[must_use]
    pub fn count(&self, state: TaskState) -> u64 {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// Tasks that wait, for their time or for a worker.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.states.iter().filter(|(state, _)| state.is_queued()).map(|(_, count)| count).sum()
    }
}

/// Ready tasks that no worker tells apart: who may claim one may claim all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyLane {
    /// Whose.
    pub tenant: String,
    /// Their queue.
    pub queue: String,
    /// The tool to call.
    pub tool: String,
    /// The only peer that may run them.
    pub target_peer: Option<String>,
    /// Their priority.
    pub priority: u8,
    /// How many there are.
    pub tasks: u64,
    /// How many of them are ready since before the time that was asked about; at most [`MAX_COUNT`](super::MAX_COUNT).
    pub long: u64,
    /// Since when the oldest one is ready.
    pub oldest: Timestamp,
}

/// Why nobody gets a tenant's tasks of a queue, whatever he can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The queue is paused.
    Paused,
    /// The tenant has as many running tasks as it may; so many.
    Running(u64),
}

/// What is kept of tasks that ended, besides each one's own retention. Stops a tenant whose tasks end fast from filling the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// So many of a tenant at most; the oldest go first, with their results and idempotency keys.
    pub per_tenant: u64,
}

/// What was dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Tasks and workflows that were over their own retention.
    pub expired: u64,
    /// Tasks that were not, of tenants that have more than [`Retention::per_tenant`], by tenant.
    pub over_cap: BTreeMap<String, u64>,
}

impl Pruned {
    /// All of them.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.expired + self.over_cap.values().sum::<u64>()
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { per_tenant: 100_000 }
    }
}

/// A worker, as it announces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Its name: a peer id, or a name of this host's own.
    pub worker: String,
    /// Tasks it runs at once.
    pub capacity: u32,
    /// Tools it can run.
    pub tools: Vec<String>,
}

/// A worker and what it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerStats {
    /// Its name.
    pub worker: String,
    /// Tasks it runs at once; 0 when it never said.
    pub capacity: u32,
    /// Tools it can run.
    pub tools: Vec<String>,
    /// Leases it has.
    pub running: u64,
    /// Attempts that ended well.
    pub completed: u64,
    /// Attempts that ended badly.
    pub failed: u64,
    /// Leases that ran out.
    pub lost_leases: u64,
    /// Milliseconds of the attempts that ended well, together.
    pub completed_ms: u64,
    /// When it was heard of last.
    pub last_seen: Timestamp,
}
