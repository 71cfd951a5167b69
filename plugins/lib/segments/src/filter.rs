//! Filters on the fields of a record.
//!
//! **Promises.** A comparison with a field that is missing, or that has another type than the filter's value, is
//! false (so its `ne` is true). A field that holds a list matches when any of its elements does. Numbers compare
//! as 64-bit floats, texts by their bytes: dates in ISO 8601 sort right.
//!
//! **Bounds.** [`MAX_DEPTH`] levels, [`MAX_NODES`] conditions, [`MAX_VALUES`] values in one `in`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value};
use tandem_filters::{Comparison, Condition, Operand, TextMatch, condition_schema};

use crate::error::{Error, Result};

/// Deeper nesting says nothing that flatter does not; the bound keeps recursion shallow.
pub const MAX_DEPTH: usize = 16;
/// Conditions are tried on every candidate, so their number multiplies the cost of a call.
pub const MAX_NODES: usize = 256;
/// As for conditions, but comparing with one more value is cheaper.
pub const MAX_VALUES: usize = 1000;

/// A condition on the fields of a record, as `{"op": "eq", "field": "lang", "value": "en"}`: see [`tandem_filters`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Condition")]
pub enum Filter {
    /// How the field compares with the value.
    Compare {
        /// How.
        op: Comparison,
        /// The field's name.
        field: String,
        /// The value.
        value: Scalar,
    },
    /// The field equals one of the values.
    In {
        /// The field's name.
        field: String,
        /// The values.
        values: Vec<Scalar>,
    },
    /// The field's text has another in it.
    Text {
        /// Where.
        op: TextMatch,
        /// The field's name.
        field: String,
        /// The text, in lower case where case does not matter.
        text: String,
        /// Whether upper and lower case are alike.
        ignore_case: bool,
    },
    /// The field is there and not null.
    Exists {
        /// The field's name.
        field: String,
    },
    /// All of these hold.
    And(Vec<Filter>),
    /// One of these holds.
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
}

impl JsonSchema for Filter {
    fn schema_name() -> Cow<'static, str> {
        "Filter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        condition_schema(None)
    }
}

impl TryFrom<Condition> for Filter {
    type Error = String;

    fn try_from(condition: Condition) -> Result<Self, String> {
        let all = |parts: Vec<Condition>| parts.into_iter().map(Self::try_from).collect::<Result<_, _>>();
        Ok(match condition {
            Condition::And(parts) => Self::And(all(parts)?),
            Condition::Or(parts) => Self::Or(all(parts)?),
            Condition::Not(part) => Self::Not(Box::new(Self::try_from(*part)?)),
            Condition::Compare { op, field, with: Operand::Value(value) } => {
                let value = Scalar::of(value, &field)?;
                Self::Compare { op, field, value }
            }
            Condition::Compare { field, .. } => {
                return Err(format!("`expr` is not for this tool: compare `{field}` with a `value`"));
            }
            Condition::In { field, values } => {
                let values = values.into_iter().map(|value| Scalar::of(value, &field)).collect::<Result<_, _>>()?;
                Self::In { field, values }
            }
            Condition::Text { op, field, text, ignore_case } => {
                let text = if ignore_case { text.to_lowercase() } else { text };
                Self::Text { op, field, text, ignore_case }
            }
            Condition::Null { field, wanted: false } => Self::Exists { field },
            Condition::Null { field, wanted: true } => Self::Not(Box::new(Self::Exists { field })),
        })
    }
}

/// A text, a number or a truth value.
#[derive(Clone, Debug, PartialEq)]
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
            Self::In { field, values } if values.len() > MAX_VALUES => Err(Error::invalid(format!(
                "the filter's `in` on `{field}` has {} values; use at most {MAX_VALUES}",
                values.len()
            ))),
            Self::Compare { field, .. }
            | Self::In { field, .. }
            | Self::Text { field, .. }
            | Self::Exists { field } => known(field),
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().try_for_each(|part| part.check_from(depth + 1, nodes, known))
            }
            Self::Not(part) => part.check_from(depth + 1, nodes, known),
        }
    }

    /// Whether the record fits. Call [`Filter::check`] first: it bounds the recursion.
    pub fn matches(&self, record: &dyn Record) -> bool {
        match self {
            Self::Compare { op: Comparison::Eq, field, value } => record.any(field, &mut |held| value.equals(held)),
            Self::Compare { op: Comparison::Ne, field, value } => !record.any(field, &mut |held| value.equals(held)),
            Self::Compare { op, field, value } => {
                record.any(field, &mut |held| value.order_of(held).is_some_and(|order| op.holds(order)))
            }
            Self::In { field, values } => record.any(field, &mut |held| values.iter().any(|value| value.equals(held))),
            Self::Text { op, field, text, ignore_case } => record.any(field, &mut |held| match held {
                Held::Text(whole) if *ignore_case => op.holds(&whole.to_lowercase(), text),
                Held::Text(whole) => op.holds(whole, text),
                _ => false,
            }),
            Self::Exists { field } => record.any(field, &mut |_| true),
            Self::And(parts) => parts.iter().all(|part| part.matches(record)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(record)),
            Self::Not(part) => !part.matches(record),
        }
    }
}

impl Scalar {
    fn of(value: Value, field: &str) -> Result<Self, String> {
        match value {
            Value::Bool(value) => Ok(Self::Bool(value)),
            Value::String(value) => Ok(Self::Text(value)),
            Value::Number(value) => value
                .as_f64()
                .map(Self::Number)
                .ok_or_else(|| format!("`{value}` is not a number that a filter can hold")),
            Value::Null => Err(format!("nothing equals null: use `is_null` or `not_null` on `{field}`")),
            Value::Array(_) | Value::Object(_) => Err(format!(
                "`{field}` is compared with a string, a number or a boolean; use `in` with `values` for several"
            )),
        }
    }

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
