//! Checks of values against a tool's schema, within a budget.
//!
//! **Promises.** A check ends after a number of steps that the caller chooses, whatever schema and value are: both are strangers'
//! input. What does not fit is named by place and reason; of the alternatives of each `anyOf` on the way only in the one that was
//! meant, since there are exponentially many.
//!
//! **Bounds.** [`Effort`]; violations of one answer, and bytes of each.
//!
//! **Refuses.** Schemas that reach for network or files, or that stand below another `$id` than the root's.

mod choices;
mod expected;
mod instrument;
mod steps;

use std::sync::OnceLock;

use jsonschema::{PatternOptions, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::Value;

/// Places named in one validation error. A value that is wrong everywhere needs no longer answer.
const MAX_VIOLATIONS: usize = 16;
/// Bytes of a place, and of a message: either may repeat keys of the value, which can have megabytes.
const MAX_TEXT: usize = 512;
/// Bytes that one compiled pattern of a schema may take. Stops a schema from holding gigabytes of automata.
const PATTERN_SIZE: usize = 1 << 20;
/// Members and elements of a value of which all violations are listed; of a larger one the first. All are collected before
/// any is shown, at some hundred bytes each.
const LISTED_NODES: usize = 256;

/// How much work a check may be. A step is about a keyword at a member, some ten to a hundred nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Well below a millisecond: what may run between two awaits.
    Brief,
    /// Below a second. A body of the largest size with a schema as tools have takes a tenth of it; recursive alternatives
    /// over the same values would take for ever.
    Full,
}

impl Effort {
    fn steps(self) -> u64 {
        match self {
            Self::Brief => 5_000,
            Self::Full => 5_000_000,
        }
    }
}

/// Where a value breaks its schema: JSON Pointer and message.
pub type Violations = Vec<(String, String)>;

/// Why a value does not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It breaks the schema here.
    #[error("the value does not match its schema")]
    Violations(Violations),
    /// The effort did not suffice to tell.
    #[error("schema check exceeded its step limit")]
    Effort,
}

impl Unfit {
    /// What to tell the caller, where no more effort is made.
    #[must_use]
    pub fn violations(self) -> Violations {
        match self {
            Self::Violations(violations) => violations,
            Self::Effort => vec![(
                String::new(),
                format!(
                    "the value is too much to check against the schema ({} steps); send less at a time, or nest it less deeply",
                    Effort::Full.steps()
                ),
            )],
        }
    }
}

/// A schema that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnusableSchema(String);

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    exact: Validator,
    /// The same with alternatives narrowed, which tells where a value breaks it. Compiled when a value first does.
    outline: OnceLock<Option<Validator>>,
    /// Whether all violations of a small value are few.
    lists: bool,
}

impl Schema {
    /// Compiles one.
    ///
    /// # Errors
    /// It is none of JSON Schema 2020-12, or too large.
    pub fn compile(source: &Value) -> Result<Self, UnusableSchema> {
        // Its own errors come first: they name the keyword as the author wrote it.
        build(source).map_err(UnusableSchema)?;
        let instrumented = instrument::exact(source).map_err(UnusableSchema)?;
        let exact = build(&instrumented).map_err(UnusableSchema)?;
        Ok(Self { exact, outline: OnceLock::new(), lists: instrument::is_plain(source) })
    }

    /// Checks a value. `source` is what the schema was compiled from.
    pub(crate) fn check(&self, source: &Value, value: &Value, effort: Effort) -> Result<(), Unfit> {
        match steps::within(effort.steps(), || self.exact.is_valid(value)) {
            Some(true) => Ok(()),
            Some(false) => Err(self.explain(source, value, effort)),
            None => Err(Unfit::Effort),
        }
    }

    /// What is wrong with a value that does not fit. Where a brief effort does not suffice to tell, a full one may.
    fn explain(&self, source: &Value, value: &Value, effort: Effort) -> Unfit {
        let told = |found: Violations| {
            let unknown = || vec![(String::new(), "the value does not fit the schema".to_owned())];
            Unfit::Violations(if found.is_empty() { unknown() } else { found })
        };
        let outline =
            self.outline.get_or_init(|| instrument::outline(source).and_then(|outline| build(&outline)).ok()).as_ref();
        let Some(outline) = outline else { return told(Vec::new()) };
        let lists = self.lists && is_small(value, &mut 0);
        let found = steps::within(effort.steps(), || {
            if lists {
                outline.iter_errors(value).take(MAX_VIOLATIONS).map(|error| violation(&error)).collect()
            } else {
                outline.validate(value).err().map(|error| violation(&error)).into_iter().collect()
            }
        });
        match found {
            None if effort == Effort::Brief => Unfit::Effort,
            found => told(found.unwrap_or_default()),
        }
    }
}

fn violation(error: &ValidationError<'_>) -> (String, String) {
    let told = match error.kind() {
        ValidationErrorKind::Enum { options } => expected::none_of(options, error.instance()),
        _ => None,
    };
    let message = told.unwrap_or_else(|| error.masked_with("the value").to_string());
    (cut(error.instance_path().to_string()), cut(message))
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
    text
}

fn is_small(value: &Value, seen: &mut usize) -> bool {
    *seen += 1;
    *seen <= LISTED_NODES
        && match value {
            Value::Array(items) => items.iter().all(|item| is_small(item, seen)),
            Value::Object(members) => members.values().all(|member| is_small(member, seen)),
            _ => true,
        }
}

/// Compiles a schema. It reaches neither network nor files, and its patterns run in linear time.
fn build(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_SIZE))
        .with_keyword(steps::KEYWORD, steps::keyword)
        .with_keyword(expected::KEYWORD, expected::keyword)
        .build(schema)
        .map_err(|error| cut(error.to_string()))
}

#[cfg(test)]
mod narrowing_tests;
#[cfg(test)]
mod tests;
