//! The document that a caller submits. Serde refuses unknown fields by name; [`crate::Plan`] refuses the rest.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Steps of one workflow: all of them are held in memory while it is active.
pub const MAX_STEPS: usize = 1_000;
/// Bytes of one step's arguments as JSON: a document belongs in a result or a file, not in a plan.
pub const MAX_ARGUMENT_BYTES: usize = 64 * 1024;
/// Bytes of a whole document as JSON. A thousand full steps would be 64 MiB, times every active workflow.
pub const MAX_SPEC_BYTES: usize = 8 * 1024 * 1024;
/// Characters of a workflow's name and of a tag: they are shown in lists.
pub const MAX_NAME_CHARS: usize = 128;
/// Tags of one workflow.
pub const MAX_TAGS: usize = 32;
/// Hosts that a workflow is for: each step that waits is offered to one after the other.
pub const MAX_TARGETS: usize = 64;
/// 30 days, in seconds: an unfinished workflow holds memory and a place among the active ones.
pub const MAX_TIMEOUT_S: u64 = 30 * 24 * 3600;
/// A week, in seconds, as for any task: an attempt holds its worker.
pub const MAX_STEP_TIMEOUT_S: u64 = 7 * 24 * 3600;
/// Attempts of one step; each leaves events in the log, whose length is bounded.
pub const MAX_ATTEMPTS: u32 = 100;
/// An hour between two attempts, the cap of every back-off.
pub const MAX_DELAY_MS: u64 = 3_600_000;

/// A workflow as submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// What lists show, 1 to [`MAX_NAME_CHARS`] characters.
    pub name: String,
    /// 1 to [`MAX_STEPS`] steps, in any order.
    pub steps: Vec<StepSpec>,
    /// Steps in flight at a time, 1 to [`MAX_STEPS`]. Default 8.
    #[serde(default = "max_concurrency")]
    pub max_concurrency: usize,
    /// Seconds from submit until what has not finished is given up. Default 7200.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
    /// For filters of lists.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The only hosts that run its steps, by their peer ids; none is whoever has the tool. At most [`MAX_TARGETS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target_peers: Vec<String>,
}

/// One step: a call of one tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSpec {
    /// Unique in the workflow: 1 to 64 of the characters `A-Z a-z 0-9 _ . -`.
    pub id: String,
    /// The tool's name.
    pub tool: String,
    /// Its arguments; `{"$from": "step", "path": "/pointer"}` anywhere within stands for a part of that step's
    /// result.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// The steps that must be settled before.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// How often it is tried.
    #[serde(default)]
    pub retry: Retry,
    /// Seconds for each attempt, from its claim; without it, only the workflow's time bounds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// What its failure means for those after it.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// When and how often a step is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// What happens after an error.
    pub policy: RetryPolicy,
    /// Attempts in all, 1 to [`MAX_ATTEMPTS`]. Default 3.
    #[serde(default = "max_attempts")]
    pub max_attempts: u32,
    /// The unit of the wait between attempts, up to [`MAX_DELAY_MS`]. Default 500.
    #[serde(default = "base_delay_ms")]
    pub base_delay_ms: u64,
}

/// The wait before an attempt after an error: full jitter below the given curve, at most an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryPolicy {
    /// An error is final. A lost lease (the worker is gone, nobody knows how far it came) gets the other attempts; a step
    /// that may not run again has one attempt in all.
    None,
    /// `base_delay_ms` × attempt.
    Linear,
    /// `base_delay_ms` × 2^(attempt − 1).
    Exponential,
}

/// What a step's failure means for the steps that depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// All of them are skipped, transitively, and the workflow fails.
    #[default]
    Fail,
    /// They run. A reference to the failed step's result is then `null`, whatever its path.
    Continue,
}

impl Default for Retry {
    fn default() -> Self {
        Self { policy: RetryPolicy::None, max_attempts: max_attempts(), base_delay_ms: base_delay_ms() }
    }
}

fn max_concurrency() -> usize {
    8
}

fn timeout_s() -> u64 {
    Spec::DEFAULT_TIMEOUT_S
}

impl Spec {
    /// Seconds of a workflow that does not say.
    pub const DEFAULT_TIMEOUT_S: u64 = 7_200;
}

fn max_attempts() -> u32 {
    3
}

fn base_delay_ms() -> u64 {
    500
}
