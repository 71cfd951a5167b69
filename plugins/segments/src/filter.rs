//! Filters on the fields of a record.
//!
//! **Promises.** A comparison with a field that is missing, or that has another type than the filter's value, is
//! false (so its `ne` is true). A field that holds a list matches when any of its elements does. Numbers compare
//! as 64-bit floats, texts by their bytes: dates in ISO 8601 sort right.
//!
//! **Bounds.** [`MAX_DEPTH`] levels, [`MAX_NODES`] conditions, [`MAX_VALUES`] values in one `in`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// Deeper nesting says nothing that flatter does not; the bound keeps recursion shallow.
pub const MAX_DEPTH: usize = 16;
/// Conditions are tried on every candidate, so their number multiplies the cost of a call.
pub const MAX_NODES: usize = 256;
/// As for conditions, but comparing with one more value is cheaper.
pub const MAX_VALUES: usize = 1000;

/// A condition on the fields of a record, as `{"eq": {"field": "lang", "value": "en"}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Filter {
    /// The field equals the value.
    Eq(Comparison),
    /// The field is missing or differs from the value.
    Ne(Comparison),
    /// The field is less than the value.
    Lt(Comparison),
    /// The field is at most the value.
    Lte(Comparison),
    /// The field is greater than the value.
    Gt(Comparison),
    /// The field is at least the value.
    Gte(Comparison),
    /// The field equals one of the values.
    In(Membership),
    /// The field is there and not null.
    Exists(Presence),
    /// All of these hold.
    And(Vec<Filter>),
    /// One of these holds.
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
}

/// A field and a value to compare it with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The field's name.
    pub field: String,
    /// The value.
    pub value: Scalar,
}

/// A field and the values it may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The field's name.
    pub field: String,
    /// The values.
    pub values: Vec<Scalar>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// The field's name.
    pub field: String,
}

/// A text, a number or a truth value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// A value that a record's field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Held<'r> {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(&'r str),
    /// Something that compares with nothing.
    Other,
}

/// What a filter is tried on.
pub trait Record {
    /// Whether `test` answers true for any value that the field holds.
    fn any(&self, field: &str, test: &mut dyn FnMut(Held<'_>) -> bool) -> bool;
}

impl Filter {
    /// Refuses a filter beyond the bounds, and any field that `known` refuses.
    pub fn check(&self, known: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        let mut nodes = 0;
        self.check_from(0, &mut nodes, known)
    }

    fn check_from(&self, depth: usize, nodes: &mut usize, known: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        *nodes += 1;
        if depth >= MAX_DEPTH || *nodes > MAX_NODES {
            return Err(Error::invalid(format!(
                "the filter is too large; use at most {MAX_DEPTH} levels and {MAX_NODES} conditions"
            )));
        }
        match self {
            Self::Eq(c) | Self::Ne(c) | Self::Lt(c) | Self::Lte(c) | Self::Gt(c) | Self::Gte(c) => known(&c.field),
            Self::In(membership) if membership.values.len() > MAX_VALUES => Err(Error::invalid(format!(
                "the filter's `in` on `{}` has {} values; use at most {MAX_VALUES}",
                membership.field,
                membership.values.len()
            ))),
            Self::In(membership) => known(&membership.field),
            Self::Exists(presence) => known(&presence.field),
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().try_for_each(|part| part.check_from(depth + 1, nodes, known))
            }
            Self::Not(part) => part.check_from(depth + 1, nodes, known),
        }
    }

    /// Whether the record fits. Call [`Filter::check`] first: it bounds the recursion.
    pub fn matches(&self, record: &dyn Record) -> bool {
        match self {
            Self::Eq(c) => record.any(&c.field, &mut |held| c.value.equals(held)),
            Self::Ne(c) => !record.any(&c.field, &mut |held| c.value.equals(held)),
            Self::Lt(c) => compares(record, c, |order| order.is_lt()),
            Self::Lte(c) => compares(record, c, |order| order.is_le()),
            Self::Gt(c) => compares(record, c, |order| order.is_gt()),
            Self::Gte(c) => compares(record, c, |order| order.is_ge()),
            Self::In(m) => record.any(&m.field, &mut |held| m.values.iter().any(|value| value.equals(held))),
            Self::Exists(presence) => record.any(&presence.field, &mut |_| true),
            Self::And(parts) => parts.iter().all(|part| part.matches(record)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(record)),
            Self::Not(part) => !part.matches(record),
        }
    }
}

fn compares(record: &dyn Record, comparison: &Comparison, wanted: fn(std::cmp::Ordering) -> bool) -> bool {
    record.any(&comparison.field, &mut |held| comparison.value.order_of(held).is_some_and(wanted))
}

impl Scalar {
    fn equals(&self, held: Held<'_>) -> bool {
        match (self, held) {
            (Self::Bool(value), Held::Bool(held)) => *value == held,
            _ => self.order_of(held).is_some_and(std::cmp::Ordering::is_eq),
        }
    }

    /// How what a field holds compares with this value.
    fn order_of(&self, held: Held<'_>) -> Option<std::cmp::Ordering> {
        match (self, held) {
            (Self::Number(value), Held::Number(held)) => held.partial_cmp(value),
            (Self::Text(value), Held::Text(held)) => Some(held.cmp(value)),
            _ => None,
        }
    }
}

impl Record for Map<String, Value> {
    fn any(&self, field: &str, test: &mut dyn FnMut(Held<'_>) -> bool) -> bool {
        match self.get(field) {
            None | Some(Value::Null) => false,
            Some(Value::Array(elements)) => elements.iter().any(|element| test(held(element))),
            Some(value) => test(held(value)),
        }
    }
}

fn held(value: &Value) -> Held<'_> {
    match value {
        Value::Bool(value) => Held::Bool(*value),
        Value::Number(value) => value.as_f64().map_or(Held::Other, Held::Number),
        Value::String(value) => Held::Text(value),
        Value::Null | Value::Array(_) | Value::Object(_) => Held::Other,
    }
}
