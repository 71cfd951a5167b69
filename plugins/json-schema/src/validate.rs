//! Validation of a document.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, ValidationOptions, Validator};
use tandem_json_source::Source;
use tandem_sdk::prelude::*;

use crate::limits::{MAX_CAUSES, MAX_MESSAGE_BYTES, MAX_PATTERN_SIZE, MAX_QUOTED, MAX_SCHEMA_BYTES, MAX_STEPS_DEEP};
use crate::weigh;

/// A version of JSON Schema.
#[data]
#[derive(Clone, Copy, Debug)]
pub enum Version {
    /// 2020-12.
    #[serde(rename = "2020-12")]
    V2020,
    /// 2019-09.
    #[serde(rename = "2019-09")]
    V2019,
    /// Draft 7.
    #[serde(rename = "draft-07")]
    V7,
    /// Draft 6.
    #[serde(rename = "draft-06")]
    V6,
    /// Draft 4.
    #[serde(rename = "draft-04")]
    V4,
}

/// One thing that is wrong.
#[output]
#[derive(Debug)]
pub struct Problem {
    /// Where in the data: a JSON Pointer; empty for the whole.
    pub pointer: String,
    /// The keyword of the schema that the value fails, as `required`.
    pub keyword: String,
    /// What is wrong.
    pub message: String,
    /// Where in the schema: a JSON Pointer.
    pub schema_pointer: String,
    /// For `anyOf` and `oneOf`: the first error of each alternative.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

/// What validation found.
#[output]
#[derive(Debug)]
pub struct Verdict {
    /// Whether the data is valid.
    pub valid: bool,
    /// What is wrong, at most `max_errors`.
    pub errors: Vec<Problem>,
    /// Whether there are more errors.
    pub more_errors: bool,
}

/// How to validate.
pub(crate) struct How {
    pub(crate) version: Option<Version>,
    pub(crate) check_formats: bool,
    pub(crate) max_errors: u32,
}

pub(crate) fn run(ctx: &Ctx, data: Source, schema: Source, how: &How) -> Result<Verdict> {
    let data = data.value().context("the data")?;
    let text = schema.require()?;
    if text.len() > MAX_SCHEMA_BYTES {
        return Err(Error::invalid_arguments(format!(
            "the schema has {} bytes; at most {MAX_SCHEMA_BYTES} are compiled",
            text.len()
        )));
    }
    let schema = tandem_json_source::parse(&text).context("the schema")?;
    let chain = weigh::longest_chain(&schema)?;
    let deep = (levels(&data) + 1) * chain;
    if chain > 1 && deep > MAX_STEPS_DEEP {
        return Err(Error::invalid_arguments(format!(
            "the data has {} levels and the schema {chain} subschemas in each other for one value, {deep} together; the bound is \
             {MAX_STEPS_DEEP}: validate a part of the data",
            levels(&data)
        )));
    }
    ctx.check()?;
    let validator = compile(&schema, how)?;
    let mut errors = Vec::new();
    let mut more_errors = false;
    for error in validator.iter_errors(&data) {
        ctx.check()?;
        if errors.len() >= how.max_errors as usize {
            more_errors = true;
            break;
        }
        errors.push(problem(&error));
    }
    Ok(Verdict { valid: errors.is_empty(), errors, more_errors })
}

fn compile(schema: &Value, how: &How) -> Result<Validator> {
    let patterns = PatternOptions::regex().size_limit(MAX_PATTERN_SIZE).dfa_size_limit(MAX_PATTERN_SIZE);
    let mut options: ValidationOptions<'_> = jsonschema::options()
        .offline()
        .with_pattern_options(patterns)
        .should_validate_formats(how.check_formats)
        .should_ignore_unknown_formats(true);
    if let Some(version) = how.version {
        options = options.with_draft(match version {
            Version::V2020 => Draft::Draft202012,
            Version::V2019 => Draft::Draft201909,
            Version::V7 => Draft::Draft7,
            Version::V6 => Draft::Draft6,
            Version::V4 => Draft::Draft4,
        });
    }
    options.build(schema).map_err(|error| {
        let place = error.instance_path().as_str();
        let more = if matches!(error.kind(), ValidationErrorKind::Format { format } if format == "regex") {
            "; look-around, back-references and more than some 60 brackets in each other are not supported"
        } else {
            ""
        };
        let place = if place.is_empty() { String::new() } else { format!(" at `{place}`") };
        Error::invalid_arguments(format!("the schema is not valid{place}: {}{more}", message(&error)))
    })
}

fn problem(error: &ValidationError<'_>) -> Problem {
    Problem {
        pointer: error.instance_path().as_str().to_owned(),
        keyword: error.kind().keyword().to_owned(),
        message: message(error),
        schema_pointer: error.schema_path().as_str().to_owned(),
        causes: causes(error.kind()),
    }
}

fn causes(kind: &ValidationErrorKind) -> Vec<String> {
    let (ValidationErrorKind::AnyOf { context }
    | ValidationErrorKind::OneOfNotValid { context }
    | ValidationErrorKind::OneOfMultipleValid { context }) = kind
    else {
        return Vec::new();
    };
    let first = |(number, errors): (usize, &Vec<ValidationError<'_>>)| {
        let error = errors.first()?;
        let place = error.instance_path().as_str();
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        Some(format!("alternative {number}: {place}{}", message(error)))
    };
    context.iter().enumerate().filter_map(first).take(MAX_CAUSES).collect()
}

/// What is wrong; great values are not quoted.
fn message(error: &ValidationError<'_>) -> String {
    let value = error.instance();
    let quoted = match value.as_ref() {
        Value::String(text) => text.len() <= MAX_QUOTED,
        Value::Array(_) | Value::Object(_) => false,
        _ => true,
    };
    let text = if quoted { error.to_string() } else { error.masked().to_string() };
    if text.len() <= MAX_MESSAGE_BYTES {
        return text;
    }
    let cut = (0..=MAX_MESSAGE_BYTES).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}…", text.get(..cut).unwrap_or_default())
}

/// Levels of arrays and objects; the text was bounded before it was parsed.
pub(crate) fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}
