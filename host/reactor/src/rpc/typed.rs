//! Bodies with a `type` (`P2PMessage` of MCP++ Profile E), as an older peer speaks them.
//!
//! A request names a tool as its `method`, or a method of MCP, which has a `/` or is one word of [`METHODS`]. A response has `method`
//! too, so that only `type` tells them apart; its `error` is a string. Such a peer serves one request a stream.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::error::RpcError;

/// Methods of one word.
const METHODS: [&str; 2] = ["initialize", "ping"];
/// Longest error of a peer that is passed on, in characters.
const MAX_ERROR: usize = 1_024;

/// Whether a request is of a method, and not of a tool.
pub(super) fn is_method(name: &str) -> bool {
    name.contains('/') || METHODS.contains(&name)
}

/// A response's outcome.
pub(super) fn outcome(result: Option<Value>, error: Option<Value>) -> Result<Value, RpcError> {
    match error {
        None | Some(Value::Null) => Ok(result.unwrap_or_default()),
        Some(error) => {
            let text = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            let message: String = text.chars().take(MAX_ERROR).collect();
            Err(RpcError { code: -32000, message, reason: None })
        }
    }
}

fn timestamp() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// The answer to a request.
pub(super) fn response(id: Option<&Value>, method: &str, result: Result<Value, RpcError>) -> Value {
    let (result, error) = match result {
        Ok(result) => (result, Value::Null),
        Err(error) => (Value::Null, error.message.into()),
    };
    json!({
        "type": "response", "method": method, "params": {}, "id": id.cloned().unwrap_or_default(), "result": result,
        "error": error, "timestamp": timestamp(),
    })
}

/// The result of `tools/call` as a caller expects it that named the tool as the method: what is structured, or else the content.
pub(super) fn tool_result(result: Value) -> Result<Value, RpcError> {
    let Value::Object(mut result) = result else { return Ok(result) };
    let content = result.remove("content").unwrap_or_default();
    let text = || {
        content
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|block| block.get("text")?.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    };
    if result.get("isError") == Some(&Value::Bool(true)) {
        return Err(RpcError::new(-32000, "tool_error", text()));
    }
    Ok(match (result.remove("structuredContent"), content) {
        (Some(structured), _) => structured,
        (None, content) => content,
    })
}

/// A request, as such a peer takes it: `tools/call` by the tool's name.
pub(super) fn request(id: u64, method: &str, mut params: Map<String, Value>) -> Value {
    let tool = if method == "tools/call" { params.remove("name") } else { None };
    let (method, params) = match tool {
        Some(Value::String(tool)) => (tool, params.remove("arguments").unwrap_or_else(|| json!({}))),
        _ => (method.to_owned(), params.into()),
    };
    json!({
        "type": "request", "method": method, "params": params, "id": id.to_string(), "result": null, "error": null,
        "timestamp": timestamp(),
    })
}

/// What such a peer's tool answered, as MCP has it.
pub(super) fn as_mcp(result: Value) -> Value {
    if result.get("content").is_some_and(Value::is_array) {
        return result;
    }
    let text = result.as_str().map_or_else(|| result.to_string(), str::to_owned);
    let mut answer = json!({"content": [{"type": "text", "text": text}], "isError": false});
    if let (true, Value::Object(answer)) = (result.is_object(), &mut answer) {
        answer.insert("structuredContent".to_owned(), result);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_named_by_its_tool_and_a_method_by_itself() {
        let params = |value: Value| value.as_object().unwrap().clone();
        let call = request(7, "tools/call", params(json!({"name": "add", "arguments": {"a": 1}})));
        assert_eq!(
            (&call["type"], &call["method"], &call["params"]),
            (&json!("request"), &json!("add"), &json!({"a": 1}))
        );
        assert_eq!(call["id"], "7");
        assert_eq!(request(8, "tools/list", Map::new())["method"], "tools/list");
        assert!(is_method("tools/list") && is_method("ping") && !is_method("add"));
    }

    #[test]
    fn results_are_translated_both_ways() {
        assert_eq!(as_mcp(json!({"sum": 3}))["structuredContent"], json!({"sum": 3}));
        assert_eq!(as_mcp(json!("three"))["content"][0]["text"], "three");
        let whole = json!({"content": [], "isError": false});
        assert_eq!(as_mcp(whole.clone()), whole);
        let of =
            |structured: Value| json!({"content": [{"type": "text", "text": "t"}], "structuredContent": structured});
        assert_eq!(tool_result(of(json!({"sum": 3}))), Ok(json!({"sum": 3})));
        let failed = json!({"content": [{"type": "text", "text": "no such file"}], "isError": true});
        assert_eq!(tool_result(failed).unwrap_err().message, "no such file");
        assert_eq!(outcome(Some(json!(1)), Some(Value::Null)), Ok(json!(1)));
        assert_eq!(outcome(None, Some(json!("busy"))).unwrap_err().message, "busy");
    }
}
