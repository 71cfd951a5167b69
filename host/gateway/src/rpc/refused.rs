//! Messages that are answered with an error before anybody serves them.

use std::borrow::Cow;

use rmcp::model::{ErrorCode, ErrorData, RequestId};
use serde_json::json;

/// Why a message is answered without being looked at any further.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) id: Option<RequestId>,
    pub(crate) error: Box<ErrorData>,
}

impl Refused {
    pub(crate) fn new(id: Option<RequestId>, error: ErrorData) -> Self {
        Self { id, error: Box::new(error) }
    }

    pub(crate) fn parse(reason: impl std::fmt::Display) -> Self {
        let text = format!("the message is not JSON: {reason}");
        Self::new(None, ErrorData::new(ErrorCode::PARSE_ERROR, text, None))
    }

    pub(crate) fn invalid(id: Option<RequestId>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(id, ErrorData::invalid_request(reason, None))
    }

    /// The message that says so. Its id is null where the request's is not known.
    pub(crate) fn to_json(&self) -> String {
        json!({"jsonrpc": "2.0", "id": self.id, "error": self.error}).to_string()
    }
}

/// A batch where there is none.
pub(crate) fn no_batch() -> Refused {
    Refused::invalid(None, "batches are of MCP 2025-03-26 alone; send each message by itself")
}

/// A batch that cannot be served.
pub(crate) fn wrong_batch() -> Refused {
    Refused::invalid(None, "a batch has between 1 and 64 messages")
}

/// A message that is larger than `limit`.
pub(crate) fn too_long(id: Option<RequestId>, limit: usize) -> Refused {
    let data = json!({"code": "limited", "retryable": false, "limit": "max-body", "value": limit.to_string()});
    let text = format!("the message is longer than {limit} bytes; send less, or raise `server.max-body`");
    Refused::new(id, ErrorData::new(ErrorCode::INVALID_REQUEST, text, Some(data)))
}

/// A message that looks like one and is none to rmcp.
pub(crate) fn unreadable(id: Option<RequestId>, reason: &dyn std::fmt::Display) -> Refused {
    let text = format!("the message cannot be read, as when it is nested too deeply: {reason}");
    Refused::new(id, ErrorData::invalid_params(text, None))
}
