//! What becomes of a call that gave no answer.
//!
//! MCP has two ways to say so. What a model can read and react to is a result with `isError`; what makes the request
//! itself meaningless is a JSON-RPC error. Both carry the same facts for machines: results in
//! `_meta["tandem/error"]` and, with the message, as `{"error": {"code", "message", …}}` in `structuredContent`; errors in `data`.

use rmcp::model::{CallToolResult, ClientCapabilities, ContentBlock, ErrorCode, ErrorData};
use serde_json::{Value, json};
use tandem_engine::Limit;
use tandem_router::CallError;

use crate::problem::ErrorDetails;

/// The key of the facts in `_meta`.
pub(crate) const ERROR_KEY: &str = "tandem/error";

/// What a failed request for a tool answers. `called` is the name that the client used: if *that* is unknown, the
/// request had no meaning; an unknown name further inside is the tool's own failure.
pub(crate) fn of_tool(called: &str, error: &CallError) -> Result<CallToolResult, ErrorData> {
    match error {
        CallError::NotFound { kind: "tool", name, .. }
        | CallError::NoNetwork { kind: "tool", name }
        | CallError::Removed { name, .. }
            if name == called =>
        {
            Err(of_request(error))
        }
        CallError::MissingCapability(_) | CallError::Internal(_) => Err(of_request(error)),
        _ => Ok(failure(error)),
    }
}

/// What a request for a tool answers that is not there: the request has no meaning, unless the tool may still come.
pub(crate) fn of_unknown(error: &CallError) -> Result<CallToolResult, ErrorData> {
    match error {
        CallError::Compiling { .. } => Ok(failure(error)),
        _ => Err(of_request(error)),
    }
}

/// A result that tells a model what went wrong.
pub(crate) fn failure(error: &CallError) -> CallToolResult {
    let (text, facts) = (error.to_string(), facts(error));
    let mut said = facts.clone();
    if let Some(said) = said.as_object_mut() {
        said.insert("message".to_owned(), text.as_str().into());
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = Some(json!({ "error": said }));
    result.meta.get_or_insert_default().insert(ERROR_KEY.to_owned(), facts);
    result
}

/// The error of a request that has no result to put it in.
pub(crate) fn of_request(error: &CallError) -> ErrorData {
    let text = error.to_string();
    match error {
        CallError::NotFound { kind: "resource", name, .. } => {
            let mut data = facts(error);
            if let Some(data) = data.as_object_mut() {
                data.insert("uri".to_owned(), name.as_str().into());
            }
            ErrorData::resource_not_found(text, Some(data))
        }
        CallError::NotFound { .. }
        | CallError::NoNetwork { .. }
        | CallError::Removed { .. }
        | CallError::InvalidArguments { .. } => ErrorData::invalid_params(text, Some(facts(error))),
        CallError::MissingCapability(capability) => missing_capability(capability),
        CallError::Internal(reason) => {
            tracing::error!(reason, "call failed: internal error");
            ErrorData::internal_error("the host failed; its log has the reason", Some(facts(error)))
        }
        _ => ErrorData::internal_error(text, Some(facts(error))),
    }
}

fn facts(error: &CallError) -> Value {
    serde_json::to_value(ErrorDetails::of(error)).unwrap_or_default()
}

fn missing_capability(name: &str) -> ErrorData {
    // Through JSON, because the typed builder knows each capability by a method of its own.
    let required = serde_json::from_value::<ClientCapabilities>(json!({ name: {} }));
    match required {
        Ok(required) => ErrorData::missing_required_client_capability(required),
        Err(_) => ErrorData::new(
            ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY,
            "Missing required client capability",
            Some(json!({ "requiredCapabilities": {} })),
        ),
    }
}

/// A request whose parameters make no sense to this host.
pub(crate) fn invalid(code: &'static str, text: impl Into<String>) -> ErrorData {
    ErrorData::invalid_params(text.into(), Some(json!({ "code": code, "retryable": false })))
}

/// A task that cannot be run again and did not end.
pub(crate) fn interrupted(what: &str) -> ErrorData {
    let text = format!("{what}; it may have had effects, so it is not run again");
    ErrorData::internal_error(text, Some(json!({ "code": "interrupted", "retryable": false })))
}

/// A task whose result is over the limit of `most` bytes.
pub(crate) fn task_result(bytes: usize, most: usize) -> ErrorData {
    let text = format!(
        "the result has {bytes} bytes, over the limit of {most} (tasks.max-result); let the tool save it and answer where"
    );
    let data = json!({ "code": "limited", "limit": "task-result", "value": most.to_string(), "retryable": false });
    ErrorData::internal_error(text, Some(data))
}

/// A task whose result found no room among what is kept for its tenant.
pub(crate) fn task_bytes(why: &str) -> ErrorData {
    let data = json!({ "code": "limited", "limit": "task-bytes", "retryable": false });
    ErrorData::internal_error(format!("{why}, or raise tasks.bytes-per-tenant"), Some(data))
}

/// A request that a client without this extension cannot be answered.
pub(crate) fn missing_tasks() -> ErrorData {
    ErrorData::missing_required_client_capability(ClientCapabilities::builder().enable_tasks().build())
}

/// A bound of this host.
pub(crate) fn limited(limit: Limit, value: usize) -> ErrorData {
    of_request(&CallError::Limited { limit, value: value.to_string(), retryable: true, retry_after: None })
}

/// The answer of a request that was given up; rmcp drops it where the client is gone.
pub(crate) fn cancelled() -> ErrorData {
    of_request(&CallError::Cancelled)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tandem_router::Violation;

    use super::*;

    fn unknown(kind: &'static str) -> CallError {
        CallError::NotFound { kind, name: "x".to_owned(), near: vec!["xy".to_owned()] }
    }

    #[test]
    fn an_unknown_tool_is_a_protocol_error_with_near_names() {
        let error = of_tool("x", &unknown("tool")).unwrap_err();
        assert_eq!(error.code, ErrorCode::INVALID_PARAMS);
        assert!(error.message.contains("did you mean `xy`"), "{}", error.message);
        assert_eq!(error.data.unwrap()["near"], json!(["xy"]));
    }

    #[test]
    fn a_name_that_only_the_tool_used_is_the_tools_failure() {
        let result = of_tool("tools_dispatch", &unknown("tool")).unwrap();
        assert_eq!(result.is_error, Some(true));
        assert_eq!(result.meta.unwrap()[ERROR_KEY]["near"], json!(["xy"]));
    }

    #[test]
    fn failures_of_tools_are_results_that_a_model_can_read() {
        let cases = [
            CallError::InvalidArguments {
                tool: "t".to_owned(),
                violations: vec![Violation { pointer: "/a".to_owned(), message: "is not a number".to_owned() }],
            },
            CallError::Denied("no".to_owned()),
            CallError::Limited { limit: Limit::Cpu, value: "10 s".to_owned(), retryable: false, retry_after: None },
            CallError::Timeout { after: Duration::from_secs(30) },
            CallError::Trapped { category: "c".to_owned(), reason: "unreachable".to_owned() },
            CallError::BadOutput { category: "c".to_owned(), reason: "not JSON".to_owned() },
            CallError::Unavailable {
                reason: "circuit open".to_owned(),
                retry_after: Some(Duration::from_millis(1500)),
            },
        ];
        for error in cases {
            let result = of_tool("t", &error).unwrap();
            assert_eq!(result.is_error, Some(true), "{error}");
            let text = result.content.first().and_then(|block| block.as_text()).unwrap().text.clone();
            assert_eq!(text, error.to_string());
            let structured = &result.structured_content.as_ref().unwrap()["error"];
            assert_eq!((&structured["code"], &structured["message"]), (&json!(error.code()), &json!(text)));
            assert_eq!(result.meta.unwrap()[ERROR_KEY]["code"], error.code());
        }
    }

    #[test]
    fn machine_facts_name_limit_pointer_and_waiting_time() {
        let meta = |error: &CallError| failure(error).meta.unwrap()[ERROR_KEY].clone();
        let limited = meta(&CallError::Limited {
            limit: Limit::Cpu,
            value: "10 s".to_owned(),
            retryable: true,
            retry_after: None,
        });
        assert_eq!(limited, json!({"code": "limited", "retryable": true, "limit": "cpu", "value": "10 s"}));
        let waiting =
            meta(&CallError::Unavailable { reason: "r".to_owned(), retry_after: Some(Duration::from_millis(1500)) });
        assert_eq!(waiting["retry_after_ms"], 1500);
    }

    #[test]
    fn a_missing_capability_is_named_as_the_protocol_has_it() {
        for name in ["sampling", "elicitation", "roots"] {
            let error = of_tool("t", &CallError::MissingCapability(name.to_owned())).unwrap_err();
            assert_eq!(error.code.0, -32021);
            assert_eq!(error.data.unwrap(), json!({"requiredCapabilities": {name: {}}}));
        }
    }

    #[test]
    fn an_unknown_resource_names_its_uri() {
        let error = of_request(&unknown("resource"));
        assert_eq!(error.code, ErrorCode::RESOURCE_NOT_FOUND);
        assert_eq!(error.data.unwrap()["uri"], "x");
    }

    #[test]
    fn an_internal_error_tells_nothing_of_the_inside() {
        let error = of_tool("t", &CallError::Internal("password=1".to_owned())).unwrap_err();
        assert_eq!(error.code, ErrorCode::INTERNAL_ERROR);
        assert!(!format!("{error:?}").contains("password"));
    }
}
