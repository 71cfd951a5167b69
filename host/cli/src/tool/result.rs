//! The answer of a tool.

use std::io::Write as _;

use rmcp::model::CallToolResult;
use tandem_client::content_text;

use crate::terminal;

/// Prints the answer: its structured result, else its content.
pub(crate) fn print_result(result: &CallToolResult, json: bool) -> std::io::Result<()> {
    let has_error_text = result.is_error == Some(true) && !result.content.is_empty();
    match result.structured_content.as_ref().filter(|_| !has_error_text) {
        _ if json => terminal::print_json(result),
        Some(structured) => terminal::print_json(structured),
        None => result.content.iter().try_for_each(|block| writeln!(terminal::out(), "{}", content_text(block))),
    }
}
