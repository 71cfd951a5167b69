//! A JSON value in each format.

use std::io::Write;

use tandem_sdk::prelude::*;

use crate::bounded::{Bounded, short, too_long};
use crate::format::{Format, How};
use crate::limits::{MAX_LEVELS, MAX_OUTPUT_BYTES};
use crate::{table, xml_writer};

pub(crate) fn write(value: &Value, how: &How<'_>) -> Result<String> {
    if matches!(how.to, Format::Yaml | Format::Toml | Format::Xml) && levels(value) > MAX_LEVELS {
        return Err(Error::invalid_arguments(format!(
            "the data has {} levels; at most {MAX_LEVELS} are written in this format",
            levels(value)
        )));
    }
    let mut text = Bounded::default();
    match how.to {
        Format::Json | Format::Ndjson => {
            let written = json(&mut text, value, how);
            text.finish(written, |error| failed(&error))
        }
        Format::Yaml => {
            let written = serde_saphyr::to_io_writer(&mut text, value);
            text.finish(written, |error| failed(&error))
        }
        Format::Toml => within(toml(value, how.pretty)?),
        Format::Xml => {
            let written = xml_writer::write(&mut text, value, how.root, how.pretty);
            text.finish(written, |error| error)
        }
        Format::Csv => within(table::write(value, how.delimiter)?),
    }
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::invalid_arguments(format!("`to`: {}", short(error)))
}

fn within(text: String) -> Result<String> {
    if text.len() > MAX_OUTPUT_BYTES { Err(too_long()) } else { Ok(text) }
}

fn json(text: &mut Bounded, value: &Value, how: &How<'_>) -> std::io::Result<()> {
    match value {
        Value::Array(items) if how.to == Format::Ndjson => {
            for item in items {
                serde_json::to_writer(&mut *text, item)?;
                text.write_all(b"\n")?;
            }
        }
        value if how.to == Format::Ndjson => {
            serde_json::to_writer(&mut *text, value)?;
            text.write_all(b"\n")?;
        }
        value if how.pretty => serde_json::to_writer_pretty(text, value)?,
        value => serde_json::to_writer(text, value)?,
    }
    Ok(())
}

fn toml(value: &Value, pretty: bool) -> Result<String> {
    let Value::Object(_) = value else {
        return Err(failed(&"TOML is a table: the data must be an object, as `{\"rows\": […]}`"));
    };
    if let Some(pointer) = null(value) {
        return Err(failed(&format!("TOML has no null, and the data has one at `{pointer}`: leave it out")));
    }
    let written = if pretty { toml_edit::ser::to_string_pretty(value) } else { toml_edit::ser::to_string(value) };
    written.map_err(|error| failed(&error))
}

/// Where the first null is, as a JSON Pointer.
fn null(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(n, item)| null(item).map(|rest| format!("/{n}{rest}")))
        }
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            null(member).map(|rest| format!("/{}{rest}", name.replace('~', "~0").replace('/', "~1")))
        }),
        _ => None,
    }
}

/// Levels of arrays and objects.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}
