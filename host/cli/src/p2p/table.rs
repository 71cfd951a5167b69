//! Tables of JSON objects.

use std::io::Write as _;

use serde_json::Value;

static NULL: Value = Value::Null;

/// What is at a JSON Pointer; null where nothing is.
pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&NULL)
}

/// A heading and the key behind it, or a JSON Pointer.
pub(super) struct Column(pub(super) &'static str, pub(super) &'static str);

fn cell(row: &Value, key: &str) -> String {
    let found = if key.starts_with('/') { row.pointer(key) } else { row.get(key) };
    match found {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => crate::terminal::line(text),
        Some(Value::Array(all)) => all.len().to_string(),
        Some(Value::Number(number)) if number.is_f64() => format!("{:.2}", number.as_f64().unwrap_or_default()),
        Some(other) => other.to_string(),
    }
}

/// Prints rows, each column as wide as its widest cell.
pub(super) fn print(rows: &[Value], columns: &[Column]) -> anyhow::Result<()> {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| columns.iter().map(|c| cell(row, c.1)).collect()).collect();
    let width = |at: usize, heading: &str| {
        let widest = cells.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
        widest.unwrap_or(0).max(heading.len())
    };
    let widths: Vec<_> = columns.iter().enumerate().map(|(at, column)| width(at, column.0)).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<_> = cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut out = crate::terminal::out();
    writeln!(out, "{}", line(&mut columns.iter().map(|column| column.0)))?;
    for row in &cells {
        writeln!(out, "{}", line(&mut row.iter().map(String::as_str)))?;
    }
    Ok(())
}

pub(super) fn print_json(value: &Value) -> anyhow::Result<()> {
    print_line(&crate::terminal::json(value)?)
}

pub(super) fn print_line(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(crate::terminal::out(), "{text}")?)
}
