//! A step, as it is submitted.

use tandem_p2p_forms::{AtMost, Retry, ToolName};
use tandem_sdk::prelude::*;
use tandem_sdk::serde_json::Map;

/// What an attempt of a step takes at most: a week, in seconds, as of any task.
const MAX_TIMEOUT_S: u32 = 7 * 24 * 3_600;

/// Most dependencies of a step: all other steps.
const MAX_DEPENDENCIES: usize = 1_000;

/// What a failed step does to those after it.
#[data]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// They are skipped, and the workflow fails.
    #[default]
    Fail,
    /// They run all the same.
    Continue,
}

/// The name of a step within its workflow.
#[data]
#[derive(Clone, Debug, PartialEq, Eq)]
#[serde(transparent)]
#[schemars(extend("pattern" = "^[A-Za-z0-9_.-]{1,64}$"))]
pub struct StepId(pub String);

/// One step: a call of a tool.
#[data]
#[derive(Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name within the workflow: letters, digits, `_`, `.` and `-`.
    pub id: StepId,
    /// The tool to call.
    pub tool: ToolName,
    /// Its arguments; `{"$from": "STEP", "path": "/json/pointer"}` in them stands for a part of that step's result.
    pub arguments: Map<String, Value>,
    /// The steps that must have succeeded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<AtMost<MAX_DEPENDENCIES, StepId>>,
    /// What happens after a failed attempt or a lost worker. Without it an error is final, and a step whose worker is lost is run again
    /// only if its tool is read-only or idempotent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Seconds that one attempt may take, at most the tool's own deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_TIMEOUT_S))]
    pub timeout_s: Option<u32>,
    /// Whether the steps after it are skipped when it fails (`fail`) or run all the same (`continue`).
    #[serde(default)]
    pub on_failure: OnFailure,
}
