//! Counts the steps of a check, in a keyword of our own that stands in every subschema.
//!
//! The library runs a check to its end; a keyword is what it asks on the way. Once the steps are used up the keyword fails
//! wherever it stands, so that everything above fails too and the check ends.

use std::cell::Cell;

use jsonschema::{Keyword, ValidationError, paths::Location};
use serde_json::{Map, Value};

/// Not the name of any keyword; removed from schemas that have it.
pub(super) const KEYWORD: &str = "tandem:steps";

/// Bytes of a text that count as much as a member.
const TEXT: usize = 32;

thread_local! {
    /// What is left to the check that runs on this thread.
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Runs a check with so many steps; none when they did not suffice, and the result means nothing.
pub(super) fn within<T>(steps: u64, check: impl FnOnce() -> T) -> Option<T> {
    LEFT.set(steps);
    let result = check();
    (LEFT.replace(u64::MAX) > 0).then_some(result)
}

fn take(steps: u64) -> bool {
    let left = LEFT.get().saturating_sub(steps);
    LEFT.set(left);
    left > 0
}

/// The steps that one look at a value costs.
struct Steps {
    /// In any case.
    base: u64,
    /// For each of the value's members.
    each: u64,
}

impl<'i> Keyword<'i> for Steps {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) { Ok(()) } else { Err(ValidationError::custom("the steps are used up")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let members = match instance {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            Value::String(text) => text.len() / TEXT,
            _ => 0,
        };
        take(self.base + self.each.saturating_mul(members as u64))
    }
}

pub(super) fn keyword<'a>(
    _parent: &'a Map<String, Value>,
    value: &'a Value,
    _location: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let number = |at: usize| value.get(at).and_then(Value::as_u64).unwrap_or(1);
    Ok(Box::new(Steps { base: number(0), each: number(1) }))
}
