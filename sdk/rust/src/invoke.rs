//! Calls another tool through the router: as the same caller, within the remaining deadline, under a depth
//! limit. Needs the `invoke` grant.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Context, Error as AnyError, Result as AnyResult};
use crate::host;

pub use crate::bindings::tandem::host::invoke::{Error, Output};

/// Calls `tool` with `arguments`, a JSON object. A tool that says it failed is an answer, not an error:
/// see [`Output::is_error`].
///
/// # Errors
/// When the call was not run or gave no answer.
pub fn call_tool(tool: &str, arguments: &Value) -> Result<Output, Error> {
    host::invoke::call_tool(tool, &arguments.to_string())
}

/// Calls `tool` and reads its structured result.
///
/// # Errors
/// When the call gave no answer, the tool failed, or its result has another shape.
pub fn call<T: DeserializeOwned>(tool: &str, arguments: &Value) -> AnyResult<T> {
    let output = call_tool(tool, arguments).context(format_args!("calling `{tool}`"))?;
    if output.is_error {
        return Err(AnyError::other(format!("`{tool}` failed: {}", output.text())));
    }
    let Some(structured) = output.structured else {
        return Err(AnyError::other(format!("`{tool}` has no structured result: use call_tool")));
    };
    serde_json::from_str(&structured).context(format_args!("reading the result of `{tool}`"))
}

impl Output {
    /// The text blocks of the answer, one a line.
    pub fn text(&self) -> String {
        let blocks: Vec<Value> = serde_json::from_str(&self.content).unwrap_or_default();
        let texts: Vec<&str> = blocks.iter().filter_map(|block| block.get("text")?.as_str()).collect();
        texts.join("\n")
    }
}
