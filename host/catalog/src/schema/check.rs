//! Compiled schemas, and checks by them.

use std::sync::OnceLock;

use jsonschema::{PatternOptions, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::Value;

use super::{
    effort::{Effort, Unfit, Violations},
    expected, instrument,
    limits::{LISTED_NODES, MAX_VIOLATIONS, PATTERN_SIZE},
    steps,
    text::cut,
};

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
