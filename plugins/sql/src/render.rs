//! Values for answers and files.

use std::io::Write;

use graphitesql::Value;
use serde_json::{Number, Value as Json};

use crate::fault::{Fault, Result};

/// Bytes of one value that a table for people shows.
const MAX_CELL_CHARS: usize = 200;

/// As JSON. A blob is written as SQL has it; numbers that JSON lacks are text.
pub(crate) fn json(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => Json::from(number),
        Value::Real(number) => Number::from_f64(number).map_or_else(|| Json::from(number.to_string()), Json::Number),
        Value::Text(text) => Json::from(text.to_str_lossy().into_owned()),
        Value::Blob(bytes) => Json::from(hex(&bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits: String = digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect();
    format!("x'{digits}'")
}

/// About how many bytes a value takes in an answer.
pub(crate) fn bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Integer(_) | Value::Real(_) => 12,
        Value::Text(text) => text.byte_len() + 3,
        Value::Blob(bytes) => bytes.len() * 2 + 5,
    }
}

/// A table in markdown.
pub(crate) fn markdown(columns: &[String], rows: &[Vec<Json>]) -> String {
    let mut text = line(columns.iter().map(|name| cell(name)));
    text.push_str(&line(columns.iter().map(|_| "---".to_owned())));
    for row in rows {
        text.push_str(&line(row.iter().map(shown)));
    }
    text
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn shown(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => cell(text),
        other => other.to_string(),
    }
}

fn cell(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_CELL_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.replace('\\', "\\\\").replace('|', "\\|").replace(['\r', '\n'], " ")
}

/// Writes rows as CSV with a header.
pub(crate) fn write_csv(to: impl Write, path: &str, columns: &[String], rows: Vec<Vec<Value>>) -> Result<()> {
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Fault::io(path, error),
        _ => Fault::Failed(format!("`{path}` cannot be written")),
    };
    let mut writer = csv::Writer::from_writer(to);
    writer.write_record(columns).map_err(failed)?;
    for row in rows {
        writer.write_record(row.into_iter().map(plain)).map_err(failed)?;
    }
    writer.flush().map_err(|error| Fault::io(path, error))
}

fn plain(value: Value) -> String {
    match json(value) {
        Json::Null => String::new(),
        Json::String(text) => text,
        other => other.to_string(),
    }
}

/// Writes rows as JSON Lines.
pub(crate) fn write_lines(mut to: impl Write, path: &str, columns: &[String], rows: Vec<Vec<Value>>) -> Result<()> {
    for row in rows {
        let object: serde_json::Map<_, _> = columns.iter().cloned().zip(row.into_iter().map(json)).collect();
        let mut line = Json::Object(object).to_string();
        line.push('\n');
        to.write_all(line.as_bytes()).map_err(|error| Fault::io(path, error))?;
    }
    to.flush().map_err(|error| Fault::io(path, error))
}
