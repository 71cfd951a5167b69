//! Each format as a JSON value.

use tandem_json_source::parse;
use tandem_sdk::prelude::*;

use crate::format::{Format, How};
use crate::{table, toml_reader, xml_reader, yaml_reader};

pub(crate) fn read(text: &str, from: Format, how: &How<'_>) -> Result<Value> {
    match from {
        Format::Json => parse(text),
        Format::Ndjson => lines(text),
        Format::Yaml => yaml_reader::read(text),
        Format::Toml => toml_reader::read(text),
        Format::Xml => xml_reader::read(text),
        Format::Csv => table::read(text, how.delimiter, how.types),
    }
}

fn lines(text: &str) -> Result<Value> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let value = |(number, line): (usize, &str)| parse(line).context(format!("line {}", number + 1));
    lines.map(value).collect::<Result<Vec<_>>>().map(Value::Array)
}
