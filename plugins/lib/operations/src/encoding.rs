//! Values as texts, and texts in URLs.

use std::fmt::Write as _;

use serde_json::Value;

/// A text in a URL: letters, digits and `-._~` as they are (RFC 3986, "unreserved"), all else as `%XX`.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            // A text takes all that is written.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// The bytes with one layer of percent-encoding taken off; none when there is none.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let pair = (*first == b'%').then(|| digit(tail.first()).zip(digit(tail.get(1)))).flatten();
        match pair.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    (decoded.len() < bytes.len()).then_some(decoded)
}

/// A single value as a text; none for lists and objects. `null` is the empty text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(value) => Some(value.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The values of a list, or the keys and values of an object in turn, as the styles `simple` and `form` write them.
pub(crate) fn flat(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(scalar).collect(),
        Value::Object(members) => {
            let mut flat = Vec::with_capacity(members.len() * 2);
            for (key, value) in members {
                flat.push(key.clone());
                flat.push(scalar(value)?);
            }
            Some(flat)
        }
        single => Some(vec![scalar(single)?]),
    }
}
