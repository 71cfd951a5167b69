//! What is said of alternatives.

use serde_json::{Value, json};

use super::{limits::MAX_TEXT, *};

fn told(schema: &Value, value: &Value) -> Vec<(String, String)> {
    match Schema::compile(schema).unwrap().check(schema, value, Effort::Full) {
        Err(Unfit::Violations(violations)) => violations,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn tells(schema: &Value, value: Value, place: &str, parts: &[&str]) {
    let found = told(schema, &value);
    assert!(
        found.iter().any(|(at, message)| at == place && parts.iter().all(|part| message.contains(part))),
        "wanted {place}: {parts:?}, found {found:?}"
    );
    assert!(found.iter().all(|(_, message)| !message.contains("any of the schemas")), "{found:?}");
}

/// Steps that are told apart by a constant member, as of a tool that processes tables.
fn steps() -> Value {
    let step = |name: &str, more: Value, required: Value| {
        let mut properties = json!({"step": {"type": "string", "const": name}});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    };
    json!({"type": "object", "properties": {"steps": {"type": "array", "items": {"oneOf": [
        step("filter", json!({"condition": {"$ref": "#/$defs/condition"}}), json!(["step", "condition"])),
        step("sort", json!({"by": {"type": "array", "items": {"type": "object", "properties": {
            "column": {"type": "string"}, "order": {"type": "string", "enum": ["asc", "desc"]}
        }, "required": ["column"], "additionalProperties": false}}}), json!(["step", "by"])),
    ]}}}, "$defs": {"condition": {"type": "object", "properties": {
        "op": {"oneOf": [{"const": "eq", "description": "Equal."}, {"const": "gte", "description": "At least."}]},
        "column": {"type": "string"}, "args": {"type": "array", "items": {"$ref": "#/$defs/condition"}}
    }, "required": ["op"], "additionalProperties": false}}})
}

#[test]
fn the_alternative_of_the_constant_member_is_meant() {
    let schema = steps();
    tells(&schema, json!({"steps": [{"step": "sort", "by": ["x"]}]}), "/steps/0/by/0", &["\"object\""]);
    tells(
        &schema,
        json!({"steps": [{"step": "sort", "by": [{"colum": "x"}]}]}),
        "/steps/0/by/0",
        &["\"column\"", "required"],
    );
    tells(&schema, json!({"steps": [{"step": "sort"}]}), "/steps/0", &["\"by\"", "required"]);
    tells(&schema, json!({"steps": [{"step": "sort", "by": [], "desc": true}]}), "/steps/0", &["`desc`", "`by`"]);
    tells(
        &schema,
        json!({"steps": [{"step": "filtr"}]}),
        "/steps/0/step",
        &["\"filter\", \"sort\"", "nearest is \"filter\""],
    );
    tells(&schema, json!({"steps": [{"by": []}]}), "/steps/0", &["`step` is missing", "\"filter\", \"sort\""]);
    tells(&schema, json!({"steps": ["sort"]}), "/steps/0", &["\"object\""]);
    let deep = json!({"op": "and", "column": "x"});
    let deep = json!({"steps": [{"step": "filter", "condition": {"op": "eq", "args": [{"op": "eq"}, deep]}}]});
    tells(&schema, deep, "/steps/0/condition/args/1/op", &["\"eq\", \"gte\""]);
    tells(
        &schema,
        json!({"steps": [{"step": "sort", "by": [{"column": "x", "order": "down"}]}]}),
        "/steps/0/by/0/order",
        &["not one of \"asc\", \"desc\""],
    );
}

#[test]
fn the_alternative_of_the_only_member_is_meant() {
    let comparison = json!({"type": "object", "properties": {"field": {"type": "string"}, "value": {"type": "string"}},
        "required": ["field", "value"], "additionalProperties": false});
    let one = |key: &str| json!({"type": "object", "properties": {key: comparison}, "required": [key], "additionalProperties": false});
    let schema = json!({"properties": {"filter": {"oneOf": [one("eq"), one("lte"), one("gte")]}}});
    tells(&schema, json!({"filter": {"lang": "en"}}), "/filter", &["`eq`, `lte`, `gte`", "it has `lang`"]);
    tells(&schema, json!({"filter": {"eq": {"field": "lang"}}}), "/filter/eq", &["\"value\"", "required"]);
    tells(&schema, json!({"filter": {"gt": {"field": "a", "value": "b"}}}), "/filter", &["`gt` (did you mean `gte`?)"]);
    tells(&schema, json!({"filter": []}), "/filter", &["\"object\""]);
    let both = json!({"filter": {"eq": {"field": "a", "value": "b"}, "gte": {"field": "a", "value": "b"}}});
    tells(&schema, both, "/filter", &["`gte`"]);
}

#[test]
fn optional_enumerations_name_their_values() {
    for units in [
        json!({"anyOf": [{"type": "string", "enum": ["metric", "imperial"]}, {"type": "null"}]}),
        json!({"anyOf": [{"oneOf": [{"const": "metric"}, {"const": "imperial"}]}, {"type": "null"}]}),
        json!({"anyOf": [{"$ref": "#/$defs/units"}, {"type": "null"}]}),
        json!({"oneOf": [{"const": "metric", "description": "km"}, {"const": "imperial", "description": "miles"}]}),
    ] {
        let schema = json!({"properties": {"units": units}, "$defs": {"units": {"enum": ["metric", "imperial"]}}});
        tells(&schema, json!({"units": "kelvin"}), "/units", &["not one of \"metric\", \"imperial\""]);
        tells(&schema, json!({"units": "Metrik"}), "/units", &["the nearest is \"metric\""]);
    }
}

#[test]
fn alternatives_of_several_types_are_told_apart_by_the_type() {
    let schema = json!({"properties": {"tool": {"anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        {"type": "integer", "minimum": 5},
        {"type": "number", "maximum": 0.5}
    ]}}});
    tells(&schema, json!({"tool": ["a", 1]}), "/tool/1", &["\"string\""]);
    tells(&schema, json!({"tool": ""}), "/tool", &["1 character"]);
    tells(&schema, json!({"tool": {}}), "/tool", &["types", "\"array\"", "\"string\""]);
    tells(&schema, json!({"tool": 3}), "/tool", &["none of", "number"]);
}

#[test]
fn what_cannot_be_told_apart_is_listed() {
    let one = |more: &str| json!({"type": "object", "properties": {"a": {"type": "string", "pattern": more}}, "required": ["a"]});
    let schema = json!({"oneOf": [one("^x"), one("^xy")]});
    tells(&schema, json!({"a": "z"}), "", &["none of: an object with `a`; an object with `a`"]);
    tells(&schema, json!({"a": "xyz"}), "", &["more than one of"]);
}

#[test]
fn what_fits_one_alternative_is_not_blamed_for_another_place() {
    let schema = json!({"properties": {
        "a": {"anyOf": [{"properties": {"x": {"type": "integer"}}}, {"properties": {"y": {"type": "integer"}}}]},
        "b": {"type": "string"},
        "c": {"not": {"anyOf": [{"const": 1}, {"const": 2}]}}
    }});
    let found = told(&schema, &json!({"a": {"x": "text", "y": 1}, "b": 1, "c": 3}));
    assert_eq!(found.iter().map(|(place, _)| place.as_str()).collect::<Vec<_>>(), ["/b"], "{found:?}");
    assert_eq!(told(&schema, &json!({"c": 2})).len(), 1);
}

#[test]
fn an_authors_own_use_of_the_keyword_means_nothing() {
    let schema = json!({"properties": {"a": {"tandem:expected": {"values": [1]}, "type": "string"}}});
    assert!(Schema::compile(&schema).unwrap().check(&schema, &json!({"a": "x"}), Effort::Brief).is_ok());
}

#[test]
fn a_value_wrong_in_many_members_is_told_in_few_words() {
    let names: serde_json::Map<_, _> = (0..2000).map(|i| (format!("name{i}"), json!({"type": "string"}))).collect();
    let schema = json!({"properties": names, "additionalProperties": false});
    let value: serde_json::Map<_, _> = (0..100_000).map(|i| (format!("other{i}"), json!(1))).collect();
    let start = std::time::Instant::now();
    let found = told(&schema, &Value::Object(value));
    assert!(found.iter().all(|(_, message)| message.len() < 2 * MAX_TEXT) && start.elapsed().as_secs() < 20);
}
