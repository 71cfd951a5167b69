use serde_json::{Value, json};

use super::{limits::MAX_TEXT, *};

fn check(schema: &Value, value: &Value, effort: Effort) -> Result<(), Unfit> {
    Schema::compile(schema).unwrap().check(schema, value, effort)
}

fn places(schema: &Value, value: &Value) -> Vec<String> {
    match check(schema, value, Effort::Full) {
        Err(Unfit::Violations(violations)) => violations.into_iter().map(|(place, _)| place).collect(),
        other => panic!("{other:?}"),
    }
}

/// A filter as many tools have one.
fn filter() -> Value {
    json!({
        "type": "object",
        "properties": {"filter": {"$ref": "#/$defs/filter"}},
        "$defs": {"filter": {"anyOf": [
            {"type": "object", "properties": {"all": {"type": "array", "items": {"$ref": "#/$defs/filter"}}}, "required": ["all"]},
            {"type": "object", "properties": {"any": {"type": "array", "items": {"$ref": "#/$defs/filter"}}}, "required": ["any"]},
            {"type": "object", "properties": {"not": {"$ref": "#/$defs/filter"}}, "required": ["not"]},
            {"type": "object", "properties": {"field": {"type": "string"}, "is": {"type": "string"}},
             "required": ["field", "is"], "additionalProperties": false}
        ]}}
    })
}

fn nested(leaf: Value, depth: usize) -> Value {
    let value = (0..depth).fold(leaf, |value, _| json!({"all": [value]}));
    json!({"filter": value})
}

#[test]
fn all_violations_of_a_small_value_are_named() {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "required": ["a", "b", "c"]
    });
    assert_eq!(places(&schema, &json!({"a": "x", "b": 1, "c": 1})), ["/a", "/b"]);
    let Err(Unfit::Violations(found)) = check(&schema, &json!({"a": 1, "b": 1, "c": 1}), Effort::Brief) else {
        panic!()
    };
    assert_eq!(found[0].1, "the value is not of types \"null\", \"string\"");
    let Err(Unfit::Violations(found)) = check(&schema, &json!({"a": 1, "b": null}), Effort::Brief) else { panic!() };
    assert!(found[0].1.contains("\"c\""), "{found:?}");
}

#[test]
fn what_fits_passes_and_what_does_not_is_named_by_its_parameter() {
    let schema = filter();
    for depth in [0, 1, 14, 50] {
        assert_eq!(check(&schema, &nested(json!({"field": "a", "is": "b"}), depth), Effort::Brief), Ok(()), "{depth}");
        let place = format!("/filter{}", "/all/0".repeat(depth));
        assert_eq!(places(&schema, &nested(json!({"field": "a", "isnt": "b"}), depth)), [place], "{depth}");
    }
    // It fits not, which is soon seen; where, takes longer.
    let deep = nested(json!({"field": "a", "isnt": "b"}), 50);
    assert_eq!(check(&schema, &deep, Effort::Brief), Err(Unfit::Effort));
    let mut items = vec![json!({"field": "a", "is": "b"}); 10_000];
    items.push(json!({"field": "a", "is": []}));
    let wide = json!({"filter": {"all": items}});
    assert_eq!(check(&schema, &wide, Effort::Brief), Err(Unfit::Effort));
    assert_eq!(places(&schema, &wide), ["/filter/all/10000/is"]);
}

/// Each level of the first one is tried twice; each reference of the second one leads to two.
fn exponential() -> [(Value, Value); 3] {
    let doubled = |keyword: &str| {
        json!({"properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": (0..60).map(|i| {
            let next = json!({"$ref": format!("#/$defs/d{}", i + 1)});
            (format!("d{i}"), json!({keyword: [next.clone(), next]}))
        }).chain([("d60".to_owned(), json!({"type": "string", "minLength": 3}))]).collect::<serde_json::Map<_, _>>()})
    };
    let branch = |key: &str| json!({"properties": {"x": {"$ref": "#"}}, "required": [key]});
    let like = json!({"anyOf": [branch("a"), branch("b"), branch("c"), {"type": "null"}]});
    let deep = (0..100).fold(json!(1), |value, _| json!({"x": value}));
    [(like, deep), (doubled("anyOf"), json!({"x": "a"})), (doubled("allOf"), json!({"x": "abc"}))]
}

#[test]
fn no_schema_makes_a_check_take_for_ever() {
    for (i, (schema, value)) in exponential().into_iter().enumerate() {
        let start = std::time::Instant::now();
        drop(check(&schema, &value, Effort::Brief));
        let full = check(&schema, &value, Effort::Full);
        // Hours to ages without a bound.
        assert!(start.elapsed().as_secs() < 60, "{i}: {full:?} after {:?}", start.elapsed());
        let told = full.expect_err("it ends before it knows, or it does not fit").violations();
        assert_eq!(told.len(), 1);
    }
}

#[test]
fn many_alternatives_over_many_items_are_too_many() {
    let branches: Vec<_> = (0..2000).map(|i| json!({"items": {"type": "string", "maxLength": i}})).collect();
    let mut items = vec![json!(""); 100_000];
    let schema = json!({"anyOf": branches});
    assert_eq!(check(&schema, &json!(items), Effort::Full), Ok(()), "a large value alone is not too much");
    items.push(json!(1));
    assert_eq!(check(&schema, &json!(items), Effort::Full), Err(Unfit::Effort));
    let patterns: serde_json::Map<_, _> = (0..1000).map(|i| (format!("^a{i}"), json!(false))).collect();
    let names: serde_json::Map<_, _> = (0..100_000).map(|i| (format!("b{i}"), json!(1))).collect();
    assert_eq!(check(&json!({"patternProperties": patterns}), &Value::Object(names), Effort::Full), Err(Unfit::Effort));
}

#[test]
fn texts_of_violations_are_bounded() {
    let schema = json!({"type": "object", "additionalProperties": false});
    let key = "k".repeat(1 << 20);
    let value = json!({key.as_str(): 1});
    let Err(Unfit::Violations(found)) = check(&schema, &value, Effort::Full) else { panic!() };
    assert!(found.iter().all(|(place, message)| place.len() + message.len() < 3 * MAX_TEXT));
    let Err(Unfit::Violations(found)) =
        check(&json!({"additionalProperties": {"type": "string"}}), &value, Effort::Full)
    else {
        panic!()
    };
    assert!(found[0].0.len() < 2 * MAX_TEXT);
}

#[test]
fn the_authors_own_references_and_unevaluated_properties_mean_what_they_say() {
    let schema = json!({
        "allOf": [{"properties": {"a": {"type": "string"}}}],
        "properties": {"b": {"$ref": "#/allOf/0/properties/a"}, "c": {"$ref": "#/anyOf/0"}},
        "anyOf": [{"type": "object"}, {"type": "string"}],
        "unevaluatedProperties": false
    });
    assert_eq!(check(&schema, &json!({"a": "x", "b": "y", "c": {}}), Effort::Brief), Ok(()));
    assert!(check(&schema, &json!({"b": 1}), Effort::Brief).is_err());
    assert!(check(&schema, &json!({"d": 1}), Effort::Brief).is_err());
    let data = json!({"const": {"properties": {"x": 1}, "$ref": "#/nowhere"}});
    assert_eq!(check(&data, &json!({"properties": {"x": 1}, "$ref": "#/nowhere"}), Effort::Brief), Ok(()));
}

#[test]
fn references_lead_where_they_say() {
    let schema = json!({
        "$id": "https://example.com/s", "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"List<int>": {"items": {"$ref": "#whole"}}, "i": {"$anchor": "whole", "type": "integer"}, "a/b": false},
        "properties": {
            "a": {"$ref": "#/$defs/List%3Cint%3E"}, "b": {"$ref": "https://example.com/s#/$defs/i"}, "c": {"$ref": "#"},
            "d": {"$ref": "#/$defs/a~1b"}, "const": {"type": "string"}, "e": {"$ref": "#/properties/const"}
        }
    });
    assert_eq!(check(&schema, &json!({"a": [1], "b": 1, "c": {"c": {"a": []}}, "e": "x"}), Effort::Brief), Ok(()));
    for (value, place) in [
        (json!({"a": [1, "x"]}), "/a/1"),
        (json!({"b": "x"}), "/b"),
        (json!({"c": {"c": {"a": [1.5]}}}), "/c/c/a/0"),
        (json!({"d": 1}), "/d"),
        (json!({"e": 1}), "/e"),
    ] {
        assert_eq!(places(&schema, &value), [place]);
    }
    for wrong in [
        json!({"$ref": "#/$defs/none"}),
        json!({"$ref": "https://example.com/other"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"properties": {"a": {"$id": "x", "type": "string"}}}),
    ] {
        assert!(Schema::compile(&wrong).is_err(), "{wrong}");
    }
}
