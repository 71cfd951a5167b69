//! The fields of a value, for conditions: `area`, or `size.width` for a member of a member.

use serde_json::Value;
use tandem_segments::filter::{Held, Record};

/// A value that conditions are tried on.
pub(crate) struct Fields<'v>(pub(crate) &'v Value);

impl Record for Fields<'_> {
    fn any(&self, field: &str, test: &mut dyn FnMut(Held<'_>) -> bool) -> bool {
        match find(self.0, field) {
            None | Some(Value::Null) => false,
            Some(Value::Array(elements)) => elements.iter().any(|element| test(held(element))),
            Some(value) => test(held(value)),
        }
    }
}

/// The member of that name, or by its path.
fn find<'v>(value: &'v Value, field: &str) -> Option<&'v Value> {
    if let Some(member) = value.get(field) {
        return Some(member);
    }
    field.split('.').try_fold(value, |value, name| value.get(name))
}

fn held(value: &Value) -> Held<'_> {
    match value {
        Value::Bool(value) => Held::Bool(*value),
        Value::Number(value) => value.as_f64().map_or(Held::Other, Held::Number),
        Value::String(value) => Held::Text(value),
        Value::Null | Value::Array(_) | Value::Object(_) => Held::Other,
    }
}
