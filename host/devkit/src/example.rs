//! Arguments that fit a schema, to try a tool with.

use serde_json::{Map, Value, json};

/// Schemas nest as deep as their authors like; an example does not.
const DEPTH: usize = 4;

/// The required arguments of a tool, each with a small value. Not every schema can be met this way; the answer is something to begin
/// with.
pub(super) fn arguments(schema: &Value) -> Value {
    let mut arguments = Map::new();
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        let property = schema.pointer(&format!("/properties/{}", name.replace('~', "~0").replace('/', "~1")));
        arguments.insert(name.to_owned(), property.map_or(Value::Null, |property| value(schema, property, DEPTH)));
    }
    Value::Object(arguments)
}

fn value(root: &Value, schema: &Value, depth: usize) -> Value {
    let first = |key: &str| schema.get(key).and_then(Value::as_array).and_then(|all| all.first());
    if let Some(given) = schema.get("default").or(schema.get("const")).or(first("examples")).or(first("enum")) {
        return given.clone();
    }
    if depth == 0 {
        return Value::Null;
    }
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
    if let Some(target) = target.and_then(|pointer| root.pointer(pointer)) {
        return value(root, target, depth - 1);
    }
    if let Some(choice) = first("anyOf").or(first("oneOf")) {
        return value(root, choice, depth - 1);
    }
    let kind = schema.get("type");
    match kind.and_then(Value::as_str).or_else(|| kind?.as_array()?.first()?.as_str()) {
        Some("string") => json!("some text"),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") => json!([schema.get("items").map_or(Value::Null, |items| value(root, items, depth - 1))]),
        Some("object") => {
            let mut nested = schema.clone();
            if let (Some(nested), Some(shared)) = (nested.as_object_mut(), root.get("$defs")) {
                nested.insert("$defs".to_owned(), shared.clone());
            }
            arguments(&nested)
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_fits_its_schema() {
        let schema = json!({
            "type": "object",
            "required": ["text", "count", "tags", "color", "place", "from"],
            "properties": {
                "text": { "type": "string" }, "count": { "type": "integer", "minimum": 3 }, "more": { "type": "string" },
                "tags": { "type": "array", "items": { "type": "string" } }, "color": { "enum": ["red", "green"] },
                "place": { "$ref": "#/$defs/place" }, "from": { "type": "number", "default": 0.5 },
            },
            "$defs": { "place": { "type": "object", "required": ["x"], "properties": { "x": { "type": ["number", "null"] } } } },
        });
        let expected = json!({
            "text": "some text", "count": 3, "tags": ["some text"], "color": "red", "place": { "x": 1 }, "from": 0.5,
        });
        assert_eq!(arguments(&schema), expected);
        let endless = json!({ "required": ["a"], "properties": { "a": { "$ref": "#/properties/a" } } });
        assert_eq!(arguments(&endless), json!({ "a": null }));
    }
}
