//! Arguments within the bounds.

use serde_json::Map;
use tandem_json_depth::is_within;
use tandem_sdk::prelude::*;

use crate::limits::{MAX_DEPTH, MAX_ENTITY_CHARS, MAX_INPUTS, MAX_PARAMETERS_BYTES};

/// Refuses parameters that are too deep or too long.
pub(crate) fn parameters(parameters: &Map<String, Value>) -> Result<()> {
    if !parameters.values().all(|value| is_within(value, MAX_DEPTH - 1)) {
        return Err(Error::invalid_arguments(format!(
            "`parameters` nests deeper than {MAX_DEPTH} levels: make it flatter"
        )));
    }
    let bytes = serde_json::to_vec(parameters)?.len();
    if bytes > MAX_PARAMETERS_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`parameters` has {bytes} bytes as JSON; at most {MAX_PARAMETERS_BYTES} are kept"
        )));
    }
    Ok(())
}

/// Refuses inputs that are too many, have no name, or are the entity itself.
pub(crate) fn inputs(entity: &str, inputs: &[String]) -> Result<()> {
    if inputs.len() > MAX_INPUTS {
        return Err(Error::invalid_arguments(format!("`inputs` has {} items; at most {MAX_INPUTS}", inputs.len())));
    }
    for input in inputs {
        let count = input.chars().count();
        if count == 0 || count > MAX_ENTITY_CHARS {
            return Err(Error::invalid_arguments(format!(
                "`inputs` has a name of {count} characters; use 1 to {MAX_ENTITY_CHARS}"
            )));
        }
        if input == entity {
            return Err(Error::invalid_arguments(format!(
                "`inputs` has `{entity}` itself: give versions names of their own"
            )));
        }
    }
    Ok(())
}

/// A SHA-256 in lower case, or nothing.
pub(crate) fn sha256(text: Option<String>) -> Result<String> {
    let Some(text) = text else { return Ok(String::new()) };
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::invalid_arguments("`content_sha256` must be 64 hexadecimal digits"));
    }
    Ok(text.to_ascii_lowercase())
}
