//! The messages of tasks between hosts. The host whose queue it is keeps the task; the one that runs it claims, renews and hands in,
//! each time with the fence.
//!
//! | Message | What |
//! |---|---|
//! | `tasks/offer` (notification) | there may be something to claim |
//! | `tasks/claim` | `{tools, max, lease_s}` → `{tasks: [{id, fence, tool, arguments, attempt, timeout_s, lease_s, traceparent?, access?, …}]}` |
//! | `tasks/renew` | `{leases: [{id, fence, progress?}]}` → `{leases: [{state, reason?}]}`, in their order |
//! | `tasks/finish` | `{id, fence, outcome, result?, kept?, error?, code?}` → `{state}`, or `stale_fence`, `lease_expired` |
//! | `tasks/renew-now` (notification) | `{id, fence}`: renew this lease now, there is news |
//!
//! Arguments of a task and results that are too large for a message are named in it, as `{cid, bytes}` under `kept`; see
//! [`super::blobs`].

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tandem_queue::{Beat, FailureCode, LeaseRef, Progress, Timestamp};
use tandem_reactor::rpc::RpcError;
use tandem_types::Access;

use super::{blobs::BlobRef, outcome::OutcomeKind};

/// Tasks of one claim: their arguments must fit a frame.
pub(super) const MAX_TASKS: u32 = 3;

pub(super) fn to_params(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

pub(super) fn from_params<T: DeserializeOwned>(params: Map<String, Value>) -> Result<T, RpcError> {
    from_value(Value::Object(params))
}

pub(super) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, RpcError> {
    serde_json::from_value(value).map_err(|error| RpcError::invalid(error.to_string()))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    pub(super) tools: Vec<String>,
    pub(super) max: u32,
    pub(super) lease_s: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Task {
    #[serde(flatten)]
    pub(super) lease: LeaseRef,
    pub(super) tool: String,
    #[serde(default)]
    pub(super) arguments: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<BlobRef>,
    pub(super) priority: u8,
    pub(super) attempt: u32,
    pub(super) max_attempts: u32,
    pub(super) timeout_s: u32,
    pub(super) lease_s: u64,
    /// The W3C trace context within which it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) traceparent: Option<String>,
    /// What it may call; left out: its tool. What the worker allows the peer is not widened by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) access: Option<Access>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Tasks {
    pub(super) tasks: Vec<Task>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Renewal {
    #[serde(flatten)]
    pub(super) lease: LeaseRef,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) progress: Option<Progress>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Renewals {
    pub(super) leases: Vec<Renewal>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum LeaseState {
    Extended {
        until: Timestamp,
    },
    Cancelled {
        until: Timestamp,
        reason: String,
    },
    #[serde(rename = "lease_expired")]
    Expired,
    #[serde(rename = "stale_fence")]
    Stale,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Finished {
    #[serde(flatten)]
    pub(super) lease: LeaseRef,
    pub(super) outcome: OutcomeKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<BlobRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// The kind of the error. Older hosts do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<FailureCode>,
}

impl From<Beat> for LeaseState {
    fn from(beat: Beat) -> Self {
        match beat {
            Beat::Extended { until } => Self::Extended { until },
            Beat::CancelRequested { until, reason } => Self::Cancelled { until, reason },
            Beat::Expired => Self::Expired,
            Beat::Stale => Self::Stale,
        }
    }
}

impl From<LeaseState> for Beat {
    fn from(state: LeaseState) -> Self {
        match state {
            LeaseState::Extended { until } => Self::Extended { until },
            LeaseState::Cancelled { until, reason } => Self::CancelRequested { until, reason },
            LeaseState::Expired => Self::Expired,
            LeaseState::Stale => Self::Stale,
        }
    }
}
