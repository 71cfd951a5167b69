//! Conditions, checked against the columns and run on rows.

use std::collections::HashSet;

use tandem_filters::{Comparison, Operand, TextMatch};

use super::{Condition, Expr, Program, constant, deeper};
use crate::{
    error::{Error, Result},
    text,
    types::{DataType, Schema},
    value::Value,
};

/// A condition that fits its columns.
#[derive(Debug)]
pub struct Test(Node);

#[derive(Debug)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Compare { at: usize, op: Comparison, with: Program },
    In { at: usize, values: HashSet<Value> },
    Match { at: usize, text: String, ignore_case: bool, op: TextMatch },
    Null { at: usize, wanted: bool },
}

impl Test {
    /// Checks a condition against the columns.
    pub fn new(condition: &Condition, schema: &Schema) -> Result<Self> {
        Self::at_depth(condition, schema, 0)
    }

    pub(super) fn at_depth(condition: &Condition, schema: &Schema, depth: usize) -> Result<Self> {
        compile(condition, schema, deeper(depth)?).map(Self)
    }

    /// Whether it is true of a row; none where nulls leave it unknown.
    pub fn eval(&self, row: &[Value]) -> Result<Option<bool>> {
        self.0.eval(row)
    }
}

fn compile(condition: &Condition, schema: &Schema, depth: usize) -> Result<Node> {
    let all = |args: &[Condition]| -> Result<Vec<Node>> {
        let depth = deeper(depth)?;
        args.iter().map(|arg| compile(arg, schema, depth)).collect()
    };
    match condition {
        Condition::And(args) => all(args).map(Node::And),
        Condition::Or(args) => all(args).map(Node::Or),
        Condition::Not(arg) => Ok(Node::Not(Box::new(compile(arg, schema, deeper(depth)?)?))),
        Condition::Compare { op, field, with } => compare(*op, field, with, schema, depth),
        Condition::In { field, values } => is_in(field, values, schema),
        Condition::Text { op, field, text, ignore_case } => matches(*op, field, text, *ignore_case, schema),
        Condition::Null { field, wanted } => Ok(Node::Null { at: schema.place(field)?.0, wanted: *wanted }),
    }
}

/// A constant as a column of `wanted` can be compared with it.
fn fitting(value: Value, column: &str, wanted: DataType) -> Result<Value> {
    let given = value.data_type();
    let fits = match wanted {
        DataType::Json | DataType::Null => true,
        _ => given == wanted || (given.is_number() && wanted.is_number()),
    };
    let is_whole = matches!(wanted, DataType::Int64 | DataType::Uint64);
    match value {
        Value::Null => Err(Error::invalid(format!(
            "`{column}` is compared with null, which is never true: use `is_null` or `not_null`"
        ))),
        value if fits => Ok(value),
        // Whoever cannot hold 64-bit integers, such as JavaScript, has them as digits.
        value @ Value::Text(_) if wanted.is_time() || is_whole => text::convert(value, wanted).map_err(|value| {
            Error::invalid(format!("`{}` is no {}, which `{column}` holds", text::display(&value), wanted.name()))
        }),
        _ => Err(Error::invalid(format!(
            "`{column}` holds {}, the value is {}: give a {0}, or cast the column in a map step first",
            wanted.name(),
            given.name()
        ))),
    }
}

fn compare(op: Comparison, column: &str, with: &Operand<Expr>, schema: &Schema, depth: usize) -> Result<Node> {
    let (at, wanted) = schema.place(column)?;
    let with = match with {
        Operand::Value(value) => Program::constant(fitting(constant(value)?, column, wanted)?),
        Operand::Expr(expr) => {
            let program = Program::at_depth(expr, schema, depth)?;
            if let Some(value) = program.as_constant().filter(|value| !value.is_null()) {
                let with = Program::constant(fitting(value.clone(), column, wanted)?);
                return Ok(Node::Compare { at, op, with });
            }
            let given = program.data_type();
            let loose = |data_type| matches!(data_type, DataType::Json | DataType::Null);
            let fits = given == wanted || (given.is_number() && wanted.is_number()) || loose(given) || loose(wanted);
            if !fits {
                return Err(Error::invalid(format!(
                    "`{column}` holds {}, the expression gives {}: cast one of them",
                    wanted.name(),
                    given.name()
                )));
            }
            program
        }
    };
    Ok(Node::Compare { at, op, with })
}

fn is_in(column: &str, values: &[serde_json::Value], schema: &Schema) -> Result<Node> {
    let (at, wanted) = schema.place(column)?;
    let values = values.iter().map(|value| fitting(constant(value)?, column, wanted));
    Ok(Node::In { at, values: values.collect::<Result<_>>()? })
}

fn matches(op: TextMatch, column: &str, text: &str, ignore_case: bool, schema: &Schema) -> Result<Node> {
    let (at, given) = schema.place(column)?;
    if !matches!(given, DataType::String | DataType::Json | DataType::Null) {
        return Err(Error::invalid(format!(
            "`{column}` holds {}, not text: cast it to string in a map step first",
            given.name()
        )));
    }
    let text = if ignore_case { text.to_lowercase() } else { text.to_owned() };
    Ok(Node::Match { at, text, ignore_case, op })
}

impl Node {
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
fn fold(nodes: &[Node], row: &[Value], stop: bool) -> Result<Option<bool>> {
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
