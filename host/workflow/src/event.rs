//! What happened to a workflow, one content-addressed node for each event.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{ContentId, ResolveError};

/// Bytes of a result that an event carries; a larger one is kept by its content id.
pub const MAX_INLINE_RESULT: usize = 64 * 1024;
/// Bytes of one event as JSON: an inline result and what is around it.
pub const MAX_EVENT_BYTES: usize = 2 * MAX_INLINE_RESULT;
/// Characters of an error's message in the log; a tool may fail with a page of text.
const MAX_MESSAGE: usize = 2_000;

/// One node of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The hash of everything below.
    pub cid: ContentId,
    /// The heads of the log when it was written, sorted. Empty for the first event only.
    pub parents: Vec<ContentId>,
    /// One more than the largest of its parents', from 1.
    pub seq: u64,
    /// When it was written, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What happened.
    pub body: Body,
}

/// What happened. `attempt` counts from 1; `fence` is that of the store's claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// The workflow was accepted: always the first event, and only that.
    Submitted {
        /// Its id.
        workflow: Uuid,
        /// The content id of its [`super::Spec`].
        plan: ContentId,
    },
    /// A host took over the decisions.
    CoordinatorChanged {
        /// Who.
        peer: String,
        /// The fence of its lease.
        fence: u64,
    },
    /// An attempt was handed to the queue.
    Scheduled {
        /// The step.
        step: String,
        /// Which attempt.
        attempt: u32,
    },
    /// A worker holds the step.
    Claimed {
        /// The step.
        step: String,
        /// Which attempt.
        attempt: u32,
        /// Who.
        peer: String,
        /// Greater than that of every earlier claim of the step.
        fence: u64,
    },
    /// The worker began the call.
    Started {
        /// The step.
        step: String,
        /// That of the claim.
        fence: u64,
    },
    /// The call succeeded.
    Completed {
        /// The step.
        step: String,
        /// That of the claim.
        fence: u64,
        /// Its result.
        output: Output,
    },
    /// The attempt failed.
    Failed {
        /// The step.
        step: String,
        /// That of the claim; absent when it failed before any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fence: Option<u64>,
        /// Why.
        error: StepError,
        /// Whether no further attempt may be made, whatever the retry says.
        r#final: bool,
    },
    /// The worker's lease ran out.
    Expired {
        /// The step.
        step: String,
        /// That of the claim.
        fence: u64,
    },
    /// A step will not run because of one it depends on.
    Skipped {
        /// The step.
        step: String,
        /// The failed or skipped step it depends on.
        because: String,
    },
    /// Somebody cancelled the workflow.
    Cancelled {
        /// Why, in the words of whoever did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The workflow's own time ran out.
    TimedOut {},
    /// Nothing is left to do.
    WorkflowFinished {
        /// How it ended.
        outcome: Outcome,
    },
}

/// How a workflow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step succeeded, or failed with `on_failure: continue`.
    Completed,
    /// A step failed, or the time ran out.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// The result of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// The result itself, up to [`MAX_INLINE_RESULT`] bytes.
    Inline(Arc<Value>),
    /// The id of a result that is kept elsewhere.
    Content(ContentId),
}

impl Output {
    /// A result as events carry it: inline when it is small, else by its id; the caller keeps the content then.
    #[must_use]
    pub fn of(result: Value) -> Self {
        let text = tandem_types::canonical_json(&result);
        if text.len() <= MAX_INLINE_RESULT {
            Self::Inline(Arc::new(result))
        } else {
            Self::Content(ContentId::of_bytes(&text))
        }
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepError {
    /// The kind: `timeout`, `lease_expired`, `invalid_argument`, or what the tool's error is called.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

impl StepError {
    /// An error with its message cut to a size that a log can keep.
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self { code: code.chars().take(64).collect(), message: message.chars().take(MAX_MESSAGE).collect() }
    }

    /// The attempt took longer than the step's `timeout_s`.
    #[must_use]
    pub fn timeout(seconds: u64) -> Self {
        Self::new("timeout", &format!("the step did not finish within {seconds} s; raise its timeout_s"))
    }

    /// The last attempt's lease ran out.
    #[must_use]
    pub fn lease_expired() -> Self {
        Self::new("lease_expired", "the worker was lost and no attempt is left")
    }

    /// The arguments could not be made from the results.
    #[must_use]
    pub fn unresolved(error: &ResolveError) -> Self {
        Self::new("invalid_argument", &error.to_string())
    }
}

impl Event {
    /// The event with its id.
    pub(super) fn new(parents: Vec<ContentId>, seq: u64, at: u64, body: Body) -> Self {
        let (cid, _) = name(&parents, seq, at, &body);
        Self { cid, parents, seq, at, body }
    }

    /// The id that the content has, and its size as JSON.
    pub(super) fn name(&self) -> (ContentId, usize) {
        name(&self.parents, self.seq, self.at, &self.body)
    }
}

fn name(parents: &[ContentId], seq: u64, at: u64, body: &Body) -> (ContentId, usize) {
    #[derive(Serialize)]
    struct Content<'a> {
        parents: &'a [ContentId],
        seq: u64,
        at: u64,
        body: &'a Body,
    }
    let text = tandem_types::canonical_json(&Content { parents, seq, at, body });
    (ContentId::of_bytes(&text), text.len())
}
