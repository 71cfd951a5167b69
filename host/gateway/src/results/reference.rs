//! References to results in arguments: `{"$result": "bafk…", "path": "/rows/0"}` stands for the value at that pointer.
//!
//! An object with a member `$result` that is a string is a reference, wherever it stands. Its other member may be `path`, a
//! JSON Pointer (RFC 6901) into a result that is JSON; `$handle` may stand beside it, so that a handle itself is a reference to all of its result.

use serde_json::{Map, Value};
use tandem_router::CallError;
use tandem_types::Caller;

use super::{
    argument::invalid,
    failure::failed,
    handle::{HANDLE, RESULT},
    limits::{MAX_REFERENCED, MAX_REFERENCES},
    shared::Results,
};

const PATH: &str = "path";

/// Whether a reference is anywhere in the arguments.
pub(super) fn has_reference(arguments: &Map<String, Value>) -> bool {
    is_reference(arguments) || arguments.values().any(refers)
}

fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => has_reference(members),
        Value::Array(elements) => elements.iter().any(refers),
        _ => false,
    }
}

fn is_reference(members: &Map<String, Value>) -> bool {
    matches!(members.get(RESULT), Some(Value::String(_)))
}

/// What references of one call may still stand for.
struct Resolver<'r> {
    results: &'r Results,
    caller: &'r Caller,
    tool: &'r str,
    references: usize,
    bytes: usize,
}

/// The arguments with the values that their references stand for.
///
/// # Errors
///
/// A reference is malformed, stands for nothing that this caller has, or there are too many, or for too much.
pub(super) fn resolve(
    results: &Results,
    caller: &Caller,
    tool: &str,
    arguments: Map<String, Value>,
) -> Result<Map<String, Value>, CallError> {
    let mut resolver = Resolver { results, caller, tool, references: MAX_REFERENCES, bytes: MAX_REFERENCED };
    if is_reference(&arguments) {
        return match resolver.value(&arguments, "")? {
            Value::Object(members) => Ok(members),
            _ => Err(invalid(tool, "", "the arguments are an object, and the value of this reference is none")),
        };
    }
    let mut whole = Value::Object(arguments);
    resolver.replace(&mut whole, &mut String::new())?;
    match whole {
        Value::Object(members) => Ok(members),
        _ => Ok(Map::new()),
    }
}

impl Resolver<'_> {
    fn replace(&mut self, value: &mut Value, at: &mut String) -> Result<(), CallError> {
        match value {
            Value::Object(members) if is_reference(members) => *value = self.value(members, at)?,
            Value::Object(members) => {
                for (name, member) in members {
                    self.below(member, &name.replace('~', "~0").replace('/', "~1"), at)?;
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter_mut().enumerate() {
                    self.below(element, &index.to_string(), at)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn below(&mut self, value: &mut Value, step: &str, at: &mut String) -> Result<(), CallError> {
        let length = at.len();
        at.extend(["/", step]);
        self.replace(value, at)?;
        at.truncate(length);
        Ok(())
    }

    /// What a reference stands for.
    fn value(&mut self, reference: &Map<String, Value>, at: &str) -> Result<Value, CallError> {
        let wrong = |message: String| invalid(self.tool, at, message);
        let id = reference.get(RESULT).and_then(Value::as_str).unwrap_or_default();
        let Ok(id) = id.parse() else {
            return Err(wrong(format!("`{RESULT}` is not the id of a result, as `bafkrei…`")));
        };
        let known = |name: &&String| matches!(name.as_str(), RESULT | PATH | HANDLE);
        if let Some(other) = reference.keys().find(|name| !known(name)) {
            let other = tandem_catalog::shown_name(other);
            return Err(wrong(format!("a reference has `{RESULT}` and `{PATH}`, not `{other}`")));
        }
        let path = match reference.get(PATH) {
            None | Some(Value::Null) => "",
            Some(Value::String(path)) => path,
            Some(_) => return Err(wrong(format!("`{PATH}` of a reference is a JSON Pointer, as `/rows/0`"))),
        };
        if self.references == 0 {
            return Err(wrong(format!("arguments have at most {MAX_REFERENCES} references to results")));
        }
        let kept = self.results.get(self.caller, id).map_err(failed)?;
        let media_type = kept.about.media_type.clone();
        let Ok(text) = String::from_utf8(kept.content().map_err(failed)?) else {
            return Err(wrong(format!("the result is {media_type}, which no argument holds; read it as a resource")));
        };
        let parsed: Option<Value> =
            if media_type == "application/json" { serde_json::from_str(&text).ok() } else { None };
        let (value, bytes) = match (parsed, path) {
            (Some(value), "") => (Some(value), text.len()),
            (Some(mut value), path) => {
                let found = value.pointer_mut(path).map(Value::take);
                let bytes = found.as_ref().map_or(0, |found| found.to_string().len());
                (found, bytes)
            }
            (None, "") => (Some(Value::String(text.clone())), text.len()),
            (None, _) => return Err(wrong(format!("the result is {media_type}, which has no `{PATH}`; leave it out"))),
        };
        let Some(value) = value else {
            let path = tandem_catalog::shown_name(path);
            return Err(wrong(format!("the result has no value at `{path}`; write a JSON Pointer, as `/rows/0`")));
        };
        if bytes > self.bytes {
            return Err(wrong(format!(
                "the value has {bytes} bytes, and references of one call stand for {MAX_REFERENCED}; name a part of it by \
                 `{PATH}`, or query it with `tools_result_query`"
            )));
        }
        self.references -= 1;
        self.bytes -= bytes;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tandem_types::Allow;

    use super::*;
    use crate::results::{
        ResultPolicy,
        testing::{kept, policy},
    };

    fn resolved(policy: &ResultPolicy, arguments: Value) -> Result<Value, String> {
        let arguments = arguments.as_object().cloned().unwrap();
        assert!(has_reference(&arguments), "{arguments:?}");
        let resolved = resolve(policy.results(), &Caller::local(), "tool", arguments);
        resolved.map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn references_stand_for_values_wherever_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let policy = policy(directory.path());
        let id = kept(&policy, br#"{"rows":[{"a/b":1},2],"$result":5}"#, "application/json");
        let text = kept(&policy, b"plain", "text/plain");
        let deep = json!({"a": [{"b": {"$result": id, "path": "/rows/0/a~1b"}}, {"$result": text}], "c": 7});
        assert_eq!(resolved(&policy, deep).unwrap(), json!({"a": [{"b": 1}, "plain"], "c": 7}));
        let whole = json!({"$result": id, "path": "/rows/0"});
        assert_eq!(resolved(&policy, whole).unwrap(), json!({"a/b": 1}));
        let handle = json!({"x": {"$result": id, "$handle": {"uri": "u"}}});
        assert_eq!(resolved(&policy, handle).unwrap()["x"]["rows"][1], 2);
        for plain in [json!({"$result": 5}), json!({"x": [{"$result": null}]}), json!({"x": "$result"})] {
            assert!(!has_reference(plain.as_object().unwrap()), "{plain}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_reference_is_named_with_where_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let policy = policy(directory.path());
        let id = kept(&policy, br#"{"rows":[1]}"#, "application/json");
        let picture = kept(&policy, &[0xff, 0xd8], "image/jpeg");
        let large = kept(&policy, &vec![b'x'; MAX_REFERENCED + 1], "text/plain");
        let unknown = tandem_types::ContentId::of_bytes(b"other").to_string();
        for (argument, expected) in [
            (json!({"$result": "bafk"}), "/x/0: `$result` is not the id of a result"),
            (json!({"$result": unknown}), "unknown result `bafkrei"),
            (json!({"$result": id, "path": "/rows/1"}), "/x/0: the result has no value at `/rows/1`"),
            (json!({"$result": id, "path": "rows"}), "no value at `rows`"),
            (json!({"$result": id, "path": 5}), "is a JSON Pointer"),
            (json!({"$result": id, "pointer": "/rows"}), "not `pointer`"),
            (json!({"$result": picture}), "image/jpeg, which no argument holds"),
            (json!({"$result": large}), "8388609 bytes, and references of one call stand for 8388608"),
            (json!({"$result": large, "path": "/a"}), "text/plain, which has no `path`"),
        ] {
            let error = resolved(&policy, json!({"x": [argument]})).unwrap_err();
            assert!(error.contains(expected), "{argument}: {error}");
        }
        let many = json!({"x": vec![json!({"$result": id}); MAX_REFERENCES + 1]});
        assert!(resolved(&policy, many).unwrap_err().contains("at most 16 references"));
    }

    #[test]
    fn a_result_of_a_tool_that_the_caller_may_not_use_is_unknown() {
        let directory = tempfile::tempdir().unwrap();
        let policy = policy(directory.path());
        let id = kept(&policy, b"[1]", "application/json").parse().unwrap();
        let mut caller = Caller::local();
        for (allow, is_there) in [(Allow::Category("c".into()), true), (Allow::Category("d".into()), false)] {
            caller.access = tandem_types::Access::everything().and(vec![allow]);
            assert_eq!(policy.get(&caller, id).is_ok(), is_there);
        }
        assert!(policy.get(&Caller::new("other", "x"), id).is_err());
    }
}
