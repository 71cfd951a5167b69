//! What a frame says: JSON-RPC 2.0, or the older clients' body `{tool, args}`.

use serde_json::{Map, Value, json};

use super::{error::RpcError, typed};

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
    /// A body with a `type`: a tool or a method by its name.
    Typed {
        id: Option<Value>,
        method: String,
        params: Map<String, Value>,
    },
    /// The answer to one; its id is none where it is not one of ours.
    TypedResponse {
        id: Option<u64>,
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
    fn read_typed(kind: &str, id: Option<Value>, mut body: Map<String, Value>) -> Result<Self, &'static str> {
        let method = match body.remove("method") {
            Some(Value::String(method)) => method,
            _ => String::new(),
        };
        let params = match body.remove("params") {
            Some(Value::Object(params)) => params,
            None | Some(Value::Null) => Map::new(),
            Some(_) => return Err("`params` is a JSON object"),
        };
        match kind {
            "request" if method.is_empty() => Err("a request has a `method`"),
            "request" if !id.as_ref().is_none_or(|id| id.is_string() || id.is_number()) => {
                Err("`id` is a string or a number")
            }
            "request" => Ok(Self::Typed { id, method, params }),
            "notification" | "event" => Ok(Self::Notification { method, params }),
            "response" => {
                let number = |id: &Value| id.as_u64().or_else(|| id.as_str()?.parse().ok());
                let result = typed::outcome(body.remove("result"), body.remove("error"));
                Ok(Self::TypedResponse { id: id.as_ref().and_then(number), result })
            }
            _ => Err("`type` is request, response, notification or event"),
        }
    }

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
        // Its responses have a `method` too.
        if !frame.contains_key("jsonrpc")
            && let Some(Value::String(kind)) = frame.remove("type")
        {
            return Self::read_typed(&kind, id, frame).map_err(|why| wrong(shown, why));
        }
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
        None => match answer.get("type") {
            Some(_) => {
                typed::response(id, answer.get("method").and_then(Value::as_str).unwrap_or_default(), Err(error))
            }
            None => older(id, Err(error)),
        },
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
        let typed = |kind: &str| json!({"type": kind, "method": "m", "params": {}, "id": "7", "result": {"a": 1}, "error": null});
        assert!(matches!(Message::read(typed("request")), Ok(Message::Typed { .. })));
        assert!(matches!(Message::read(typed("event")), Ok(Message::Notification { .. })));
        let answer = Message::TypedResponse { id: Some(7), result: Ok(json!({"a": 1})) };
        assert_eq!(Message::read(typed("response")).unwrap(), answer, "its method does not make it a request");
        for wrong in [
            typed("other"),
            json!({"type": "request", "id": "1"}),
            json!({"type": "request", "method": "m", "params": []}),
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
