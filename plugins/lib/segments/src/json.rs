//! A bound on how deep JSON nests.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// Parsers stop at 128 levels, and on its way to a client a value gets some more around it.
pub const MAX_JSON_DEPTH: usize = 64;

/// Refuses an object that nests deeper than [`MAX_JSON_DEPTH`].
pub fn check_depth(what: &str, object: &Map<String, Value>) -> Result<()> {
    if object.values().all(|value| is_within(value, MAX_JSON_DEPTH - 1)) {
        return Ok(());
    }
    Err(Error::invalid(format!("{what} nests JSON deeper than {MAX_JSON_DEPTH} levels; make it flatter")))
}

fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(elements) => levels > 0 && elements.iter().all(|element| is_within(element, levels - 1)),
        Value::Object(fields) => levels > 0 && fields.values().all(|field| is_within(field, levels - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_too_deep_is_refused() {
        for (levels, fits) in [(0, true), (63, true), (64, false), (120, false)] {
            let value = (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
            let object = Map::from_iter([("a".to_owned(), value)]);
            assert_eq!(check_depth("it", &object).is_ok(), fits, "{levels}");
        }
    }
}
