//! JSONPath (RFC 9535).

use serde_json_path::JsonPath;
use tandem_sdk::prelude::*;

use crate::input::check_output;
use crate::limits::{MAX_PATH_VISITS, MAX_PROGRAM_BYTES, MAX_PROGRAM_NESTING};

/// One value that was found.
#[output]
#[derive(Debug)]
pub struct Match {
    /// Where it is: a JSON Pointer, as `json_patch` takes it.
    pub pointer: String,
    /// The value.
    pub value: Value,
}

/// What a path found.
#[output]
#[derive(Debug)]
pub struct Found {
    /// The values of this page, in document order.
    pub matches: Vec<Match>,
    /// How many there are in all.
    pub total: u64,
    /// Where the next page begins, if there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Finds the values that a path names.
pub fn find(document: &Value, path: &str, limit: u32, cursor: Option<&str>) -> Result<Found> {
    check(document, path)?;
    let parsed = JsonPath::parse(path).map_err(|error| {
        Error::invalid_arguments(format!(
            "`expression` is not valid JSONPath: {error}; as `$.store.book[?@.price < 10].title`"
        ))
    })?;
    let skip: usize = match cursor {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| Error::invalid_arguments("`cursor` must be a `next_cursor`"))?,
    };
    let nodes = parsed.query_located(document);
    let total = nodes.len();
    let matches: Vec<Match> = nodes
        .iter()
        .skip(skip)
        .take(limit as usize)
        .map(|node| Match { pointer: node.location().to_json_pointer(), value: node.node().clone() })
        .collect();
    for found in &matches {
        check_output(&found.value, "one match")?;
    }
    let end = skip.saturating_add(matches.len());
    Ok(Found { matches, total: total as u64, next_cursor: (end < total).then(|| end.to_string()) })
}

/// Refuses paths whose work is out of proportion: each `..` may visit the document once for each of its nodes.
fn check(document: &Value, path: &str) -> Result<()> {
    if path.is_empty() || path.len() > MAX_PROGRAM_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`expression` has 1 to {MAX_PROGRAM_BYTES} bytes, as `$.items[*].name`"
        )));
    }
    if path.bytes().filter(|byte| b"([".contains(byte)).count() > MAX_PROGRAM_NESTING * 2 {
        return Err(Error::invalid_arguments(format!(
            "`expression` has more than {} brackets",
            MAX_PROGRAM_NESTING * 2
        )));
    }
    let nodes = count(document);
    let deep = path.matches("..").count() + path.matches('?').count();
    let visits = (0..deep).fold(1, |visits: usize, _| visits.saturating_mul(nodes));
    if deep > 1 && visits > MAX_PATH_VISITS {
        return Err(Error::invalid_arguments(format!(
            "`expression` has {deep} of `..` and `?` for a document of {nodes} values: name the members instead"
        )));
    }
    Ok(())
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        _ => 1,
    }
}
