//! Where a workflow and its steps are, in the words of the tools.

use serde::{Deserialize, Serialize};

use super::{Output, StepError};

/// Where a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It waits for others.
    #[default]
    Pending,
    /// Everything it depends on is settled; it waits for a place, for its next attempt, or for a worker.
    Ready,
    /// A worker holds it.
    Running,
    /// It has a result.
    Succeeded,
    /// No attempt is left.
    Failed,
    /// Something it depends on failed or was skipped.
    Skipped,
    /// The workflow ended before it did.
    Cancelled,
}

impl StepState {
    /// Whether it stays so.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Skipped | Self::Cancelled)
    }
}

/// Where a workflow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowState {
    /// Something is left to do.
    Running,
    /// It ended well.
    Completed,
    /// A step failed, or its time ran out.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// What is known of one step. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepRecord {
    /// Where it is.
    pub state: StepState,
    /// Attempts so far, the current one included; 0 before the first.
    pub attempt: u32,
    /// The fence of the latest claim, 0 before the first.
    pub fence: u64,
    /// Whether the current attempt is in the queue or held by a worker.
    pub in_flight: bool,
    /// Who holds it or held it last.
    pub peer: Option<String>,
    /// When it was claimed last.
    pub claimed_at: Option<u64>,
    /// When the call of the latest claim began.
    pub started_at: Option<u64>,
    /// When it became terminal.
    pub finished_at: Option<u64>,
    /// The earliest moment of the next attempt.
    pub retry_at: Option<u64>,
    /// The latest failure; for a skipped step, which one it is skipped for.
    pub error: Option<StepError>,
    /// The result.
    pub output: Option<Output>,
}

impl StepRecord {
    /// Milliseconds from the start of the last call (or its claim) to the end, once it is terminal.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u64> {
        Some(self.finished_at?.saturating_sub(self.started_at.or(self.claimed_at)?))
    }
}
