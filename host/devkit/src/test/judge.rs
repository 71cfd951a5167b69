//! Whether what came back is what was expected, and where it is not.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::{
    case::Expect,
    run::{Outcome, Ran, stored},
};

/// What does not hold, each as it is shown. Empty is a pass.
pub(super) fn judge(expect: &Expect, ran: &Ran) -> Vec<String> {
    let mut wrong = Vec::new();
    match &ran.outcome {
        Outcome::Answer { structured, text } => answer(expect, structured.as_ref(), text, &mut wrong),
        Outcome::Error { kind, message } => error(expect, kind, message, &mut wrong),
    }
    for (key, expected) in &expect.stored {
        let found = ran.stored.get(key).cloned().flatten();
        let wanted = if *expected == Value::Bool(false) { None } else { Some(stored(expected)) };
        let same = found == wanted || found.as_ref().is_some_and(|found| same_json(found, expected));
        if !same {
            let shown = |bytes: Option<Vec<u8>>| {
                bytes.map_or("nothing".to_owned(), |b| String::from_utf8_lossy(&b).into_owned())
            };
            wrong.push(format!("the store has another value of `{key}`\n{}", diff(&shown(wanted), &shown(found))));
        }
    }
    if let Some(expected) = expect.requested.as_ref().filter(|expected| **expected != ran.requested) {
        wrong.push(format!("other requests were made\n{}", diff(&expected.join("\n"), &ran.requested.join("\n"))));
    }
    wrong
}

fn same_json(found: &[u8], expected: &Value) -> bool {
    !expected.is_string() && serde_json::from_slice::<Value>(found).is_ok_and(|found| same(&found, expected))
}

fn answer(expect: &Expect, structured: Option<&Value>, text: &str, wrong: &mut Vec<String>) {
    if let Some(kind) = &expect.error {
        let shown = structured.map_or_else(|| text.to_owned(), pretty);
        wrong.push(format!("expected the error `{kind}`, and got a result\n{}", indent(&shown)));
        return;
    }
    let found = structured.cloned().unwrap_or(Value::Null);
    if let Some(expected) = expect.structured.as_ref().filter(|expected| !same(&found, expected)) {
        wrong.push(format!("another result\n{}", diff(&pretty(expected), &pretty(&found))));
    }
    if let Some(expected) = &expect.partial {
        let mut places = Vec::new();
        partial("", expected, &found, &mut places);
        wrong.extend(places);
    }
    for (pointer, expected) in &expect.at {
        match found.pointer(pointer) {
            Some(value) if same(value, expected) => {}
            Some(value) => wrong.push(format!("at {pointer}\n{}", diff(&pretty(expected), &pretty(value)))),
            None => wrong.push(format!("there is nothing at {pointer}; the result is\n{}", indent(&pretty(&found)))),
        }
    }
    if let Some(expected) = expect.text.as_ref().filter(|expected| *expected != text) {
        wrong.push(format!("another text\n{}", diff(expected, text)));
    }
    contains(expect, text, wrong);
}

fn error(expect: &Expect, kind: &str, message: &str, wrong: &mut Vec<String>) {
    let Some(expected) = &expect.error else {
        wrong.push(format!("expected a result, and got the error `{kind}`\n{}", indent(message)));
        return;
    };
    // `limit` is any limit.
    let fits = expected == kind || kind.split(':').next() == Some(expected);
    if !fits {
        wrong.push(format!("expected the error `{expected}`, and got `{kind}`\n{}", indent(message)));
    }
    contains(expect, message, wrong);
}

fn contains(expect: &Expect, text: &str, wrong: &mut Vec<String>) {
    if let Some(part) = expect.contains.as_ref().filter(|part| !text.contains(part.as_str())) {
        wrong.push(format!("`{part}` is not in\n{}", indent(text)));
    }
}

/// Equal as JSON Schema has it: 1 and 1.0 are the same number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn partial(place: &str, expected: &Value, found: &Value, wrong: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, expected) in expected {
                let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                match found.get(key) {
                    Some(found) => partial(&place, expected, found, wrong),
                    None => wrong.push(format!("there is nothing at {place}")),
                }
            }
        }
        _ if same(expected, found) => {}
        _ => {
            let place = if place.is_empty() { "another result".to_owned() } else { format!("at {place}") };
            wrong.push(format!("{place}\n{}", diff(&pretty(expected), &pretty(found))));
        }
    }
}

fn pretty(value: &Value) -> String {
    // Objects in one order, so that only what differs shows.
    crate::terminal::json(value).unwrap_or_default()
}

/// Lines with `-` are expected, those with `+` are what came.
fn diff(expected: &str, found: &str) -> String {
    let diff = TextDiff::from_lines(expected, found);
    let lines = diff.iter_all_changes().map(|change| {
        let sign = match change.tag() {
            ChangeTag::Delete => "- ",
            ChangeTag::Insert => "+ ",
            ChangeTag::Equal => "  ",
        };
        format!("{sign}{}", change.value().trim_end_matches('\n'))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, time::Duration};

    use serde_json::json;

    use super::*;

    fn ran(outcome: Outcome) -> Ran {
        let stored = HashMap::from([("total".to_owned(), Some(b"2".to_vec())), ("gone".to_owned(), None)]);
        Ran { outcome, took: Duration::ZERO, lines: Vec::new(), requested: vec!["http://a/".to_owned()], stored }
    }

    fn expect(value: Value) -> Expect {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn each_expectation_can_hold_and_can_fail() {
        let answer = || {
            let structured = json!({ "words": 4, "more": { "a/b": [1.0, 2] } });
            ran(Outcome::Answer { text: structured.to_string(), structured: Some(structured) })
        };
        let error =
            || ran(Outcome::Error { kind: "limit:memory".to_owned(), message: "limit `memory` exceeded".to_owned() });
        let right = [
            json!({ "structured": { "words": 4.0, "more": { "a/b": [1, 2] } } }),
            json!({ "partial": { "more": { "a/b": [1, 2] } } }),
            json!({ "at": { "/more/a~1b/0": 1 } }),
            json!({ "contains": "words" }),
            json!({ "kv": { "total": 2, "gone": false } }),
            json!({ "requested": ["http://a/"] }),
        ];
        for right in right {
            assert_eq!(judge(&expect(right.clone()), &answer()), Vec::<String>::new(), "{right}");
        }
        let wrong = [
            (json!({ "structured": { "words": 5 } }), "-   \"words\": 5"),
            (json!({ "partial": { "more": { "a/b": [1] } } }), "at /more/a~1b"),
            (json!({ "partial": { "letters": 1 } }), "nothing at /letters"),
            (json!({ "at": { "/words": 5 } }), "at /words"),
            (json!({ "at": { "/none": 5 } }), "nothing at /none"),
            (json!({ "text": "x" }), "- x"),
            (json!({ "contains": "letters" }), "`letters` is not in"),
            (json!({ "error": "denied" }), "got a result"),
            (json!({ "kv": { "total": 3 } }), "another value of `total`"),
            (json!({ "kv": { "total": false } }), "- nothing"),
            (json!({ "requested": [] }), "+ http://a/"),
        ];
        for (wrong, told) in wrong {
            let found = judge(&expect(wrong.clone()), &answer()).join("\n");
            assert!(found.contains(told), "{wrong}: {found}");
        }
        for right in [json!({ "error": "limit" }), json!({ "error": "limit:memory", "contains": "exceeded" })] {
            assert!(judge(&expect(right), &error()).is_empty());
        }
        for wrong in [
            json!({ "error": "limit:cpu" }),
            json!({ "text": "x" }),
            json!({ "error": "limit", "contains": "elsewhere" }),
        ] {
            assert_eq!(judge(&expect(wrong), &error()).len(), 1);
        }
    }
}
