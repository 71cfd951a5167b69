//! A failed request.

use serde_json::{Value, json};

/// How an older peer refuses what comes before `initialize`: its errors have their word where others have a message.
pub(super) const INIT_REQUIRED: &str = "init_required";
const INIT_CODE: i64 = -32000;

/// A failed request (JSON-RPC 2.0 section 5.1).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct RpcError {
    /// The code: -32601 for an unknown method, and so on; ours are from -32000 down.
    pub code: i64,
    /// What went wrong.
    pub message: String,
    /// Our word for it, as `stale_fence`.
    pub reason: Option<String>,
}

impl RpcError {
    pub fn new(code: i64, reason: &str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), reason: Some(reason.to_owned()) }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(-32602, "invalid_argument", message)
    }

    pub fn method(name: &str) -> Self {
        Self::new(-32601, "unknown_method", format!("there is no method `{name}`"))
    }

    /// The peer asks for more than it may.
    pub fn limited(message: impl Into<String>) -> Self {
        Self::new(-32003, "limit_exceeded", message)
    }

    /// No answer came. Whether the request was done is not known, so nobody may just send it again.
    pub fn lost(message: impl Into<String>) -> Self {
        Self::new(-32004, "timeout", message)
    }

    /// It was not sent.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(-32005, "unavailable", message)
    }

    /// Whether the request did not reach the peer, or its answer did not come back.
    pub fn is_transport(&self) -> bool {
        matches!(self.code, -32004 | -32005)
    }

    pub(super) fn to_value(&self) -> Value {
        json!({"code": self.code, "message": self.message, "data": {"reason": self.reason}})
    }

    pub(super) fn from_value(value: &Value) -> Self {
        Self {
            code: value["code"].as_i64().unwrap_or(-32603),
            message: value["message"]
                .as_str()
                .unwrap_or("the peer failed and did not say why")
                .chars()
                .take(1024)
                .collect(),
            reason: value
                .pointer("/data/reason")
                .and_then(Value::as_str)
                .or_else(|| (value["code"] == INIT_CODE && value["message"] == INIT_REQUIRED).then_some(INIT_REQUIRED))
                .map(|reason| reason.chars().take(64).collect()),
        }
    }
}
