//! Each format as a JSON value.

use tandem_json_source::parse;
use tandem_sdk::prelude::*;

use crate::bounded::short;
use crate::format::{Format, How};
use crate::limits::{MAX_LEVELS, MAX_YAML_NODES, MAX_YAML_REPEATED};
use crate::plain::Plain;
use crate::{table, xml_reader};

/// The least magnitude of a number that may be an integer that 64 bits do not hold.
const BEYOND_64_BITS: f64 = 9.2e18;

pub(crate) fn read(text: &str, from: Format, how: &How<'_>) -> Result<Value> {
    match from {
        Format::Json => parse(text),
        Format::Ndjson => lines(text),
        Format::Yaml => yaml(text),
        Format::Toml => toml(text),
        Format::Xml => xml_reader::read(text),
        Format::Csv => table::read(text, how.delimiter, how.types),
    }
}

fn lines(text: &str) -> Result<Value> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let value = |(number, line): (usize, &str)| parse(line).context(format!("line {}", number + 1));
    lines.map(value).collect::<Result<Vec<_>>>().map(Value::Array)
}

fn yaml(text: &str) -> Result<Value> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_LEVELS,
            flow_nesting_limit: MAX_LEVELS,
            max_nodes: MAX_YAML_NODES,
            max_events: MAX_YAML_NODES * 2,
            max_documents: 1_000,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_YAML_REPEATED },
        // The reader of values names the member.
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
    };
    let documents: Vec<Plain> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| Error::invalid_arguments(format!("not valid YAML, or beyond its bounds: {}", short(error))))?;
    let mut documents: Vec<Value> = documents.into_iter().map(|Plain(value)| value).collect();
    if documents.iter().any(has_great_number) && has_long_integer(text) {
        return Err(Error::invalid_arguments(
            "the YAML has an integer that is beyond 64 bits, and would be rounded: write it as a string",
        ));
    }
    Ok(match documents.len() {
        0 => Value::Null,
        1 => documents.remove(0),
        _ => Value::Array(documents),
    })
}

fn has_great_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64() && number.as_f64().is_some_and(|number| number.abs() > BEYOND_64_BITS),
        Value::Array(items) => items.iter().any(has_great_number),
        Value::Object(members) => members.values().any(has_great_number),
        _ => false,
    }
}

/// Whether a word of the text is an integer of 19 digits or more.
fn has_long_integer(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || ",[]{}".contains(c)).any(|word| {
        let digits = word.trim_start_matches(['-', '+']);
        digits.len() >= 19 && digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_' || byte == b'x')
    })
}

fn toml(text: &str) -> Result<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Plain(value) = toml_edit::de::from_str(text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        let at = line.map(|line| format!(" at line {line}")).unwrap_or_default();
        Error::invalid_arguments(format!("not valid TOML, or nested too deep{at}: {}", short(error.message())))
    })?;
    Ok(value)
}
