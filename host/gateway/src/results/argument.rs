//! How the tools that read results are told which.

use tandem_router::{CallError, Violation};
use tandem_types::ContentId;

use super::handle::link_id;

/// The id in an argument: itself, or in the URI of the result.
///
/// # Errors
///
/// It is neither.
pub(super) fn id(tool: &str, text: &str) -> Result<ContentId, CallError> {
    link_id(text).unwrap_or(text).parse().map_err(|_| {
        invalid(
            tool,
            "/result",
            "is not the id of a result; give the `$result` of a handle, or its `tandem://result/…`",
        )
    })
}

/// What is wrong with one argument.
pub(super) fn invalid(tool: &str, pointer: &str, message: impl Into<String>) -> CallError {
    let violation = Violation { pointer: pointer.to_owned(), message: message.into() };
    CallError::InvalidArguments { tool: tool.to_owned(), violations: vec![violation] }
}
