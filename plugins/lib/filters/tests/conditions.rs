//! Conditions: every spelling, and what is told of wrong ones.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failure fails the test")]

use serde_json::{Value, json};

use tandem_filters::{Comparison, Condition, Operand, TextMatch, condition_schema};

fn read(value: Value) -> Condition {
    serde_json::from_value(value).unwrap()
}

#[track_caller]
fn refused(value: Value, parts: &[&str]) {
    let error = serde_json::from_value::<Condition>(value).unwrap_err().to_string();
    assert!(parts.iter().all(|part| error.contains(part)), "wanted {parts:?}: {error}");
}

#[test]
fn all_spellings_are_the_same_condition() {
    let same = read(json!({"op": "gte", "field": "a", "value": 1}));
    for other in [
        json!({"op": "ge", "column": "a", "value": 1}),
        json!({"op": ">=", "field": "a", "value": 1}),
        json!({"gte": {"field": "a", "value": 1}}),
        json!({"ge": {"column": "a", "value": 1}}),
    ] {
        assert_eq!(read(other), same);
    }
    let not_null = read(json!({"op": "not_null", "field": "a"}));
    assert_eq!(read(json!({"exists": {"field": "a"}})), not_null);
    let one = json!({"eq": {"field": "a", "value": "b"}});
    let not = Condition::Not(Box::new(read(one.clone())));
    for other in [json!({"not": one}), json!({"not": [one]}), json!({"op": "not", "args": [one]})] {
        assert_eq!(read(other), not);
    }
    assert_eq!(read(json!({"and": [one, one]})), Condition::And(vec![read(one.clone()), read(one)]));
    assert_eq!(
        read(json!({"op": "in", "field": "a", "value": [1]})),
        read(json!({"in": {"field": "a", "values": [1]}}))
    );
    assert_eq!(
        read(json!({"op": "contains", "field": "a", "value": "x", "ignore_case": true})),
        Condition::Text { op: TextMatch::Contains, field: "a".into(), text: "x".into(), ignore_case: true }
    );
}

#[test]
fn every_name_of_a_comparison_means_what_it_says() {
    use Comparison::{Eq, Gt, Gte, Lt, Lte, Ne};
    let names = [
        (Eq, &["eq", "=", "=="][..]),
        (Ne, &["ne", "!=", "<>"]),
        (Lt, &["lt", "<"]),
        (Lte, &["lte", "le", "<="]),
        (Gt, &["gt", ">"]),
        (Gte, &["gte", "ge", ">="]),
    ];
    for (op, names) in names {
        let wanted = Condition::Compare { op, field: "a".into(), with: Operand::Value(json!(1)) };
        for name in names {
            assert_eq!(read(json!({"op": name, "field": "a", "value": 1})), wanted, "{name}");
        }
    }
    for (name, wanted) in [("is_null", true), ("not_null", false), ("exists", false)] {
        assert_eq!(read(json!({"op": name, "column": "a"})), Condition::Null { field: "a".into(), wanted }, "{name}");
    }
    let text = |op| Condition::Text { op, field: "a".into(), text: "x".into(), ignore_case: false };
    for (name, op) in
        [("contains", TextMatch::Contains), ("starts_with", TextMatch::StartsWith), ("ends_with", TextMatch::EndsWith)]
    {
        assert_eq!(read(json!({"op": name, "field": "a", "text": "x"})), text(op), "{name}");
    }
}

#[test]
fn what_is_wrong_is_told_with_what_would_be_right() {
    refused(json!({"lang": "en"}), &["no `lang`", r#"{"op":"eq","field":"lang","value":"en"}"#]);
    refused(json!({"op": "like", "field": "a"}), &["`op` is one of", "`contains`", "`like`"]);
    refused(json!({"op": "eq", "field": "a", "value": 1, "colum": 2}), &["`eq` does not use `colum`", "`field`"]);
    refused(json!({"op": "eq", "value": 1}), &["`eq` needs `field`"]);
    refused(json!({"op": "eq", "field": "a"}), &["`eq` needs `value`", "`is_null`"]);
    refused(json!({"op": "eq", "field": "a", "column": "b", "value": 1}), &["give one of them"]);
    refused(json!({"op": "in", "field": "a", "values": "b"}), &["is a list"]);
    refused(
        json!({"op": "and", "args": [{"op": "eq", "field": "a", "value": 1}, {"op": "eq"}]}),
        &["`args` 2", "needs `field`"],
    );
    refused(json!({"op": "and"}), &["`and` needs `args`"]);
    refused(json!({"op": "not", "args": []}), &["one condition"]);
    refused(json!({"field": "a", "value": 1}), &["has an `op`"]);
    refused(json!("a > 1"), &["a condition is an object"]);
    let deep = (0..40).fold(json!({"op": "is_null", "field": "a"}), |one, _| json!({"not": one}));
    refused(deep, &["32 levels"]);
    refused(json!({"x".repeat(1 << 16): 1}), &["a condition has an `op`"]);
}

#[test]
fn the_schema_refers_to_nothing_and_takes_every_spelling() {
    let schema = condition_schema(None);
    assert!(!schema.as_value().to_string().contains("$ref"));
    let names = schema.pointer("/properties/op/enum").and_then(Value::as_array).unwrap();
    assert!(names.iter().all(|name| {
        let condition = json!({"op": name, "field": "a", "value": 1, "values": [], "text": "", "args": []});
        let error = serde_json::from_value::<Condition>(condition).unwrap_err().to_string();
        error.contains("does not use")
    }));
}
