//! Arguments within the bounds.

use tandem_json_depth::is_within;
use tandem_sdk::prelude::*;

use crate::limits::{MAX_COLLECTION_BYTES, MAX_DEPTH, MAX_ID_CHARS, MAX_IDS, MAX_TAG_CHARS, MAX_TAGS, MAX_VALUE_BYTES};

/// Refuses what is no name of a collection.
pub(crate) fn collection(argument: &str, name: &str) -> Result<()> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    if name.is_empty() || name.len() > MAX_COLLECTION_BYTES || !name.bytes().all(legal) {
        return Err(Error::invalid_arguments(format!(
            "`{argument}` must be 1 to {MAX_COLLECTION_BYTES} letters, digits, `_`, `.` and `-`"
        )));
    }
    Ok(())
}

/// Refuses what is no id.
pub(crate) fn id(argument: &str, id: &str) -> Result<()> {
    text(argument, id, MAX_ID_CHARS)
}

/// Refuses lists of ids that are empty or too long.
pub(crate) fn ids(ids: &[String]) -> Result<()> {
    if ids.is_empty() || ids.len() > MAX_IDS {
        return Err(Error::invalid_arguments(format!("`ids` has {} items; give 1 to {MAX_IDS}", ids.len())));
    }
    ids.iter().try_for_each(|one| id("ids", one))
}

fn text(argument: &str, text: &str, bound: usize) -> Result<()> {
    let count = text.chars().count();
    if count == 0 || count > bound {
        return Err(Error::invalid_arguments(format!(
            "`{argument}` has a text of {count} characters; use 1 to {bound}"
        )));
    }
    Ok(())
}

/// Tags, sorted and each once.
pub(crate) fn tags(mut tags: Vec<String>) -> Result<Vec<String>> {
    if tags.len() > MAX_TAGS {
        return Err(Error::invalid_arguments(format!("`tags` has {} items; at most {MAX_TAGS} are kept", tags.len())));
    }
    tags.iter().try_for_each(|tag| text("tags", tag, MAX_TAG_CHARS))?;
    tags.sort_unstable();
    tags.dedup();
    Ok(tags)
}

/// Refuses values that are too deep or too long.
pub(crate) fn value(value: &Value) -> Result<()> {
    if !is_within(value, MAX_DEPTH) {
        return Err(Error::invalid_arguments(format!("`value` nests deeper than {MAX_DEPTH} levels: make it flatter")));
    }
    let bytes = serde_json::to_vec(value)?.len();
    if bytes > MAX_VALUE_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`value` has {bytes} bytes as JSON; at most {MAX_VALUE_BYTES} are kept: split it over several items"
        )));
    }
    Ok(())
}
