//! jq programs, run by jaq within bounds.

pub mod meter;
pub mod natives;
pub mod program;
pub mod text;

use std::fmt::Write as _;

use jaq_core::{Ctx as JqContext, Vars};
use jaq_json::{Val, read};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Map};
use tandem_sdk::prelude::*;

use crate::input::{check_text, not_json};
use crate::limits::{MAX_ERROR_BYTES, MAX_OUTPUT_BYTES, MAX_VARIABLES};
use text::Numbers;

/// The form of results.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Structured values.
    #[default]
    Json,
    /// One line of JSON a result, with every digit.
    Text,
    /// Lines, with strings as they are (as `jq -r`).
    Raw,
}

/// What a program gave.
#[output]
#[derive(Debug, Default)]
pub struct Results {
    /// The results (format `json`). Integers beyond 64 bits are strings of digits here; `text` has them as numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<Vec<Value>>,
    /// The results as lines (formats `text` and `raw`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How many results this page has.
    pub count: u64,
    /// Where the next page begins, if there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A program and how its results are wanted.
#[derive(Debug)]
pub struct Query<'a> {
    pub program: &'a str,
    pub variables: Option<Map<String, Value>>,
    pub slurp: bool,
    pub form: Form,
    pub limit: u32,
    pub cursor: Option<String>,
}

/// Runs a program on each value of a text, or on null.
pub fn run(ctx: &Ctx, input: Option<&str>, query: Query<'_>) -> Result<Results> {
    let (names, values) = variables(query.variables)?;
    let filter = program::compile(query.program, &names)?;
    let inputs = values_of(input.unwrap_or("null"), query.slurp)?;
    let skip = match query.cursor {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| Error::invalid_arguments("`cursor` must be a `next_cursor`"))?,
    };
    let mut page = Page { form: query.form, limit: u64::from(query.limit), skip, ..Page::default() };
    meter::begin();
    for input in inputs {
        let context = JqContext::<natives::Kind>::new(&filter.lut, Vars::new(values.iter().cloned()));
        for result in filter.id.run((context, input)) {
            ctx.check()?;
            let value = result.map_err(failure)?;
            if !page.add(&value)? {
                return page.finish();
            }
        }
    }
    page.finish()
}

fn variables(given: Option<Map<String, Value>>) -> Result<(Vec<String>, Vec<Val>)> {
    let given = given.unwrap_or_default();
    if given.len() > MAX_VARIABLES {
        return Err(Error::invalid_arguments(format!("`variables` has at most {MAX_VARIABLES} members")));
    }
    let word = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut values = Vec::new();
    let mut names = Vec::new();
    for (name, value) in given {
        if !word(&name) {
            return Err(Error::invalid_arguments(format!(
                "`variables`: `{name}` is not a name, as `minimum` for `$minimum`"
            )));
        }
        values.extend(values_of(&value.to_string(), false)?);
        names.push(format!("${name}"));
    }
    Ok((names, values))
}

/// The values of a JSON text, which may hold several one after the other.
fn values_of(text: &str, slurp: bool) -> Result<Vec<Val>> {
    check_text(text)?;
    let mut values = Vec::new();
    // Read twice: first strictly and with its place, then with every digit.
    for raw in Deserializer::from_str(text).into_iter::<&RawValue>() {
        let raw = raw.map_err(|error| not_json(&error))?;
        let value = read::parse_single(raw.get().as_bytes());
        values.push(value.map_err(|error| Error::invalid_arguments(format!("not valid JSON: {error}")))?);
    }
    Ok(if slurp { vec![values.into_iter().collect()] } else { values })
}

fn failure(exception: jaq_core::Exn<'_, Val>) -> Error {
    match (meter::stopped(), exception.get_err()) {
        (Some(reason), _) => Error::invalid_arguments(format!("`program` was stopped: {reason}")),
        (None, Ok(error)) => {
            let mut message = Short(String::new());
            // It fails where the message is long enough.
            let _ = write!(message, "{error}");
            Error::failed(format!("jq: {}", message.0))
        }
        (None, Err(_)) => Error::failed("jq: `break` without its `label`"),
    }
}

/// The beginning of a message.
struct Short(String);

impl std::fmt::Write for Short {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        let left = MAX_ERROR_BYTES.saturating_sub(self.0.len());
        let end = part.floor_char_boundary(left.min(part.len()));
        self.0.push_str(part.get(..end).unwrap_or_default());
        if end < part.len() { Err(std::fmt::Error) } else { Ok(()) }
    }
}

/// A page of results that fills up.
#[derive(Default)]
struct Page {
    form: Form,
    limit: u64,
    skip: u64,
    seen: u64,
    count: u64,
    values: Vec<Value>,
    text: String,
    bytes: usize,
    more: bool,
}

impl Page {
    /// Adds a result and tells whether there is room for more.
    fn add(&mut self, value: &Val) -> Result<bool> {
        self.seen += 1;
        if self.seen <= self.skip {
            return Ok(true);
        }
        if self.count == self.limit {
            self.more = true;
            return Ok(false);
        }
        let numbers = if self.form == Form::Json { Numbers::Portable } else { Numbers::Exact };
        let mut line = String::new();
        match value {
            Val::TStr(text) | Val::BStr(text) if self.form == Form::Raw => {
                line.push_str(&String::from_utf8_lossy(text))
            }
            _ => text::write(value, numbers, MAX_OUTPUT_BYTES, &mut line).map_err(Error::invalid_arguments)?,
        }
        self.bytes += line.len() + 1;
        if self.bytes > MAX_OUTPUT_BYTES {
            // A page ends before the result that it has no room for; one result that is too long is an error.
            self.more = true;
            return if self.count > 0 { Ok(false) } else { Err(too_long()) };
        }
        self.count += 1;
        if self.form == Form::Json {
            self.values.push(serde_json::from_str(&line).map_err(|error| Error::other(format!("a result: {error}")))?);
        } else {
            self.text.push_str(&line);
            self.text.push('\n');
        }
        Ok(true)
    }

    fn finish(self) -> Result<Results> {
        let json = self.form == Form::Json;
        Ok(Results {
            results: json.then_some(self.values),
            text: (!json).then_some(self.text),
            count: self.count,
            next_cursor: self.more.then(|| (self.skip + self.count).to_string()),
        })
    }
}

fn too_long() -> Error {
    Error::invalid_arguments(format!("one result has more than {MAX_OUTPUT_BYTES} bytes: select a part of it"))
}
