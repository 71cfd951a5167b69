//! The output schema of a tool as it is listed where its result may come as a handle.

use serde_json::{Map, Value, json};

use super::handle::{HANDLE, RESULT};

/// Keywords at the root of a schema that a handle may not fit. What they say of a result cannot be kept apart from what it says of
/// a handle, as the members that are required can.
const OF_ALL: [&str; 19] = [
    "$dynamicRef",
    "$ref",
    "allOf",
    "anyOf",
    "const",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "enum",
    "if",
    "maxProperties",
    "minProperties",
    "not",
    "oneOf",
    "patternProperties",
    "propertyNames",
    "then",
    "unevaluatedProperties",
    "dependencies",
];

/// A schema that a tool's own results fit, and handles: what it says of its members stands, and only which are required
/// depends. None where that cannot be said; the tool is listed without a schema then.
pub(crate) fn listed_schema(own: &Map<String, Value>) -> Option<Map<String, Value>> {
    if own.keys().any(|key| OF_ALL.contains(&key.as_str())) {
        return None;
    }
    let mut listed = own.clone();
    if let Some(required) = listed.remove("required") {
        listed.insert("anyOf".to_owned(), json!([{ "required": required }, { "required": [RESULT, HANDLE] }]));
    }
    let properties = listed.entry("properties").or_insert_with(|| Map::new().into()).as_object_mut()?;
    if properties.contains_key(RESULT) || properties.contains_key(HANDLE) {
        return None;
    }
    properties.insert(RESULT.to_owned(), json!({ "type": "string" }));
    let description = "Of a result that is too large for a message: uri, media_type, bytes, expires_at, preview.";
    properties.insert(HANDLE.to_owned(), json!({ "type": "object", "description": description }));
    Some(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(own: &Value) -> Option<Value> {
        listed_schema(own.as_object().unwrap()).map(Value::Object)
    }

    #[test]
    fn results_and_handles_fit_and_nothing_else() {
        let own = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "$defs": {"row": {"type": "object", "properties": {"next": {"$ref": "#/$defs/row"}}, "required": ["id"]}},
            "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/row"}}, "uri": {"type": "integer"}},
            "required": ["rows"], "additionalProperties": false,
        });
        let listed = listed(&own).unwrap();
        assert_eq!((&listed["type"], &listed["$defs"]), (&json!("object"), &own["$defs"]));
        assert_eq!(listed["properties"]["rows"], own["properties"]["rows"]);
        let fits = jsonschema::draft202012::new(&listed).unwrap();
        for (value, is_valid) in [
            (json!({"rows": [{"id": 1, "next": {"id": 2}}]}), true),
            (json!({"$result": "bafk", "$handle": {"uri": "u"}}), true),
            (json!({"rows": [{"id": 1, "next": {}}]}), false),
            (json!({"rows": [], "more": 1}), false),
            (json!({"$result": "b"}), false),
            (json!({}), false),
        ] {
            assert_eq!(fits.is_valid(&value), is_valid, "{value}");
        }
    }

    #[test]
    fn a_schema_that_cannot_say_so_is_left_out() {
        for own in [
            json!({"oneOf": [{"type": "object"}]}),
            json!({"type": "object", "minProperties": 3}),
            json!({"type": "object", "properties": {"$result": {}}}),
        ] {
            assert_eq!(listed(&own), None, "{own}");
        }
        assert_eq!(listed(&json!({"type": "object"})).unwrap().get("anyOf"), None, "every object fits");
    }
}
