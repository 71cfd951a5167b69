//! Values as JSON text, both ways. Numbers that neither 64-bit integers nor floats hold are kept as their text.
//!
//! Files get numbers as they are. Answers get those that a reader with binary64 numbers, such as JavaScript, would round
//! as strings: integers beyond ±(2^53 - 1), decimals of more than 17 digits, and what is beyond every float.

use serde_json::value::RawValue;
use tandem_json_text::{number_length, string_length};

use crate::{
    error::Result,
    integers::Integers,
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

/// The value as a JSON document, for answers.
pub(crate) fn to_json(value: &Value) -> serde_json::Value {
    let mut text = String::new();
    write_answer(value, &mut text);
    serde_json::from_str(&text).unwrap_or_else(|_| text.into())
}

/// Appends the JSON text of a value for an answer.
fn write_answer(value: &Value, out: &mut String) {
    match value {
        Value::Json(raw) => write_portable(raw, out),
        Value::Int(_) | Value::UInt(_) if !is_portable(value) => write_string(&text::display(value), out),
        other => write(other, out),
    }
}

/// The same, with integers of 64 bits as numbers.
fn write_exact_answer(value: &Value, out: &mut String) {
    match value {
        Value::Json(_) => write_answer(value, out),
        other => write(other, out),
    }
}

/// Appends JSON text, with the numbers that some readers would round as strings.
fn write_portable(raw: &str, out: &mut String) {
    let mut rest = raw;
    // Outside of strings a digit or a sign begins a number.
    while let Some((before, token)) =
        rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(before);
        let is_string = token.starts_with('"');
        let end = if is_string { string_length(token) } else { number_length(token) };
        let (token, after) = token.split_at_checked(end).unwrap_or((token, ""));
        if is_string || text::number(token).is_some_and(|number| is_portable(&number)) {
            out.push_str(token);
        } else {
            out.extend(["\"", token, "\""]);
        }
        rest = after;
    }
    out.push_str(rest);
}

/// Whether every reader holds a number exactly (RFC 8259 section 6).
fn is_portable(number: &Value) -> bool {
    match number {
        Value::Int(number) => number.unsigned_abs() < text::MAX_EXACT.unsigned_abs(),
        Value::UInt(_) => false,
        _ => true,
    }
}

/// Appends the JSON text of a value. Dates and the float words are strings.
pub(crate) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Json(raw) => out.push_str(raw),
        Value::Text(text) => write_string(text, out),
        Value::Decimal(number, _) => text::write(&Value::Float(*number), out),
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

    /// Appends one object of a file.
    pub(crate) fn write(&self, row: &Row, out: &mut String) {
        self.write_with(row, write, out);
    }

    fn write_with(&self, row: &Row, write: fn(&Value, &mut String), out: &mut String) {
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

    /// One object of an answer.
    pub(crate) fn answer(&self, row: &Row, integers: Integers) -> Result<Box<RawValue>> {
        let mut out = String::new();
        let write = match integers {
            Integers::Strings => write_answer,
            Integers::Numbers => write_exact_answer,
        };
        self.write_with(row, write, &mut out);
        RawValue::from_string(out).map_err(|error| crate::Error::invalid(format!("a row is not valid JSON: {error}")))
    }
}
