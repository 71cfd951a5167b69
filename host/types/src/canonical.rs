//! Canonical JSON: sorted keys, no spaces, one text for one value. What is signed and hashed has this form.

use serde::Serialize;
use serde_json::Value;

/// The canonical JSON of a value.
///
/// Keys are sorted here and not left to `serde_json`, whose maps keep another order when any crate of a build
/// asks for it.
pub fn encode(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Our types have text keys and no other source of failure; `null` is refused by every reader.
    write(&serde_json::to_value(value).unwrap_or(Value::Null), &mut bytes);
    bytes
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(&Value::String(key.clone()), out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
        Value::Array(array) => {
            out.push(b'[');
            for (index, value) in array.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(value, out);
            }
            out.push(b']');
        }
        scalar => out.extend_from_slice(scalar.to_string().as_bytes()),
    }
}

/// A value as JSON text, in its own order. What `Display` writes goes through a formatter, piece by piece.
#[must_use]
pub fn text(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| value.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_and_nothing_is_spaced() {
        let value = json!({ "b": [1, { "z": null, "a": "ü\n" }], "a": 1.5, "B": true });
        let text = String::from_utf8(encode(&value)).unwrap();
        assert_eq!(text, r#"{"B":true,"a":1.5,"b":[1,{"a":"ü\n","z":null}]}"#);
    }
}
