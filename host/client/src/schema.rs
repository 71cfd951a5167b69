//! Which JSON types the schema of a parameter takes.

use serde_json::{Map, Value};

/// References and alternatives that are followed: deeper ones take anything.
const MAX_DEPTH: usize = 8;

/// Whether a value has a type that the schema of a tool's input takes for a parameter. What it does not describe takes
/// anything; what is wrong in other ways is for the host to say.
pub(crate) fn accepts(input: &Map<String, Value>, parameter: &str, value: &Value) -> bool {
    let properties = input.get("properties").and_then(Value::as_object);
    properties
        .and_then(|properties| properties.get(parameter))
        .is_none_or(|schema| takes(input, schema, value, MAX_DEPTH))
}

fn takes(root: &Map<String, Value>, schema: &Value, value: &Value, depth: usize) -> bool {
    if depth == 0 {
        return true;
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return find(root, reference).is_none_or(|target| takes(root, target, value, depth - 1));
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return values.iter().any(|one| same_type(one, value));
    }
    if let Some(one) = schema.get("const") {
        return same_type(one, value);
    }
    for either in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = schema.get(either) {
            return branches.iter().any(|branch| takes(root, branch, value, depth - 1));
        }
    }
    match schema.get("type") {
        Some(Value::String(name)) => is(name, value),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(|name| is(name, value)),
        _ => true,
    }
}

/// The target of `#/$defs/NAME`.
fn find<'s>(root: &'s Map<String, Value>, reference: &str) -> Option<&'s Value> {
    let mut path = reference.strip_prefix("#/")?.split('/');
    let first = root.get(path.next()?)?;
    path.try_fold(first, |value, name| value.get(name.replace("~1", "/").replace("~0", "~")))
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" | "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

fn same_type(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}
