//! JSON values for people: tables, and what stands in them.

use std::io::{self, Write as _};

use anyhow::Context as _;
use serde_json::Value;

use crate::terminal;

static NULL: Value = Value::Null;

/// What is at a JSON Pointer; null where nothing is.
pub(crate) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&NULL)
}

/// The text at a JSON Pointer; empty where none is.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    at(value, pointer).as_str().unwrap_or_default()
}

/// The list at a JSON Pointer; empty where none is.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    at(value, pointer).as_array().map_or(&[], Vec::as_slice)
}

/// A heading and the key behind it, or a JSON Pointer.
pub(crate) struct Column(pub(crate) &'static str, pub(crate) &'static str);

fn cell(row: &Value, key: &str) -> String {
    let found = if key.starts_with('/') { row.pointer(key) } else { row.get(key) };
    match found {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => terminal::line(text),
        Some(Value::Array(all)) => all.len().to_string(),
        Some(Value::Number(number)) if number.is_f64() => format!("{:.2}", number.as_f64().unwrap_or_default()),
        Some(other) => other.to_string(),
    }
}

/// Prints rows as a table, or as JSON.
pub(crate) fn show(rows: &Value, columns: &[Column], json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(terminal::print_json(rows)?);
    }
    let rows = rows.as_array().context("the host answered no list")?;
    Ok(print(rows, columns)?)
}

/// Prints rows, each column as wide as its widest cell.
pub(crate) fn print(rows: &[Value], columns: &[Column]) -> io::Result<()> {
    let heading = columns.iter().map(|column| column.0.to_owned()).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|column| cell(row, column.1)).collect());
    let lines: Vec<Vec<String>> = std::iter::once(heading).chain(cells).collect();
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..columns.len()).map(|at| width(at).unwrap_or(0)).collect();
    let mut out = terminal::out();
    lines.iter().try_for_each(|line| {
        let padded: Vec<_> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", padded.join("  ").trim_end())
    })
}

/// Prints a value as JSON, or what it says to people.
pub(crate) fn print_either(value: &Value, text: &str, json: bool) -> io::Result<()> {
    if json { terminal::print_json(value) } else { writeln!(terminal::out(), "{text}") }
}
