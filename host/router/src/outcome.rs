//! How a run ended: for the breaker, for the metrics, and as the caller's answer.

use std::time::{Duration, Instant};

use serde_json::json;
use tandem_engine::{Content, Exhausted, Limit, RunError, ToolError, ToolOutput};

use crate::{
    api::{CallError, Violation},
    meters::{CategoryState, Share},
};

/// One of the tenant's totals.
pub(crate) fn exhausted(total: Exhausted) -> CallError {
    let Exhausted { limit, value, retry_after } = total;
    CallError::Limited { limit, value, retryable: retry_after.is_some(), retry_after }
}

/// Tells the breaker how a run ended, and turns the engine's error into the caller's.
pub(crate) fn settle<T>(state: &CategoryState, share: &Share, result: Result<T, RunError>) -> Result<T, CallError> {
    if let Some(canary) = &state.canary {
        canary.count(result.as_ref().is_err_and(is_failure));
    }
    let error = match result {
        Ok(answer) => {
            share.breaker.success();
            return Ok(answer);
        }
        Err(error) => error,
    };
    if is_failure(&error) {
        share.breaker.failure(Instant::now());
    } else {
        share.breaker.neutral(Instant::now());
    }
    Err(match error {
        RunError::Limit { limit, value } => CallError::Limited { limit, value, retryable: false, retry_after: None },
        RunError::Exhausted(total) => exhausted(total),
        RunError::Overloaded(instances) => CallError::Limited {
            limit: Limit::Instances,
            value: instances.to_string(),
            retryable: true,
            retry_after: None,
        },
        RunError::Timeout(after) => CallError::Timeout { after },
        RunError::Cancelled => CallError::Cancelled,
        RunError::Replaced => CallError::Unavailable {
            reason: format!("another version of `{}` took its place while the call ran", state.name),
            retry_after: Some(Duration::ZERO),
        },
        RunError::Unavailable { reason, retry_after } => CallError::Unavailable { reason, retry_after },
        RunError::Disconnected(reason) => CallError::Unavailable { reason, retry_after: None },
        RunError::NotLoaded(_) => not_loaded(&state.name, &error),
        RunError::Trap(reason) => CallError::Trapped { category: state.name.to_string(), reason },
        RunError::BadOutput(reason) => CallError::BadOutput { category: state.name.to_string(), reason },
        RunError::NoExport(name) => {
            CallError::BadOutput { category: state.name.to_string(), reason: format!("it does not export `{name}`") }
        }
        RunError::Host(reason) => CallError::Internal(reason),
    })
}

/// A plugin of which there is no code.
pub(crate) fn not_loaded(category: &str, error: &RunError) -> CallError {
    CallError::Unavailable { reason: format!("`{category}`: {error}"), retry_after: None }
}

/// Whether it tells that the next call may fail too.
fn is_failure(error: &RunError) -> bool {
    match error {
        RunError::Trap(_)
        | RunError::Timeout(_)
        | RunError::BadOutput(_)
        | RunError::NoExport(_)
        | RunError::Disconnected(_)
        | RunError::Host(_) => true,
        RunError::Limit { .. }
        | RunError::Exhausted(_)
        | RunError::Overloaded(_)
        | RunError::Cancelled
        | RunError::NotLoaded(_)
        // Whoever restarts it knows more than a circuit does.
        | RunError::Unavailable { .. }
        | RunError::Replaced => false,
    }
}

/// A tool's own error as its answer: a text for models, and `{"error": {"code", "message"}}` for machines. A missing capability is
/// the protocol's business.
pub(crate) fn tool_failed(error: ToolError) -> Result<ToolOutput, CallError> {
    let coded = match &error {
        ToolError::InvalidArguments(text) => Some(("invalid_argument", text)),
        ToolError::NotFound(text) => Some(("not_found", text)),
        ToolError::Denied(text) => Some(("unauthorized", text)),
        ToolError::Unavailable(text) => Some(("unavailable", text)),
        ToolError::Other(text) => text.as_ref().map(|text| ("failed", text)),
        ToolError::MissingCapability(_) | ToolError::Cancelled | ToolError::Failed(_) => None,
    };
    let structured = coded.map(|(code, message)| json!({"error": {"code": code, "message": message}}).to_string());
    let text = match error {
        ToolError::Failed(output) => return Ok(output),
        ToolError::MissingCapability(name) => return Err(CallError::MissingCapability(name)),
        ToolError::Cancelled => return Err(CallError::Cancelled),
        other => error_text(other),
    };
    Ok(ToolOutput { content: vec![Content::Text(text)], structured })
}

/// A resource's or prompt's own error.
pub(crate) fn entry_failed(error: ToolError) -> CallError {
    match error {
        ToolError::MissingCapability(name) => CallError::MissingCapability(name),
        ToolError::Cancelled => CallError::Cancelled,
        ToolError::Denied(text) => CallError::Denied(text),
        ToolError::Unavailable(reason) => CallError::Unavailable { reason, retry_after: None },
        ToolError::InvalidArguments(message) => CallError::InvalidArguments {
            tool: String::new(),
            violations: vec![Violation { pointer: String::new(), message }],
        },
        other => CallError::Internal(error_text(other)),
    }
}

fn error_text(error: ToolError) -> String {
    match error {
        ToolError::InvalidArguments(text) => format!("invalid arguments: {text}"),
        ToolError::NotFound(text) => format!("not found: {text}"),
        ToolError::Denied(text) => format!("denied: {text}"),
        ToolError::Unavailable(text) => format!("unavailable: {text}"),
        ToolError::Other(text) => text.unwrap_or_else(|| "the tool failed without a reason".to_owned()),
        ToolError::MissingCapability(_) | ToolError::Cancelled | ToolError::Failed(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_refuses_has_a_code() {
        let text = || "no".to_owned();
        for (error, code) in [
            (ToolError::InvalidArguments(text()), "invalid_argument"),
            (ToolError::NotFound(text()), "not_found"),
            (ToolError::Denied(text()), "unauthorized"),
            (ToolError::Unavailable(text()), "unavailable"),
            (ToolError::Other(Some(text())), "failed"),
        ] {
            let structured = tool_failed(error).unwrap().structured.unwrap();
            let structured: serde_json::Value = serde_json::from_str(&structured).unwrap();
            assert_eq!(structured, json!({"error": {"code": code, "message": "no"}}));
        }
        assert_eq!(tool_failed(ToolError::Other(None)).unwrap().structured, None, "it said nothing");
    }
}
