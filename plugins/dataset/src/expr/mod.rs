//! Expressions: what callers write (a JSON tree), checked against the columns once and then run on every row.
//!
//! A tree is at most [`MAX_DEPTH`] deep. Types are settled before the first row: an operation on a column that it does
//! not fit is an error that names the column, never a wrong row. Nulls behave as in SQL: an operation on null is null, a
//! comparison with null is unknown, and a filter keeps only rows where its condition is true.

mod apply;
mod compile;
mod dates;
mod program;

pub use program::{Program, Test};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    error::{Error, Result},
    json,
    types::DataType,
    value::Value,
};

/// How deep a tree of conditions or expressions may be: evaluation recurses on a small stack.
pub const MAX_DEPTH: usize = 32;

/// What a row must satisfy, as all our plugins take it: `{"op": "gte", "field": "age", "value": 18}`.
pub type Condition = tandem_filters::Condition<Expr>;

/// How a value is computed: `{"op": "div", "args": [{"op": "column", "name": "population"}, {"op": "value", "value":
/// 1000}]}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expr {
    /// `column`: the column `name`. `value`: the constant `value`. Of numbers, with `args`: `add`, `sub`, `mul`, `div`
    /// (a float; null by 0), `mod`, `neg`, `abs`, `floor`, `ceil`, `round` (to `digits`). Of text, with `args`:
    /// `concat`, `lower`, `upper`, `trim`, `length`, `substring` (`start`, `count`), `replace` (`from`, `to`).
    /// `coalesce`: the first of `args` that is not null. `if`: `args` are the values where `condition` is true, and
    /// where it is not. `cast`: to `type`, of text as `1234.5` or `2024-01-31`: take signs such as those of thousands out
    /// with `replace` before, put other dates together with `substring` and `concat`. Of dates and times: `year`, `month`, `day`, `weekday` (1 is Monday), `hour`;
    /// `days_between`: the days from the first of `args` to the second, each a column or a constant as
    /// `{"op": "value", "value": "2024-01-31"}`.
    pub op: ExprOp,
    /// The expressions that `op` works on.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::nested_expressions")]
    pub args: Option<Vec<Expr>>,
    /// The name of a column.
    pub name: Option<String>,
    /// A string, number, boolean or null.
    pub value: Option<serde_json::Value>,
    /// Decimals of `round`, 0 to 15; 0 if not given.
    #[schemars(range(max = 15))]
    pub digits: Option<u8>,
    /// The first character of `substring`, from 0.
    pub start: Option<u32>,
    /// Characters of `substring`; to the end if not given.
    pub count: Option<u32>,
    /// What `replace` looks for.
    pub from: Option<String>,
    /// What `replace` puts there.
    pub to: Option<String>,
    /// The condition of `if`, as that of a filter.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::nested")]
    pub condition: Option<Box<Condition>>,
    /// The type of `cast`.
    #[serde(rename = "type")]
    pub data_type: Option<DataType>,
    /// Whether what `cast` cannot cast becomes null, instead of an error.
    pub or_null: Option<bool>,
}

/// What an expression does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "`Expr::op` says what each does")]
pub enum ExprOp {
    Column,
    Value,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Neg,
    Abs,
    Floor,
    Ceil,
    Round,
    Concat,
    Lower,
    Upper,
    Trim,
    Length,
    Substring,
    Replace,
    Coalesce,
    If,
    Cast,
    Year,
    Month,
    Day,
    Weekday,
    Hour,
    DaysBetween,
}

/// Which fields an object has, to refuse those that its `op` does not use: a field that is silently ignored would give
/// another result than the caller wrote.
struct Given<'a> {
    op: &'a str,
    fields: &'a [(&'a str, bool)],
}

impl Given<'_> {
    /// Refuses fields other than `used`.
    fn only(&self, used: &[&str]) -> Result<()> {
        match self.fields.iter().find(|(name, given)| *given && !used.contains(name)) {
            Some((name, _)) => Err(Error::invalid(format!("`{}` does not use `{name}`: remove it", self.op))),
            None => Ok(()),
        }
    }
}

/// A field that `op` needs.
fn needed<'a, T>(field: Option<&'a T>, op: &str, name: &str) -> Result<&'a T> {
    field.ok_or_else(|| Error::invalid(format!("`{op}` needs `{name}`")))
}

/// The name of an operation, as callers write it.
fn op_name(op: impl std::fmt::Debug) -> String {
    let mut name = String::new();
    for letter in format!("{op:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// The value of a constant that a caller wrote.
fn constant(value: &serde_json::Value) -> Result<Value> {
    match json::from_json(value) {
        Value::Json(raw) => Err(Error::invalid(format!("`{raw}` is no constant: use a string, number or boolean"))),
        value => Ok(value),
    }
}

/// One level deeper, if there may be one.
fn deeper(depth: usize) -> Result<usize> {
    if depth >= MAX_DEPTH {
        return Err(Error::Bound(format!("an expression is at most {MAX_DEPTH} levels deep: split it into steps")));
    }
    Ok(depth + 1)
}
