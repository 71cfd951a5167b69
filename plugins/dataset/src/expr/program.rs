//! Expressions and conditions that fit their columns, run on rows.
//!
//! They are in one file since they are made of each other: an `if` has a condition, and a condition may compare with an expression.

use std::{borrow::Cow, collections::HashSet};

use tandem_filters::{Comparison, TextMatch};

use super::{
    apply::{Arithmetic, Rounding, TextOp, arithmetic, concat, rounding},
    dates,
    dates::DatePart,
};
use crate::{
    error::{Error, Result},
    text,
    types::DataType,
    value::Value,
};

/// An expression that fits its columns.
#[derive(Debug)]
pub struct Program {
    pub(super) node: Node,
    pub(super) data_type: DataType,
}

#[derive(Debug)]
pub(super) enum Node {
    Column(usize),
    Constant(Value),
    Arithmetic(Arithmetic, Vec<Program>),
    Rounding(Rounding, Box<Program>),
    Text(TextOp, Box<Program>),
    Concat(Vec<Program>),
    Coalesce(Vec<Program>),
    If(Box<Test>, Box<Program>, Box<Program>),
    Cast { arg: Box<Program>, to: DataType, or_null: bool },
    Date(DatePart, Box<Program>),
    DaysBetween(Box<Program>, Box<Program>),
}

impl Program {
    /// A program that always gives `value`.
    pub fn constant(value: Value) -> Self {
        Self { data_type: value.data_type(), node: Node::Constant(value) }
    }

    /// What it gives.
    pub fn data_type(&self) -> DataType {
        self.data_type
    }

    /// The same as a wider type, such as a float instead of an integer.
    pub(super) fn widened(self, data_type: DataType) -> Self {
        if self.data_type == data_type || data_type == DataType::Json {
            return self;
        }
        Self { node: Node::Cast { arg: Box::new(self), to: data_type, or_null: false }, data_type }
    }

    /// The constant that it is.
    pub(super) fn as_constant(&self) -> Option<&Value> {
        match &self.node {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The same, where it is a constant text that is a date or time: as that. JSON has no other way to write one.
    pub(super) fn with_time(self) -> Self {
        match self.as_constant() {
            Some(Value::Text(text)) => text::guess_time(text).map_or(self, Self::constant),
            _ => self,
        }
    }

    /// The value for a row.
    pub fn eval<'v>(&'v self, row: &'v [Value]) -> Result<Cow<'v, Value>> {
        Ok(match &self.node {
            Node::Column(at) => row.get(*at).map_or(Cow::Owned(Value::Null), Cow::Borrowed),
            Node::Constant(value) => Cow::Borrowed(value),
            Node::Arithmetic(op, args) => Cow::Owned(arithmetic(*op, self.data_type, values(args, row))?),
            Node::Rounding(op, arg) => Cow::Owned(rounding(*op, arg.eval(row)?.as_ref())?),
            Node::Text(op, arg) => Cow::Owned(match arg.eval(row)?.as_ref() {
                Value::Text(text) => op.apply(text),
                _ => Value::Null,
            }),
            Node::Concat(args) => Cow::Owned(concat(values(args, row))?),
            Node::Coalesce(args) => {
                for arg in args {
                    let value = arg.eval(row)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Cow::Owned(Value::Null)
            }
            Node::If(test, then, otherwise) => {
                return if test.eval(row)? == Some(true) { then.eval(row) } else { otherwise.eval(row) };
            }
            Node::Date(part, arg) => Cow::Owned(dates::part(*part, arg.eval(row)?.as_ref())),
            Node::DaysBetween(from, to) => {
                Cow::Owned(dates::days_between(from.eval(row)?.as_ref(), to.eval(row)?.as_ref()))
            }
            Node::Cast { arg, to, or_null } => {
                let value = arg.eval(row)?;
                if value.data_type() == *to {
                    return Ok(value);
                }
                match text::convert(value.into_owned(), *to) {
                    Ok(value) => Cow::Owned(value),
                    Err(_) if *or_null => Cow::Owned(Value::Null),
                    Err(value) => return Err(cannot_cast(&value, *to)),
                }
            }
        })
    }
}

/// The values for a row, each computed when it is taken.
fn values<'v>(args: &'v [Program], row: &'v [Value]) -> impl Iterator<Item = Result<Cow<'v, Value>>> {
    args.iter().map(|arg| arg.eval(row))
}

fn cannot_cast(value: &Value, to: DataType) -> Error {
    let shown: String = text::display(value).chars().take(60).collect();
    Error::invalid(format!("`{shown}` cannot be cast to {}: set `or_null` to get null for such values", to.name()))
}

/// A condition that fits its columns.
#[derive(Debug)]
pub struct Test(pub(super) TestNode);

#[derive(Debug)]
pub(super) enum TestNode {
    And(Vec<TestNode>),
    Or(Vec<TestNode>),
    Not(Box<TestNode>),
    Compare { at: usize, op: Comparison, with: Program },
    In { at: usize, values: HashSet<Value> },
    Match { at: usize, text: String, ignore_case: bool, op: TextMatch },
    Null { at: usize, wanted: bool },
}

impl Test {
    /// Whether it is true of a row; none where nulls leave it unknown.
    pub fn eval(&self, row: &[Value]) -> Result<Option<bool>> {
        self.0.eval(row)
    }
}

impl TestNode {
    fn eval(&self, row: &[Value]) -> Result<Option<bool>> {
        let cell = |at: usize| row.get(at).unwrap_or(&Value::Null);
        Ok(match self {
            Self::And(nodes) => fold(nodes, row, false)?,
            Self::Or(nodes) => fold(nodes, row, true)?,
            Self::Not(node) => node.eval(row)?.map(|holds| !holds),
            Self::Compare { at, op, with } => cell(*at).compare(with.eval(row)?.as_ref()).map(|order| op.holds(order)),
            Self::In { at, values } => match cell(*at) {
                Value::Null => None,
                value => Some(values.contains(value)),
            },
            Self::Match { at, text, ignore_case, op } => match cell(*at) {
                Value::Text(value) if *ignore_case => Some(op.holds(&value.to_lowercase(), text)),
                Value::Text(value) => Some(op.holds(value, text)),
                _ => None,
            },
            Self::Null { at, wanted } => Some(cell(*at).is_null() == *wanted),
        })
    }
}

/// `or` stops at the first true, `and` at the first false; else one unknown makes the whole unknown.
fn fold(nodes: &[TestNode], row: &[Value], stop: bool) -> Result<Option<bool>> {
    let mut known = true;
    for node in nodes {
        match node.eval(row)? {
            Some(holds) if holds == stop => return Ok(Some(stop)),
            Some(_) => {}
            None => known = false,
        }
    }
    Ok(known.then_some(!stop))
}
