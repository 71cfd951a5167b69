//! What a frame says: JSON-RPC 2.0, or the older clients' body `{tool, args}`.

use serde_json::{Map, Value, json};

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

    fn to_value(&self) -> Value {
        json!({"code": self.code, "message": self.message, "data": {"reason": self.reason}})
    }

    fn from_value(value: &Value) -> Self {
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
                .map(|reason| reason.chars().take(64).collect()),
        }
    }
}

/// A frame that was understood.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    Request {
        id: Value,
        method: String,
        params: Map<String, Value>,
    },
    Notification {
        method: String,
        params: Map<String, Value>,
    },
    Response {
        id: u64,
        result: Result<Value, RpcError>,
    },
    /// The older body: a tool by its name, answered as `{ok, result | error}` with the same id, if there is one.
    Older {
        id: Option<Value>,
        tool: String,
        args: Map<String, Value>,
    },
}

impl Message {
    /// Understands a frame; what it cannot is the peer's fault, and is answered with the error.
    pub(super) fn read(frame: Value) -> Result<Self, Box<(Value, RpcError)>> {
        let wrong = |id: Value, why: &str| Box::new((id, RpcError::new(-32600, "invalid_request", why)));
        let Value::Object(mut frame) = frame else { return Err(wrong(Value::Null, "a frame is a JSON object")) };
        let id = frame.remove("id").filter(|id| !id.is_null());
        let object = |value: Option<Value>| match value {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map),
            Some(_) => Err(()),
        };
        let shown = id.clone().unwrap_or(Value::Null);
        if let Some(Value::String(method)) = frame.remove("method") {
            let params =
                object(frame.remove("params")).map_err(|()| wrong(shown.clone(), "`params` is a JSON object"))?;
            return match id {
                Some(id @ (Value::String(_) | Value::Number(_))) => Ok(Self::Request { id, method, params }),
                Some(_) => Err(wrong(Value::Null, "`id` is a string or a number")),
                None => Ok(Self::Notification { method, params }),
            };
        }
        if let Some(Value::String(tool)) = frame.remove("tool") {
            let args = frame.remove("args").or_else(|| frame.remove("arguments"));
            let args = object(args).map_err(|()| wrong(shown, "`args` is a JSON object"))?;
            return Ok(Self::Older { id, tool, args });
        }
        let number = id.as_ref().and_then(Value::as_u64);
        match (number, frame.remove("result"), frame.remove("error")) {
            (Some(id), Some(result), None) => Ok(Self::Response { id, result: Ok(result) }),
            (Some(id), None, Some(error)) => Ok(Self::Response { id, result: Err(RpcError::from_value(&error)) }),
            _ => Err(wrong(shown, "a frame has a `method`, a `tool`, or a `result` or `error` of a request")),
        }
    }
}

pub(super) fn request(id: u64, method: &str, params: Map<String, Value>) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

pub(super) fn notification(method: &str, params: Map<String, Value>) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

pub(super) fn response(id: &Value, result: Result<Value, RpcError>) -> Value {
    match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error.to_value()}),
    }
}

/// Why an integer is not taken that a JSON value would round.
pub(super) fn wide(at: &str) -> String {
    format!("{at} is an integer beyond 64 bits, which would be rounded; send it as a string")
}

/// An error in place of an answer, in the answer's form.
pub(super) fn instead(answer: &Value, error: RpcError) -> Value {
    let id = answer.get("id");
    match answer.get("jsonrpc") {
        Some(_) => response(id.unwrap_or(&Value::Null), Err(error)),
        None => older(id, Err(error)),
    }
}

/// The answer to an older body.
pub(super) fn older(id: Option<&Value>, result: Result<Value, RpcError>) -> Value {
    let mut answer = match result {
        Ok(result) => json!({"ok": true, "result": result}),
        Err(error) => json!({"ok": false, "error": error.message, "code": error.reason}),
    };
    if let (Some(id), Value::Object(answer)) = (id, &mut answer) {
        answer.insert("id".to_owned(), id.clone());
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood_and_nothing_else() {
        assert!(matches!(Message::read(json!({"id": 1, "method": "m"})), Ok(Message::Request { .. })));
        assert!(matches!(Message::read(json!({"method": "m", "params": {}})), Ok(Message::Notification { .. })));
        assert!(matches!(Message::read(json!({"tool": "t", "args": {"a": 1}})), Ok(Message::Older { id: None, .. })));
        let error = json!({"id": 7, "error": {"code": -32000, "message": "no", "data": {"reason": "stale_fence"}}});
        let Ok(Message::Response { id: 7, result: Err(error) }) = Message::read(error) else { panic!("a response") };
        assert_eq!(error.reason.as_deref(), Some("stale_fence"));
        for wrong in [
            json!([]),
            json!({}),
            json!({"id": {}, "method": "m"}),
            json!({"id": 1, "method": "m", "params": []}),
            json!({"id": 1, "result": 1, "error": {}}),
            json!({"id": "x", "result": 1}),
        ] {
            assert!(Message::read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
