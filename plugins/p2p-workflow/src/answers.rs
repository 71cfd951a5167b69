//! What the tools answer.

use tandem_sdk::prelude::*;
use tandem_sdk::serde::de::{Deserialize, Deserializer};
use tandem_sdk::serde_json::{Map, Number};

/// How far a workflow or a step is.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for others.
    Pending,
    /// May start.
    Ready,
    /// Runs.
    Running,
    /// Ended with a result.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Never started, because a step before it failed.
    Skipped,
    /// Was cancelled.
    Cancelled,
}

/// How far a workflow is.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum WorkflowState {
    /// Nothing of it has started.
    Pending,
    /// Some of it has.
    Running,
    /// All of it ended well.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// A workflow that was started.
#[data]
#[derive(Debug)]
pub struct Submitted {
    /// Its id, by which all other tools know it.
    pub workflow_id: String,
    /// How far it is.
    pub state: State,
    /// How many steps it has.
    pub steps_total: u64,
    /// Whether this is the answer to an earlier submit with the same `idempotency_key`, and nothing was started now.
    pub replayed: bool,
}

/// How far a step is.
#[data]
#[derive(Debug)]
pub struct StepStatus {
    /// Its name.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// The tool that it calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The host that has it, or had it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// What people call that host, as it says itself: anybody may say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_name: Option<String>,
    /// The task of its newest attempt, for `p2p_taskqueue_get_result` and the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// Attempts that were begun.
    pub attempt: u64,
    /// Attempts that there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u64>,
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
    /// Milliseconds that the last attempt took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// When the next attempt may begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub retry_at: Option<String>,
    /// What it came to.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// The content id (CIDv1) of a result that has over 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_cid: Option<String>,
    /// It has a result that is not here: over 16 KiB, or one of many. `p2p_taskqueue_get_result` with its `task_id` gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_left_out: Option<bool>,
    /// Why its task waits: `{reason, remedy, since?, details?}`, as in `p2p_taskqueue_task_status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<Map<String, Value>>,
}

/// A value that is there, also where it is null.
fn given<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// How far a workflow is.
#[data]
#[derive(Debug)]
pub struct Status {
    /// Its id.
    pub workflow_id: String,
    /// What it is called.
    pub name: String,
    /// As a whole.
    pub state: State,
    /// The part of its steps that has ended, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub progress: Number,
    /// Step by step.
    pub steps: Vec<StepStatus>,
    /// The newest events of its journal, by their content ids (CIDv1): equal clocks are equal histories.
    pub clock: Vec<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When it was submitted.
    #[schemars(extend("format" = "date-time"))]
    pub created_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub finished_at: Option<String>,
    /// The host that decides what runs next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinator: Option<String>,
    /// What people call that host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinator_name: Option<String>,
    /// The hosts that take part: the coordinator, those that it is for, and those that ran a step.
    pub coordinating_peers: Vec<String>,
    /// The only hosts that run its steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_peers: Option<Vec<String>>,
    /// Why it ended other than well: the reason of its cancellation, its timeout, or the step that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a cancellation did.
#[data]
#[derive(Debug)]
pub struct Cancelled {
    /// How far the workflow is now.
    pub state: State,
    /// How many steps were cancelled.
    pub cancelled_steps: u64,
}

/// A workflow in a list.
#[data]
#[derive(Debug)]
pub struct Summary {
    /// Its id.
    pub workflow_id: String,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// What else the host says of it: its progress, tags and times.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// One page of workflows.
#[data]
#[derive(Debug)]
pub struct Page {
    /// The workflows, newest first.
    pub workflows: Vec<Summary>,
    /// How many there are on all pages.
    pub total: u64,
    /// Whether it is so many exactly; else there are at least so many.
    pub total_is_exact: bool,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A graph.
#[data]
#[derive(Debug)]
pub struct Dag {
    /// Its form: `json`, `dot` or `mermaid`.
    pub format: String,
    /// An object of nodes, edges and the critical path with durations, or a text to draw.
    pub dag: Drawing,
}

/// A graph in one of its forms.
#[data]
#[derive(Debug)]
#[serde(untagged)]
pub enum Drawing {
    /// To compute with.
    Graph(Graph),
    /// To draw.
    Text(String),
}

/// A graph as data.
#[data]
#[derive(Debug)]
pub struct Graph {
    /// The steps.
    pub nodes: Vec<Value>,
    /// Which step waits for which.
    pub edges: Vec<Value>,
    /// The steps that together take longest, with their durations.
    pub critical_path: Value,
}

/// The host of a step.
#[data]
#[derive(Debug)]
pub struct Assignment {
    /// The step.
    pub step: String,
    /// The host that should take it.
    pub peer: String,
}

/// The hosts of the steps that have not started.
#[data]
#[derive(Debug)]
pub struct Assignments {
    /// Step by step.
    pub assignments: Vec<Assignment>,
}
