//! Reads a section of a plugin file: canonical JSON and nothing else.

use serde::de::DeserializeOwned;
use serde_json::Value;
use tandem_types::{canonical_json, text::message};

use crate::plugin::SectionError;

/// Reads a value from its canonical JSON; any other JSON of the same value is refused, so that no two readers
/// can see different things in the same bytes.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, SectionError> {
    let form = |error: serde_json::Error| SectionError::Form(message(&error));
    let value: Value = serde_json::from_slice(bytes).map_err(form)?;
    if canonical_json(&value) != bytes {
        return Err(SectionError::NotCanonical);
    }
    serde_json::from_value(value).map_err(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_read() {
        let text = r#"{"B":true,"a":1.5,"b":[1,{"a":"ü\n","z":null}]}"#;
        assert_eq!(canonical_json(&decode::<Value>(text.as_bytes()).unwrap()), text.as_bytes());
    }

    #[test]
    fn another_text_of_the_same_value_is_refused() {
        for text in
            [r#"{"a": 1}"#, r#"{"b":1,"a":1}"#, r#"{"a":1,"a":1}"#, "{\"a\":1}\n", r#"{"a":1.50}"#, r#""\u0061""#]
        {
            assert_eq!(decode::<Value>(text.as_bytes()), Err(SectionError::NotCanonical), "{text}");
        }
        assert!(matches!(decode::<Value>(b"{"), Err(SectionError::Form(_))));
    }
}
