//! JSON that is nearly right.

use tandem_json_source::{Source, parse};
use tandem_sdk::prelude::*;

use crate::commas::without_empty;
use crate::limits::{MAX_REPAIR_BYTES, MAX_REPAIR_NESTING};

/// Valid JSON.
#[output]
#[derive(Debug)]
pub struct Repaired {
    /// The JSON.
    pub text: String,
    /// Whether anything had to be changed.
    pub changed: bool,
}

pub(crate) fn run(source: Source, pretty: bool) -> Result<Repaired> {
    let text = source.require()?;
    if text.len() > MAX_REPAIR_BYTES {
        return Err(Error::invalid_arguments(format!(
            "the text has {} bytes; at most {MAX_REPAIR_BYTES} are repaired",
            text.len()
        )));
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
        // What the other tools refuse is no result.
        let value = parse(&text)?;
        let text = if pretty { serde_json::to_string_pretty(&value)? } else { text.trim().to_owned() };
        return Ok(Repaired { text, changed: false });
    }
    check_nesting(&text)?;
    let value = match mended(fenced(&text).unwrap_or(&text)) {
        Ok(value) => value,
        Err(error) => bracketed(&text).and_then(|inner| mended(inner).ok()).ok_or(error)?,
    };
    let text = if pretty { serde_json::to_string_pretty(&value)? } else { value.to_string() };
    Ok(Repaired { text, changed: true })
}

fn mended(text: &str) -> Result<Value> {
    let failed = |problem: &dyn std::fmt::Display| {
        Error::invalid_arguments(format!("the text cannot be repaired: {problem}; leave out what is not JSON"))
    };
    let repaired = jsonrepair_rs::jsonrepair(&without_empty(text)?)
        .map_err(|error| failed(&format!("{} at line {} column {}", error.message, error.line, error.column)))?;
    let value = parse(&repaired).context("after the repair")?;
    // The repair makes `-0` of a lone sign.
    if negative_zeros(&value) > text.matches("-0").count() + text.matches("-.0").count() {
        return Err(failed(&"it has a `-` without digits"));
    }
    // A sentence is not JSON, although quotes would make a string of it.
    if matches!(value, Value::String(_)) && !text.trim_start().starts_with(['"', '\'', '“', '‘', '`']) {
        return Err(failed(&"it has no object, array, string or number"));
    }
    Ok(value)
}

fn negative_zeros(value: &Value) -> usize {
    match value {
        Value::Number(number) => {
            usize::from(number.as_f64().is_some_and(|number| number == 0.0 && number.is_sign_negative()))
        }
        Value::Array(items) => items.iter().map(negative_zeros).sum(),
        Value::Object(members) => members.values().map(negative_zeros).sum(),
        _ => 0,
    }
}

/// What stands in the first Markdown fence.
fn fenced(text: &str) -> Option<&str> {
    let (_, fence) = text.split_once("```")?;
    let (_, inner) = fence.split_once('\n')?;
    Some(inner.split_once("```").map_or(inner, |(inner, _)| inner))
}

/// What stands between the words around it: from the first bracket to the last.
fn bracketed(text: &str) -> Option<&str> {
    let start = text.find(['{', '['])?;
    let end = text.rfind(['}', ']']).filter(|end| *end > start).map_or(text.len(), |end| end + 1);
    text.get(start..end)
}

fn check_nesting(text: &str) -> Result<()> {
    let (mut depth, mut line) = (0_usize, 1_u32);
    for byte in text.bytes() {
        match byte {
            b'\n' => line += 1,
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_REPAIR_NESTING {
            return Err(Error::invalid_arguments(format!(
                "the text opens more than {MAX_REPAIR_NESTING} brackets in each other, at line {line}: give a part of it"
            )));
        }
    }
    Ok(())
}
