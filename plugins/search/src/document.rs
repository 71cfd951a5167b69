//! Documents, and whether they fit an index.

use serde_json::{Map, Value};
use tandem_segments::json::check_depth;
use tandem_segments::{Error, Result};

use crate::settings::{Field, FieldKind, MAX_DOCUMENT_BYTES, MAX_KEYWORD_BYTES, Settings};

/// The texts of a value: itself, or the elements of a list.
pub(crate) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = match value {
        Value::Array(elements) => elements.as_slice(),
        single => std::slice::from_ref(single),
    };
    list.iter().filter_map(Value::as_str)
}

/// The stored form of a document's fields, when they fit the index.
pub(crate) fn encode(settings: &Settings, id: &str, fields: &Map<String, Value>) -> Result<Vec<u8>> {
    for (name, value) in fields {
        let Some((_, field)) = settings.field(name) else {
            return Err(Error::invalid(format!(
                "document `{id}` has the field `{name}`, which the index has not; leave it out or make an index with it"
            )));
        };
        check_value(id, field, value)?;
    }
    check_depth(&format!("document `{id}`"), fields)?;
    let bytes = serde_json::to_vec(fields).map_err(|error| Error::invalid(format!("document `{id}`: {error}")))?;
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(Error::invalid(format!(
            "document `{id}` has {} bytes; cut it into parts of at most {MAX_DOCUMENT_BYTES}",
            bytes.len()
        )));
    }
    Ok(bytes)
}

/// A document's fields from their stored form.
pub(crate) fn decode(bytes: &[u8]) -> Result<Map<String, Value>> {
    serde_json::from_slice(bytes).map_err(|error| Error::corrupt(format!("a document: {error}")))
}

fn check_value(id: &str, field: &Field, value: &Value) -> Result<()> {
    let is_text = |value: &Value| match value {
        Value::Array(elements) => elements.iter().all(Value::is_string),
        single => single.is_string(),
    };
    let (fits, wanted) = match field.kind {
        _ if value.is_null() => (true, ""),
        FieldKind::Text | FieldKind::Folded | FieldKind::Keyword => (is_text(value), "a text or a list of texts"),
        FieldKind::Number => (value.is_number(), "a number"),
        FieldKind::Stored => (true, ""),
    };
    if !fits {
        return Err(Error::invalid(format!("the field `{}` of document `{id}` has to be {wanted}", field.name)));
    }
    if field.kind == FieldKind::Keyword && texts(value).any(|keyword| keyword.len() > MAX_KEYWORD_BYTES) {
        return Err(Error::invalid(format!(
            "the keyword field `{}` of document `{id}` is over {MAX_KEYWORD_BYTES} bytes; use a text field",
            field.name
        )));
    }
    Ok(())
}
