//! Results in the place of references.

use super::{super::*, *};

fn resolved(arguments: Value) -> Result<Value, ResolveError> {
    let results = |from: &str| match from {
        "a" => Found::Value(Arc::new(json!({ "n": [10, { "x/y": "deep" }], "ref": { "$from": "b", "path": "" } }))),
        "big" => Found::Value(Arc::new(json!({ "text": "x".repeat(60_000) }))),
        "broken" => Found::Failed,
        "stored" => Found::Stored(ContentId::of_bytes(b"")),
        _ => Found::Nothing,
    };
    resolve(arguments.as_object().expect("an object"), &results)
}

#[test]
fn references_are_replaced_wherever_they_are() {
    let from = |path: &str| json!({ "$from": "a", "path": path });
    assert_eq!(
        resolved(json!({ "k": [from("/n/0"), { "in": from("/n/1/x~1y") }], "same": 1, "text": "$from" })),
        Ok(json!({ "k": [10, { "in": "deep" }], "same": 1, "text": "$from" }))
    );
    assert_eq!(resolved(from("/n/1")), Ok(json!({ "x/y": "deep" })));
    assert_eq!(resolved(from("/n/0")), Err(ResolveError::NotAnObject));
}

#[test]
fn what_a_result_brings_in_is_not_followed() {
    let reference = json!({ "$from": "b", "path": "" });
    assert_eq!(resolved(json!({ "x": { "$from": "a", "path": "/ref" } })), Ok(json!({ "x": reference })));
}

#[test]
fn a_failed_step_that_may_fail_is_null_and_everything_else_is_an_error() {
    assert_eq!(resolved(json!({ "x": { "$from": "broken", "path": "/any" } })), Ok(json!({ "x": null })));
    for (from, path, error) in [
        ("a", "/n/2", ResolveError::NothingThere { from: "a".into(), path: "/n/2".into() }),
        ("a", "/n/00", ResolveError::NothingThere { from: "a".into(), path: "/n/00".into() }),
        ("nobody", "", ResolveError::NoResult { from: "nobody".into() }),
        ("stored", "/x", ResolveError::NotLoaded { from: "stored".into(), content: ContentId::of_bytes(b"") }),
    ] {
        assert_eq!(resolved(json!({ "x": { "$from": from, "path": path } })), Err(error));
    }
}

#[test]
fn a_small_plan_does_not_make_large_arguments() {
    let times = |count: usize| json!({ "x": vec![json!({ "$from": "big", "path": "/text" }); count] });
    assert!(resolved(times(17)).is_ok());
    assert_eq!(resolved(times(18)), Err(ResolveError::TooLarge));
}

#[test]
fn results_do_not_make_arguments_that_no_reader_reads() {
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let deep = Arc::new(deep);
    let at_depth = |depth: usize| {
        let mut arguments = json!({ "$from": "deep", "path": "" });
        for _ in 0..depth {
            arguments = json!({ "in": arguments });
        }
        resolve(arguments.as_object().unwrap(), &|_| Found::Value(Arc::clone(&deep)))
    };
    let text = at_depth(15).unwrap().to_string();
    assert!(serde_json::from_str::<Value>(&text).is_ok());
    assert_eq!(at_depth(30), Err(ResolveError::Reference(ReferenceError::Nesting)));
}
