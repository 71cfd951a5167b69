//! Data of a call: a value, a text or a file; of bounded size and depth before anything parses it.

use schemars::{JsonSchema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tandem_sdk::prelude::*;

use crate::files;
use crate::limits::{MAX_DEPTH, MAX_DIGITS, MAX_INPUT_BYTES, MAX_OUTPUT_BYTES};

/// A JSON value as it came, with every digit of its numbers.
#[derive(Debug)]
pub struct Data(Box<RawValue>);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Data {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Data".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({})
    }
}

/// Where data comes from; at most one is given.
#[derive(Debug, Default)]
pub struct Source {
    pub data: Option<Data>,
    pub text: Option<String>,
    pub path: Option<String>,
}

impl Source {
    /// The text of the data, if any was given.
    pub fn read(self) -> Result<Option<String>> {
        let text = match (self.data, self.text, self.path) {
            (None, None, None) => return Ok(None),
            (Some(data), None, None) => data.0.get().to_owned(),
            (None, Some(text), None) => text,
            (None, None, Some(path)) => files::read(&path)?,
            _ => return Err(Error::invalid_arguments("give one of `data`, `text` and `path`")),
        };
        if text.len() > MAX_INPUT_BYTES {
            return Err(Error::invalid_arguments(format!(
                "the data has {} bytes; at most {MAX_INPUT_BYTES} are read",
                text.len()
            )));
        }
        Ok(Some(text))
    }

    /// The text of the data, which must be there.
    pub fn require(self) -> Result<String> {
        self.read()?.ok_or_else(|| Error::invalid_arguments("give the data: one of `data`, `text` and `path`"))
    }

    /// The one JSON value of the data.
    pub fn value(self) -> Result<Value> {
        parse(&self.require()?)
    }
}

/// Parses one JSON value.
pub fn parse(text: &str) -> Result<Value> {
    check_text(text)?;
    check_integers(text)?;
    serde_json::from_str(text).map_err(|error| not_json(&error))
}

/// What is wrong with a JSON text, by line and column.
pub fn not_json(error: &serde_json::Error) -> Error {
    Error::invalid_arguments(format!("not valid JSON: {error}; `json_repair` mends common mistakes"))
}

/// Refuses text whose brackets are nested too deep, before anything that calls itself reads it, and numbers of too many
/// digits.
pub fn check_text(text: &str) -> Result<()> {
    let (mut depth, mut digits, mut line) = (0_usize, 0_usize, 1_u32);
    for (byte, in_string) in bytes(text) {
        digits = if byte.is_ascii_digit() && !in_string { digits + 1 } else { 0 };
        match byte {
            b'\n' => line += 1,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Error::invalid_arguments(format!(
                "the data is nested deeper than {MAX_DEPTH} levels, at line {line}"
            )));
        }
        if digits > MAX_DIGITS {
            return Err(Error::invalid_arguments(format!(
                "the data has a number of more than {MAX_DIGITS} digits, at line {line}"
            )));
        }
    }
    Ok(())
}

/// Refuses integers that 64 bits do not hold, as they would be rounded.
fn check_integers(text: &str) -> Result<()> {
    let mut number = String::new();
    let mut line = 1_u32;
    for (byte, in_string) in bytes(text).chain([(b' ', false)]) {
        if !in_string && (byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
            number.push(char::from(byte));
            continue;
        }
        let integer = number.len() > 18 && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if integer && number.parse::<i64>().is_err() && number.parse::<u64>().is_err() {
            return Err(Error::invalid_arguments(format!(
                "the integer {number} at line {line} is beyond 64 bits and would be rounded: write it as a string, or use \
                 `json_query` with the format `text`, which keeps all digits"
            )));
        }
        number.clear();
        line += u32::from(byte == b'\n');
    }
    Ok(())
}

/// The bytes of a JSON text, each with whether it stands in a string.
fn bytes(text: &str) -> impl Iterator<Item = (u8, bool)> {
    let (mut in_string, mut escaped) = (false, false);
    text.bytes().map(move |byte| {
        let was = in_string;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
        (byte, was || in_string)
    })
}

/// The levels of a value.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The bytes of a value as JSON text, about; no further than `most`.
pub fn size(value: &Value, most: usize) -> usize {
    fn add(value: &Value, most: usize, sum: &mut usize) {
        *sum += match value {
            Value::String(text) => text.len() + 2,
            Value::Array(_) | Value::Object(_) => 2,
            _ => 8,
        };
        match value {
            Value::Array(items) => {
                for item in items {
                    if *sum > most {
                        return;
                    }
                    add(item, most, sum);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    if *sum > most {
                        return;
                    }
                    *sum += key.len() + 4;
                    add(member, most, sum);
                }
            }
            _ => {}
        }
    }
    let mut sum = 0;
    add(value, most, &mut sum);
    sum
}

/// Refuses an answer that is too long.
pub fn check_output(value: &Value, what: &str) -> Result<()> {
    let bytes = value.to_string().len();
    if bytes > MAX_OUTPUT_BYTES {
        return Err(Error::invalid_arguments(format!(
            "{what} has {bytes} bytes; at most {MAX_OUTPUT_BYTES} are answered: select a part with `json_query`"
        )));
    }
    Ok(())
}
