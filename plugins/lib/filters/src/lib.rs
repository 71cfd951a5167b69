//! Conditions as callers write them: `{"op": "gte", "field": "area", "value": 5}`, with `and`, `or` and `not` of `args`.
//!
//! **Promises.** Every plugin that filters takes the same words, and the older spellings: `column` for `field`, `le` and `ge`,
//! `exists`, and an operation as the only member, `{"gte": {"field": "area", "value": 5}}`. What is wrong is told with what
//! would be right; a member that the operation does not use is refused, since ignoring it would find something else than was asked.
//!
//! **Bounds.** [`MAX_DEPTH`] levels.

mod parse;
mod schema;

use serde_json::Value;

pub use schema::condition_schema;

/// How deep conditions may be in each other. Keeps recursion within a guest's small stack.
pub const MAX_DEPTH: usize = 32;

/// A condition; `E` is what it may compare with besides values.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition<E = Value> {
    /// All of these hold.
    And(Vec<Condition<E>>),
    /// One of these holds.
    Or(Vec<Condition<E>>),
    /// This does not hold.
    Not(Box<Condition<E>>),
    /// The field compares so with something.
    Compare {
        /// How.
        op: Comparison,
        /// The field.
        field: String,
        /// With what.
        with: Operand<E>,
    },
    /// The field has one of these values.
    In {
        /// The field.
        field: String,
        /// The values.
        values: Vec<Value>,
    },
    /// The field's text has another in it.
    Text {
        /// Where.
        op: TextMatch,
        /// The field.
        field: String,
        /// The text looked for.
        text: String,
        /// Whether upper and lower case are alike.
        ignore_case: bool,
    },
    /// Whether the field is null or missing.
    Null {
        /// The field.
        field: String,
        /// Whether it has to be.
        wanted: bool,
    },
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// At most.
    Lte,
    /// Greater.
    Gt,
    /// At least.
    Gte,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand<E> {
    /// A constant.
    Value(Value),
    /// What is computed of the other fields.
    Expr(Box<E>),
}

/// Where a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// Anywhere.
    Contains,
    /// At the beginning.
    StartsWith,
    /// At the end.
    EndsWith,
}

impl Comparison {
    /// Whether this order of the field to the other value is the wanted one.
    #[must_use]
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Lte => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Gte => order.is_ge(),
        }
    }
}

impl TextMatch {
    /// Whether `text` is where it has to be in `whole`.
    #[must_use]
    pub fn holds(self, whole: &str, text: &str) -> bool {
        match self {
            Self::Contains => whole.contains(text),
            Self::StartsWith => whole.starts_with(text),
            Self::EndsWith => whole.ends_with(text),
        }
    }
}
