//! CSV.

use std::collections::HashSet;

use serde_json::Map;
use tandem_sdk::prelude::*;

use crate::bounded::short;
use crate::limits::{MAX_CELLS, MAX_COLUMNS, MAX_NAMES_BYTES};

/// Rows as objects, named by the header.
pub(crate) fn read(text: &str, delimiter: u8, types: bool) -> Result<Value> {
    let not_csv = |error: csv::Error| Error::invalid_arguments(format!("not valid CSV: {}", short(error)));
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let header = reader.headers().map_err(not_csv)?.clone();
    let mut seen = HashSet::new();
    if let Some(twice) = header.iter().find(|name| !seen.insert(*name)) {
        return Err(Error::invalid_arguments(format!(
            "the header has the column `{}` twice: rename one",
            short(twice)
        )));
    }
    let names_bytes: usize = header.iter().map(str::len).sum();
    let (mut rows, mut cells) = (Vec::new(), 0);
    for record in reader.records() {
        let record = record.map_err(not_csv)?;
        cells += record.len();
        if cells > MAX_CELLS {
            return Err(Error::invalid_arguments(format!(
                "the CSV has more than {MAX_CELLS} cells: give a part of it"
            )));
        }
        if names_bytes.saturating_mul(rows.len()) > MAX_NAMES_BYTES {
            return Err(Error::invalid_arguments(format!(
                "the names of the header have {names_bytes} bytes: each row would have them, {MAX_NAMES_BYTES} bytes at most together"
            )));
        }
        let row = header.iter().zip(record.iter());
        let row: Map<String, Value> = row.map(|(name, cell)| (name.to_owned(), typed(cell, types))).collect();
        rows.push(Value::Object(row));
    }
    Ok(Value::Array(rows))
}

/// A number or boolean where it is written as JSON writes it, so that `007` stays text.
fn typed(cell: &str, types: bool) -> Value {
    let text = || Value::String(cell.to_owned());
    if !types {
        return text();
    }
    match cell {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if cell.starts_with(|first: char| first.is_ascii_digit() || first == '-') && cell.len() < 25 => {
            let value: Option<Value> = serde_json::from_str(cell).ok();
            value.filter(|value| is_written(value, cell)).unwrap_or_else(text)
        }
        _ => text(),
    }
}

fn is_written(value: &Value, cell: &str) -> bool {
    let written = value.to_string();
    written == cell
}

/// Rows of an array of objects, or of arrays.
pub(crate) fn write(value: &Value, delimiter: u8) -> Result<String> {
    let shape = || Error::invalid_arguments("`to`: CSV is rows: the data must be an array of objects, or of arrays");
    let single;
    let rows = match value {
        Value::Array(rows) => rows,
        Value::Object(_) => {
            single = vec![value.clone()];
            &single
        }
        _ => return Err(shape()),
    };
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    let failed = |error: csv::Error| Error::other(format!("CSV: {error}"));
    let columns = columns(rows)?;
    if rows.len().saturating_mul(columns.len()) > MAX_CELLS {
        return Err(Error::invalid_arguments(format!(
            "the CSV would have {} rows of {} columns; at most {MAX_CELLS} cells are written",
            rows.len(),
            columns.len()
        )));
    }
    if !columns.is_empty() {
        writer.write_record(&columns).map_err(failed)?;
    }
    for row in rows {
        let cells: Vec<String> = match row {
            Value::Object(members) => {
                columns.iter().map(|name| members.get(*name).map(cell).unwrap_or_default()).collect()
            }
            Value::Array(items) if columns.is_empty() => items.iter().map(cell).collect(),
            _ => return Err(shape()),
        };
        writer.write_record(cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::other(format!("CSV: {error}")))?;
    String::from_utf8(bytes).map_err(|error| Error::other(format!("CSV: {error}")))
}

/// The names of members, in the order in which they are first seen.
fn columns(rows: &[Value]) -> Result<Vec<&str>> {
    let (mut columns, mut seen) = (Vec::new(), HashSet::new());
    for name in rows.iter().filter_map(Value::as_object).flat_map(Map::keys) {
        if seen.insert(name.as_str()) {
            columns.push(name.as_str());
        }
        if columns.len() > MAX_COLUMNS {
            return Err(Error::invalid_arguments(format!(
                "the objects have more than {MAX_COLUMNS} different names; a CSV has at most as many columns"
            )));
        }
    }
    Ok(columns)
}

/// Nothing for null, text as it is, JSON for the rest.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
