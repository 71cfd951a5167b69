//! What the tools answer.

use serde_json::value::RawValue;
use tandem_p2p_forms::known;
use tandem_sdk::prelude::*;
use tandem_sdk::serde_json::{Map, Number};

/// How far a task is.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for a worker, or for its time.
    Queued,
    /// A worker has it.
    Running,
    /// Ended with a result.
    Completed,
    /// Ended with an error after which no further attempt was to be made, or would have helped.
    Failed,
    /// Was cancelled.
    Cancelled,
    /// Was to be tried again, and all attempts are used up.
    Dead,
}

/// A task that was queued.
#[data]
#[derive(Debug)]
pub struct Submitted {
    /// Its id, by which all other tools know it.
    pub task_id: String,
    /// How far it is.
    pub state: State,
    /// Tasks that go before it, and itself; null when it does not wait.
    #[serde(deserialize_with = "known")]
    pub position: Option<u64>,
    /// Whether this is the answer to an earlier submit with the same `idempotency_key`, and nothing was queued now.
    pub replayed: bool,
}

/// What the worker told of its work.
#[data]
#[derive(Debug)]
pub struct Progress {
    /// How much is done.
    pub current: Number,
    /// How much there is to do, in the same unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Number>,
    /// What is being done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Why a task waits.
#[data]
#[derive(Debug)]
pub struct Wait {
    /// `not_due`, `retry_backoff`, `queue_paused`, `running_limit`, `no_host_has_the_tool`, `target_unknown`, `target_away`,
    /// `target_without_tool`, `workers_zero`, `peer_away`, `peer_unreachable`, `peer_unauthorized`, `admission_open`,
    /// `tenant_mismatch`, `priority_above_maximum`, `worker_draining`, `no_free_worker` or `awaiting_claim`.
    pub reason: String,
    /// What ends it.
    pub remedy: String,
    /// Since when the task waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub since: Option<String>,
    /// More of it, as `hosts`: each with its own reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Map<String, Value>>,
}

/// Tasks that wait for the same reason.
#[data]
#[derive(Debug)]
pub struct Waiting {
    /// As in `waits_for` of a task.
    pub reason: String,
    /// What ends it, for the task that waits longest.
    pub remedy: String,
    /// How many there are.
    pub tasks: u64,
    /// How many of them wait for over a minute.
    pub over_a_minute: u64,
    /// Seconds that the oldest one waits.
    pub oldest_s: Number,
    /// Their tools, the first eight.
    pub tools: Vec<String>,
}

/// A task.
#[data]
#[derive(Debug)]
pub struct Task {
    /// Its id.
    pub task_id: String,
    /// How far it is.
    pub state: State,
    /// Attempts that were begun.
    pub attempt: u64,
    /// From 0 to 10; 10 goes first.
    pub priority: u8,
    /// Who has it, or had it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// What people call that host, as it says itself: anybody may say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker_name: Option<String>,
    /// When it goes to another worker, unless its own renews the lease.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub lease_expires_at: Option<String>,
    /// What the worker told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Why it waits and what ends that, while it is queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<Wait>,
    /// When it was submitted.
    #[schemars(extend("format" = "date-time"))]
    pub created_at: String,
    /// When the current attempt began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub finished_at: Option<String>,
    /// Why the last attempt failed, as `code: message`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// The code alone, to decide by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// What else the host says of it: its tool, tags, time limit, earliest time and metadata.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// What a task came to.
#[data]
#[derive(Debug)]
pub struct Outcome {
    /// How far it is; `queued` or `running` when the wait was over before the task was.
    pub state: State,
    /// The result of the tool, whole; absent when it is too large for an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    // It goes on as the text that it is: it may have megabytes, and this guest little time.
    pub result: Option<Box<RawValue>>,
    /// Why it failed, as `code: message`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// The code alone, to decide by: `failed` is the tool's own error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The content id (CIDv1) of a result that has over 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_cid: Option<String>,
    /// Milliseconds that the last attempt took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<Number>,
}

/// What a cancellation did.
#[data]
#[derive(Debug)]
pub struct Cancelled {
    /// How far the task is now; `running` until its worker has been told.
    pub state: State,
    /// How far it was before.
    pub was: State,
}

/// One page of tasks.
#[data]
#[derive(Debug)]
pub struct Page {
    /// The tasks, newest first.
    pub tasks: Vec<Task>,
    /// How many there are on all pages.
    pub total: u64,
    /// Whether it is so many exactly; else there are at least so many.
    pub total_is_exact: bool,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Where a task waits now.
#[data]
#[derive(Debug)]
pub struct Moved {
    /// The priority that it had.
    pub old_priority: u8,
    /// The priority that it has.
    pub priority: u8,
    /// Tasks that go before it, and itself; null when it does not wait.
    #[serde(deserialize_with = "known")]
    pub position: Option<u64>,
}

/// A task made of one that had ended.
#[data]
#[derive(Debug)]
pub struct Resubmitted {
    /// The new task's id.
    pub task_id: String,
    /// The old task's id.
    pub resubmitted_from: String,
}

/// The queue in numbers.
#[data]
#[derive(Debug)]
pub struct Queue {
    /// Tasks that wait.
    pub queued: u64,
    /// Tasks that workers have.
    pub running: u64,
    /// Kept tasks that ended with a result.
    pub completed: u64,
    /// Kept tasks that failed.
    pub failed: u64,
    /// Kept tasks that were cancelled.
    pub cancelled: u64,
    /// Kept tasks whose attempts are used up.
    pub dead: u64,
    /// Seconds that the oldest waiting task waits; null when none waits.
    #[serde(deserialize_with = "known")]
    pub oldest_queued_s: Option<Number>,
    /// Tasks that ended per second, over the last minute.
    pub throughput_per_s: Number,
    /// Whether no task is taken at the moment.
    pub paused: bool,
    /// What waits for a worker, by reason; empty when nothing does.
    pub waiting: Vec<Waiting>,
    /// Where the tasks are kept, as `sqlite`.
    pub backend: String,
    /// The numbers for each tool, with `detail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_tool: Option<Value>,
    /// The numbers for each priority, with `detail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_priority: Option<Value>,
}

/// Someone who runs tasks.
#[data]
#[derive(Debug)]
pub struct Worker {
    /// Its host's id.
    pub peer_id: String,
    /// What people call the host, as it says itself: anybody may say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Tasks that it runs at a time; null when it never said.
    #[serde(deserialize_with = "known")]
    pub capacity: Option<u64>,
    /// Tasks that it has.
    pub running: u64,
    /// Tasks that it completed.
    pub completed: u64,
    /// Tasks that failed with it.
    pub failed: u64,
    /// Leases that it did not renew.
    pub lost_leases: u64,
    /// Milliseconds that a task took on average; null before the first.
    #[serde(deserialize_with = "known")]
    pub mean_ms: Option<Number>,
    /// When it was heard of last.
    #[schemars(extend("format" = "date-time"))]
    pub last_seen: String,
}

/// The workers.
#[data]
#[derive(Debug)]
pub struct Crew {
    /// Each with its numbers.
    pub workers: Vec<Worker>,
}

/// A host that runs tasks.
#[data]
#[derive(Debug)]
pub struct Peer {
    /// Its id.
    pub peer_id: String,
    /// What people call it, as it says itself: anybody may say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is reached.
    pub addresses: Vec<String>,
    /// What it can run.
    pub tools: Vec<String>,
    /// Tasks that it runs at a time.
    pub capacity: u64,
    /// Tasks that it would take now.
    pub free: u64,
    /// Milliseconds to it and back; null when not measured.
    #[serde(deserialize_with = "known")]
    pub rtt_ms: Option<Number>,
    /// When it was heard of last.
    #[schemars(extend("format" = "date-time"))]
    pub last_seen: String,
}

/// The hosts that answered.
#[data]
#[derive(Debug)]
pub struct Peers {
    /// Each with what it said.
    pub peers: Vec<Peer>,
}

/// What became of an announcement.
#[data]
#[derive(Debug)]
pub struct Announced {
    /// How many peers were told.
    pub announced_to: u64,
    /// When they forget it.
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: String,
}

/// How the running tasks ended.
#[data]
#[derive(Debug)]
pub struct Drained {
    /// Tasks that ended in time.
    pub drained: u64,
    /// Tasks that went back to the queue.
    pub requeued: u64,
}
