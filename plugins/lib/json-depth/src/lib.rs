//! How deep a JSON value nests. A value that is kept is read back by recursion, here and in clients, on small stacks.

use serde_json::Value;

/// Whether a value nests arrays and objects at most `levels` deep. A number, string, boolean or null has none.
#[must_use]
pub fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(fields) => levels > 0 && fields.values().all(|field| is_within(field, levels - 1)),
        _ => true,
    }
}
