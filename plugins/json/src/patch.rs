//! JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396).

use json_patch::{Patch, PatchOperation};
use tandem_sdk::prelude::*;

use crate::input::{check_output, depth, size};
use crate::limits::{MAX_DEPTH, MAX_INPUT_BYTES, MAX_OPERATIONS};

/// A document after its changes.
#[output]
#[derive(Debug)]
pub struct Patched {
    /// The document.
    pub value: Value,
    /// How many operations were applied; 1 for a merge patch.
    pub applied: u64,
}

/// Applies operations, all or none.
pub fn apply(mut document: Value, operations: Vec<Value>) -> Result<Patched> {
    if operations.len() > MAX_OPERATIONS {
        return Err(Error::invalid_arguments(format!(
            "`patch` has {} operations; at most {MAX_OPERATIONS} are applied",
            operations.len()
        )));
    }
    let patch: Patch = serde_json::from_value(Value::Array(operations)).map_err(|error| {
        Error::invalid_arguments(format!(
            "`patch`: {error}; an operation is as {{\"op\": \"replace\", \"path\": \"/a/0\", \"value\": 1}}"
        ))
    })?;
    let mut copied = 0_usize;
    for (at, operation) in patch.0.iter().enumerate() {
        let grows = growth(&document, operation);
        copied = copied.saturating_add(grows.bytes);
        if grows.depth > MAX_DEPTH {
            return Err(Error::invalid_arguments(format!("`patch[{at}]` nests deeper than {MAX_DEPTH} levels")));
        }
        if copied > MAX_INPUT_BYTES {
            return Err(Error::invalid_arguments(format!(
                "`patch[{at}]` copies more than {MAX_INPUT_BYTES} bytes in all"
            )));
        }
        json_patch::patch_unsafe(&mut document, std::slice::from_ref(operation)).map_err(|error| {
            Error::invalid_arguments(format!("`patch[{at}]` at `{}`: {}; nothing was changed", error.path, error.kind))
        })?;
    }
    check_output(&document, "the result")?;
    Ok(Patched { value: document, applied: patch.0.len() as u64 })
}

/// Merges a patch into a document: members of `null` are removed, others replaced.
pub fn merge(mut document: Value, patch: &Value) -> Result<Patched> {
    // Levels of a merge are those of its deeper side.
    if depth(patch) > MAX_DEPTH {
        return Err(Error::invalid_arguments(format!("`merge` nests deeper than {MAX_DEPTH} levels")));
    }
    json_patch::merge(&mut document, patch);
    check_output(&document, "the result")?;
    Ok(Patched { value: document, applied: 1 })
}

/// What an operation may make of a document.
struct Growth {
    bytes: usize,
    depth: usize,
}

fn growth(document: &Value, operation: &PatchOperation) -> Growth {
    let levels = operation.path().as_str().matches('/').count();
    let moved =
        |from: &str| document.pointer(from).map_or((0, 0), |value| (depth(value), size(value, MAX_INPUT_BYTES)));
    let (depth, bytes) = match operation {
        PatchOperation::Add(add) => (depth(&add.value), 0),
        PatchOperation::Replace(replace) => (depth(&replace.value), 0),
        PatchOperation::Move(from) => (moved(from.from.as_str()).0, 0),
        PatchOperation::Copy(from) => moved(from.from.as_str()),
        PatchOperation::Remove(_) | PatchOperation::Test(_) => (0, 0),
    };
    Growth { bytes, depth: levels + depth }
}
