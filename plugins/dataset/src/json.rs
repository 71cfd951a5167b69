//! Values as JSON text, both ways. Numbers that neither 64-bit integers nor floats hold are kept as their text.

use serde_json::value::RawValue;

use crate::{
    error::Result,
    text,
    types::Schema,
    value::{Row, Value},
};

/// The value of one JSON text, which must be valid.
pub(crate) fn from_raw(raw: &str) -> Value {
    match raw.as_bytes().first() {
        Some(b'n') => Value::Null,
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'"') => string(raw),
        Some(b'{' | b'[') => Value::Json(raw.into()),
        _ => text::number(raw).unwrap_or_else(|| Value::Json(raw.into())),
    }
}

fn string(raw: &str) -> Value {
    let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(plain) if !plain.contains('\\') => Value::from(plain),
        _ => serde_json::from_str::<String>(raw)
            .map_or_else(|_| Value::Json(raw.into()), |text| Value::Text(text.into_boxed_str())),
    }
}

/// The value of a decoded JSON document.
pub(crate) fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(*flag),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => Value::Int(number),
            (None, Some(number), _) => Value::UInt(number),
            (None, None, Some(number)) => Value::Float(number),
            (None, None, None) => Value::Json(number.to_string().into()),
        },
        nested => Value::Json(nested.to_string().into()),
    }
}

/// The value as a JSON document, for results.
pub(crate) fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::UInt(number) => (*number).into(),
        Value::Float(number) if number.is_finite() => (*number).into(),
        Value::Json(raw) => serde_json::from_str(raw).unwrap_or_else(|_| raw.as_ref().into()),
        other => text::display(other).into(),
    }
}

/// Appends the JSON text of a value. Dates and the float words are strings.
pub(crate) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Json(raw) => out.push_str(raw),
        Value::Text(text) => write_string(text, out),
        Value::Float(number) if !number.is_finite() => write_string(&text::display(value), out),
        Value::Date(_) | Value::Timestamp(..) | Value::DateTime(..) => {
            out.push('"');
            text::write(value, out);
            out.push('"');
        }
        number_or_flag => text::write(number_or_flag, out),
    }
}

fn write_string(text: &str, out: &mut String) {
    let plain = !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        // Serialising a string cannot fail.
        out.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

/// Writes rows as JSON objects, with the names of the columns encoded once.
#[derive(Debug)]
pub(crate) struct ObjectWriter {
    keys: Vec<String>,
}

impl ObjectWriter {
    /// A writer of rows of `schema`.
    pub(crate) fn new(schema: &Schema) -> Self {
        let key = |name: &str| {
            let mut key = String::new();
            write_string(name, &mut key);
            key.push(':');
            key
        };
        Self { keys: schema.columns().iter().map(|column| key(&column.name)).collect() }
    }

    /// Appends one object.
    pub(crate) fn write(&self, row: &Row, out: &mut String) {
        out.push('{');
        for (at, (key, value)) in self.keys.iter().zip(row).enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(key);
            write(value, out);
        }
        out.push('}');
    }

    /// One object on its own.
    pub(crate) fn raw(&self, row: &Row) -> Result<Box<RawValue>> {
        let mut out = String::new();
        self.write(row, &mut out);
        RawValue::from_string(out).map_err(|error| crate::Error::invalid(format!("a row is not valid JSON: {error}")))
    }
}
