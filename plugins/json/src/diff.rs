//! The difference of two documents, as a JSON Patch.

use tandem_sdk::prelude::*;

use crate::input::check_output;

/// How two documents differ.
#[output]
#[derive(Debug)]
pub struct Difference {
    /// Whether they are equal; the order of members does not count.
    pub equal: bool,
    /// The JSON Patch (RFC 6902) that makes the second of the first; `json_patch` applies it.
    pub patch: Vec<Value>,
}

/// Compares two documents.
pub fn compare(before: &Value, after: &Value) -> Result<Difference> {
    let patch = serde_json::to_value(json_patch::diff(before, after))?;
    check_output(&patch, "the difference")?;
    let patch = match patch {
        Value::Array(operations) => operations,
        _ => Vec::new(),
    };
    Ok(Difference { equal: patch.is_empty(), patch })
}
