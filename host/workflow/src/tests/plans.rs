//! What a plan refuses, and that the error names the step.

use super::{super::*, *};

fn refused(steps: &[Value]) -> PlanError {
    plan_of(spec(steps)).expect_err("a refusal")
}

#[test]
fn what_is_left_out_has_the_documented_defaults() {
    let spec: Spec = serde_json::from_value(spec(&[json!({ "id": "a" })])).unwrap();
    assert_eq!((spec.max_concurrency, spec.timeout_s, spec.tags.len()), (8, 7_200, 0));
    let step = &spec.steps[0];
    assert_eq!((step.on_failure, step.timeout_s, step.retry.max_attempts), (OnFailure::Fail, None, 3));
    let retry: Retry = serde_json::from_value(json!({ "policy": "exponential" })).unwrap();
    assert_eq!((retry.max_attempts, retry.base_delay_ms), (3, 500));
}

#[test]
fn unknown_fields_are_refused_by_name() {
    for (spec, name) in [
        (json!({ "name": "x", "steps": [], "priority": 1 }), "priority"),
        (spec(&[json!({ "id": "a", "needs": [] })]), "needs"),
        (spec(&[json!({ "id": "a", "retry": { "policy": "none", "times": 1 } })]), "times"),
        (spec(&[json!({ "id": "a", "on_failure": "ignore" })]), "ignore"),
    ] {
        let error = serde_json::from_value::<Spec>(spec).unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}`")), "{error}");
    }
}

#[test]
fn steps_are_ordered_by_depth_and_id() {
    let plan = plan_of(spec(&[
        json!({ "id": "z" }),
        json!({ "id": "b", "depends_on": ["z", "a", "z"] }),
        json!({ "id": "c", "depends_on": ["b"] }),
        json!({ "id": "a" }),
        json!({ "id": "aa", "depends_on": ["z"] }),
    ]))
    .unwrap();
    assert_eq!(plan.steps().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["a", "z", "aa", "b", "c"]);
}

#[test]
fn a_cycle_is_refused_with_the_steps_on_it_and_no_others() {
    let error = refused(&[
        json!({ "id": "in" }),
        json!({ "id": "a", "depends_on": ["c", "in"] }),
        json!({ "id": "b", "depends_on": ["a"] }),
        json!({ "id": "c", "depends_on": ["b"] }),
        json!({ "id": "out", "depends_on": ["c"] }),
    ]);
    let PlanError::Cycle { steps } = &error else { panic!("{error}") };
    let mut sorted = steps.clone();
    sorted.sort();
    assert_eq!(sorted, ["a", "b", "c"]);
    // Starting behind the cycle does not name what is behind it.
    let error = refused(&[
        json!({ "id": "out", "depends_on": ["c"] }),
        json!({ "id": "b", "depends_on": ["c"] }),
        json!({ "id": "c", "depends_on": ["b"] }),
    ]);
    assert!(matches!(&error, PlanError::Cycle { steps } if steps == &["c", "b"]), "{error}");
    let error = refused(&[json!({ "id": "a", "depends_on": ["a"] })]);
    assert_eq!(error, PlanError::Cycle { steps: vec!["a".into()] });
}

#[test]
fn each_refusal_names_its_step() {
    let long = "x".repeat(MAX_ARGUMENT_BYTES);
    let bad = |step: Value| [json!({ "id": "first" }), step];
    for (steps, what) in [
        (bad(json!({ "id": "first" })), "two steps have the id `first`"),
        (bad(json!({ "id": "a b" })), "step 1 has the id `a b`"),
        (bad(json!({ "id": "" })), "step 1 has the id ``"),
        (bad(json!({ "id": "x".repeat(65) })), "step 1 has the id"),
        (bad(json!({ "id": "s", "depends_on": ["nobody"] })), "step `s` depends on `nobody`"),
        (
            bad(json!({ "id": "s", "tool": "unknown" })),
            "step `s` calls the unknown tool `unknown`; the nearest names are echo",
        ),
        (bad(json!({ "id": "s", "arguments": { "text": long } })), "step `s` has 65547 bytes of arguments"),
        (bad(json!({ "id": "s", "timeout_s": 0 })), "step `s`: `timeout_s` is out of range"),
        (bad(json!({ "id": "s", "retry": { "policy": "none", "max_attempts": 101 } })), "`retry.max_attempts`"),
        (bad(json!({ "id": "s", "retry": { "policy": "none", "max_attempts": 0 } })), "`retry.max_attempts`"),
        (
            bad(json!({ "id": "s", "retry": { "policy": "linear", "base_delay_ms": 3_600_001 } })),
            "`retry.base_delay_ms`",
        ),
    ] {
        let error = refused(&steps);
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.step().is_some(), "{error}");
    }
}

#[test]
fn a_workflow_has_its_limits() {
    let steps = |count: usize| -> Vec<_> { (0..count).map(|n| json!({ "id": format!("s{n}") })).collect() };
    assert_eq!(refused(&steps(0)), PlanError::Steps(0));
    assert_eq!(refused(&steps(1_001)), PlanError::Steps(1_001));
    assert_eq!(plan_of(spec(&steps(1_000))).unwrap().steps().len(), 1_000);
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(129))),
        ("max_concurrency", json!(0)),
        ("max_concurrency", json!(1_001)),
        ("timeout_s", json!(0)),
        ("timeout_s", json!(2_592_001)),
        ("tags", json!([""])),
        ("tags", json!(vec!["t"; 33])),
    ] {
        let mut spec = spec(&steps(1));
        spec[field] = value;
        let error = plan_of(spec).unwrap_err();
        assert!(matches!(error, PlanError::Field { field: named, .. } if named == field), "{error}");
    }
    let fat: Vec<_> =
        (0..130).map(|n| json!({ "id": format!("s{n}"), "arguments": { "t": "x".repeat(65_000) } })).collect();
    assert!(matches!(refused(&fat), PlanError::TooLarge { .. }));
}

#[test]
fn a_chain_may_have_all_steps_that_there_may_be() {
    let chain = |count: usize| -> Vec<_> {
        let step = |n: usize| match n.checked_sub(1) {
            None => json!({ "id": "s0" }),
            Some(before) => json!({ "id": format!("s{n}"), "depends_on": [format!("s{before}")] }),
        };
        (0..count).map(step).collect()
    };
    let plan = plan_of(spec(&chain(1_000))).unwrap();
    assert_eq!(plan.steps().last().unwrap().id, "s999");
}

#[test]
fn references_are_to_ancestors_and_of_one_form() {
    let steps = |arguments: Value| {
        [
            json!({ "id": "root" }),
            json!({ "id": "middle", "depends_on": ["root"] }),
            json!({ "id": "aside" }),
            json!({ "id": "last", "depends_on": ["middle"], "arguments": arguments }),
            json!({ "id": "after", "depends_on": ["last"] }),
        ]
    };
    for good in [
        json!({ "x": { "$from": "root", "path": "" } }),
        json!({ "$from": "middle", "path": "/a~1b/0/~0" }),
        json!({ "list": [1, { "deep": { "$from": "middle", "path": "/x" } }] }),
        json!({ "path": "/x", "from": "nobody" }),
    ] {
        assert!(plan_of(spec(&steps(good.clone()))).is_ok(), "{good}");
    }
    let at = |at: &str| at.to_owned();
    for (bad, error) in [
        (
            json!({ "x": { "$from": "aside", "path": "" } }),
            ReferenceError::NotAncestor { at: at("/x"), from: at("aside") },
        ),
        (
            json!({ "x": { "$from": "last", "path": "" } }),
            ReferenceError::NotAncestor { at: at("/x"), from: at("last") },
        ),
        (
            json!({ "x": { "$from": "after", "path": "" } }),
            ReferenceError::NotAncestor { at: at("/x"), from: at("after") },
        ),
        (
            json!({ "a/b": [0, { "$from": "no", "path": "" }] }),
            ReferenceError::UnknownStep { at: at("/a~1b/1"), from: at("no") },
        ),
        (json!({ "x": { "$from": "root" } }), ReferenceError::Malformed { at: at("/x") }),
        (json!({ "x": { "$from": "root", "path": 3 } }), ReferenceError::Malformed { at: at("/x") }),
        (json!({ "x": { "$from": 1, "path": "" } }), ReferenceError::Malformed { at: at("/x") }),
        (json!({ "x": { "$from": "root", "path": "", "or": 1 } }), ReferenceError::Malformed { at: at("/x") }),
        (json!({ "$from": "root", "path": "", "y": 1 }), ReferenceError::Malformed { at: at("") }),
        (json!({ "x": { "$from": "root", "path": "a" } }), ReferenceError::Pointer { at: at("/x") }),
        (json!({ "x": { "$from": "root", "path": "/a~2" } }), ReferenceError::Pointer { at: at("/x") }),
        (json!({ "x": { "$from": "root", "path": "/a~" } }), ReferenceError::Pointer { at: at("/x") }),
    ] {
        assert_eq!(refused(&steps(bad)), PlanError::Reference { step: "last".into(), error });
    }
    let mut deep = json!(1);
    for _ in 0..125 {
        deep = json!([deep]);
    }
    let error = refused(&steps(json!({ "x": deep })));
    assert_eq!(error, PlanError::Reference { step: "last".into(), error: ReferenceError::Nesting });
}

#[test]
fn the_same_document_has_the_same_id_and_the_same_step_its_own_in_each_workflow() {
    let document = spec(&[json!({ "id": "a", "arguments": { "n": 1 } })]);
    let (one, two) = (plan_of(document.clone()).unwrap(), plan_of(document.clone()).unwrap());
    assert_eq!(one.cid(), two.cid());
    let mut other = document;
    other["steps"][0]["arguments"]["n"] = json!(2);
    let other = plan_of(other).unwrap();
    assert_ne!(one.cid(), other.cid());
    let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
    assert_eq!(one.content(a, "a"), two.content(a, "a"));
    assert_ne!(one.content(a, "a"), one.content(b, "a"));
    assert_ne!(one.content(a, "a"), other.content(a, "a"));
    assert_eq!(one.content(a, "nobody"), None);
}
