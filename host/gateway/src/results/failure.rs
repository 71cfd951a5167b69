//! What a caller is told of a result that it does not get.

use tandem_router::CallError;
use tandem_store::ResultError;

/// Unknown, expired and of another tenant are the same. What is wrong with the host's files is in its log.
pub(crate) fn failed(error: ResultError) -> CallError {
    match error {
        ResultError::NotFound(id) => CallError::NotFound { kind: "result", name: id, near: Vec::new() },
        other => CallError::Internal(format!("results: {other}")),
    }
}
