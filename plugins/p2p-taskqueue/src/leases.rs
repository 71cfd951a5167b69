//! What the tools of workers outside of all hosts answer.

use tandem_sdk::prelude::*;
use tandem_sdk::serde_json::Map;

use crate::answers::State;

/// A task that was claimed.
#[data]
#[derive(Debug)]
pub struct Lease {
    /// Its id.
    pub task_id: String,
    /// What the worker shows with each renewal and with the outcome.
    pub fence: u64,
    /// The tool to call.
    pub tool: String,
    /// With these arguments.
    pub arguments: Map<String, Value>,
    /// From 0 to 10.
    pub priority: u8,
    /// Which attempt this is, from 1.
    pub attempt: u64,
    /// How many there may be.
    pub max_attempts: u64,
    /// Seconds that this attempt may take; the worker sees to it.
    pub timeout_s: u64,
    /// Seconds until the lease ends, unless it is renewed.
    pub lease_s: u64,
    /// When that is, by the host's clock.
    #[schemars(extend("format" = "date-time"))]
    pub lease_expires_at: String,
    /// The W3C trace context within which it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The workflow that it is a step of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    /// The step that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// Tasks for a worker.
#[data]
#[derive(Debug)]
pub struct Claimed {
    /// None when there was nothing for it in time.
    pub tasks: Vec<Lease>,
}

/// What became of a task that was handed in.
#[data]
#[derive(Debug)]
pub struct Finished {
    /// How far it is now.
    pub state: State,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub run_at: Option<String>,
}

/// A lease that was renewed.
#[data]
#[derive(Debug)]
pub struct Renewed {
    /// When it ends, unless it is renewed again.
    #[schemars(extend("format" = "date-time"))]
    pub lease_expires_at: String,
    /// Whether the task was cancelled: stop working on it.
    pub cancelled: bool,
}
