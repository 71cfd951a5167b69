//! Filters against a plain reading of what they say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure fails the test"
)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tandem_filters::Comparison;
use tandem_segments::filter::{Filter, MAX_DEPTH, Scalar};

fn filter(value: Value) -> Filter {
    serde_json::from_value(value).unwrap()
}

fn matches(condition: Value, record: Value) -> bool {
    let Value::Object(record) = record else { panic!("a record is an object") };
    filter(condition).matches(&record)
}

fn compare(op: &str, field: &str, value: Value) -> Value {
    json!({ op: { "field": field, "value": value } })
}

#[test]
fn comparisons_keep_to_their_type() {
    let record = json!({ "n": 3, "s": "b", "t": true, "z": null, "o": {} });
    for (op, field, value, expected) in [
        ("eq", "n", json!(3.0), true),
        ("eq", "n", json!("3"), false),
        ("eq", "t", json!(true), true),
        ("eq", "t", json!("true"), false),
        ("ne", "n", json!(4), true),
        ("ne", "missing", json!(4), true),
        ("ne", "s", json!("b"), false),
        ("lt", "n", json!(3), false),
        ("lte", "n", json!(3), true),
        ("gt", "s", json!("a"), true),
        ("gte", "s", json!("c"), false),
        ("gt", "s", json!(0), false),
        ("lt", "missing", json!(0), false),
        ("lt", "z", json!(0), false),
        ("eq", "o", json!(0), false),
    ] {
        assert_eq!(matches(compare(op, field, value.clone()), record.clone()), expected, "{field} {op} {value}");
    }
    let exists = |field: &str| matches(json!({ "exists": { "field": field } }), record.clone());
    assert!(exists("t") && exists("o") && !exists("z") && !exists("missing"));
}

#[test]
fn texts_are_looked_into() {
    let record = json!({ "s": "Buenos Aires", "tags": ["north", "South"], "n": 5 });
    let text = |op: &str, field: &str, text: &str, ignore_case: bool| json!({ "op": op, "field": field, "text": text, "ignore_case": ignore_case });
    for (condition, expected) in [
        (text("contains", "s", "nos", false), true),
        (text("starts_with", "s", "buenos", false), false),
        (text("starts_with", "s", "BUENOS", true), true),
        (text("ends_with", "tags", "TH", true), true),
        (text("ends_with", "tags", "uth", false), true),
        (text("contains", "n", "5", false), false),
        (json!({ "op": "is_null", "field": "missing" }), true),
        (json!({ "op": "le", "column": "n", "value": 5 }), true),
    ] {
        assert_eq!(matches(condition.clone(), record.clone()), expected, "{condition}");
    }
}

#[test]
fn a_list_matches_by_any_element() {
    let record = json!({ "tags": ["a", "b"] });
    assert!(matches(compare("eq", "tags", json!("b")), record.clone()));
    assert!(!matches(compare("ne", "tags", json!("b")), record.clone()));
    assert!(matches(json!({ "in": { "field": "tags", "values": ["x", "a"] } }), record.clone()));
    assert!(!matches(json!({ "in": { "field": "tags", "values": [] } }), record));
}

#[test]
fn a_filter_that_is_too_large_is_refused() {
    let mut allow = |_: &str| Ok(());
    let mut deep = compare("eq", "a", json!(1));
    for _ in 1..MAX_DEPTH {
        deep = json!({ "not": deep });
    }
    assert!(filter(deep.clone()).check(&mut allow).is_ok());
    assert!(filter(json!({ "not": deep })).check(&mut allow).is_err());
    let wide = json!({ "or": vec![compare("eq", "a", json!(1)); 256] });
    assert!(filter(wide).check(&mut allow).is_err());
    let values = json!({ "in": { "field": "a", "values": vec![1; 1001] } });
    assert!(filter(values).check(&mut allow).unwrap_err().to_string().contains("1001"));
}

#[test]
fn an_unknown_condition_does_not_parse() {
    for text in [
        r#"{"like": {"field": "a", "value": "b"}}"#,
        r#"{"eq": {"field": "a"}}"#,
        r#"{"eq": {"field": "a", "value": [1]}}"#,
        r#"{"op": "eq", "field": "a", "value": null}"#,
        r#"{"op": "eq", "field": "a", "expr": {"op": "value"}}"#,
    ] {
        assert!(serde_json::from_str::<Filter>(text).is_err(), "{text}");
    }
}

fn condition() -> impl Strategy<Value = Filter> {
    let leaf = (0..3usize, 0..4i32, 0..6usize).prop_map(|(field, value, op)| {
        let op = ["eq", "ne", "lt", "lte", "gt", "gte"][op];
        filter(compare(op, ["a", "b", "c"][field], json!(value)))
    });
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Or),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

/// The same meaning, written down a second time for records whose fields are small numbers or missing.
fn expected(filter: &Filter, record: &Map<String, Value>) -> bool {
    let number = |field: &str| record.get(field).and_then(Value::as_f64);
    match filter {
        Filter::Compare { op, field, value: Scalar::Number(value) } => match (op, number(field)) {
            (Comparison::Eq, held) => held == Some(*value),
            (Comparison::Ne, held) => held != Some(*value),
            (Comparison::Lt, held) => held.is_some_and(|held| held < *value),
            (Comparison::Lte, held) => held.is_some_and(|held| held <= *value),
            (Comparison::Gt, held) => held.is_some_and(|held| held > *value),
            (Comparison::Gte, held) => held.is_some_and(|held| held >= *value),
        },
        Filter::And(parts) => parts.iter().all(|part| expected(part, record)),
        Filter::Or(parts) => parts.iter().any(|part| expected(part, record)),
        Filter::Not(part) => !expected(part, record),
        other => unreachable!("not generated: {other:?}"),
    }
}

proptest! {
    #[test]
    fn filters_mean_what_they_say(condition in condition(), values in prop::array::uniform3(prop::option::of(0..4i32))) {
        let record: Map<String, Value> =
            ["a", "b", "c"].iter().zip(values).filter_map(|(k, v)| Some((k.to_string(), json!(v?)))).collect();
        prop_assert_eq!(condition.matches(&record), expected(&condition, &record));
    }
}
