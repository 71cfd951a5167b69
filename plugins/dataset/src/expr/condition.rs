//! Conditions, checked against the columns and run on rows.

use std::{cmp::Ordering, collections::HashSet};

use super::{Condition, ConditionOp, Given, Program, constant, deeper, needed, op_name};
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
    Compare { at: usize, holds: fn(Ordering) -> bool, with: Program },
    In { at: usize, values: HashSet<Value> },
    Match { at: usize, text: String, ignore_case: bool, holds: fn(&str, &str) -> bool },
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
    let name = op_name(condition.op);
    let given = Given {
        op: &name,
        fields: &[
            ("column", condition.column.is_some()),
            ("value", condition.value.is_some()),
            ("expr", condition.expr.is_some()),
            ("values", condition.values.is_some()),
            ("text", condition.text.is_some()),
            ("ignore_case", condition.ignore_case.is_some()),
            ("args", condition.args.is_some()),
        ],
    };
    let column = || needed(condition.column.as_ref(), &name, "column");
    let all = || -> Result<Vec<Node>> {
        given.only(&["args"])?;
        let depth = deeper(depth)?;
        needed(condition.args.as_ref(), &name, "args")?.iter().map(|arg| compile(arg, schema, depth)).collect()
    };
    let compare = |holds| {
        given.only(&["column", "value", "expr"])?;
        compare(condition, column()?, schema, depth, holds)
    };
    let matches = |holds| {
        given.only(&["column", "text", "ignore_case"])?;
        let text = needed(condition.text.as_ref(), &name, "text")?;
        matches(column()?, text, condition.ignore_case.unwrap_or(false), schema, holds)
    };
    let null = |wanted| {
        given.only(&["column"])?;
        Ok(Node::Null { at: schema.place(column()?)?.0, wanted })
    };
    match condition.op {
        ConditionOp::And => all().map(Node::And),
        ConditionOp::Or => all().map(Node::Or),
        ConditionOp::Not => match <[Node; 1]>::try_from(all()?) {
            Ok([node]) => Ok(Node::Not(Box::new(node))),
            Err(_) => Err(Error::invalid("`not` has one condition in `args`")),
        },
        ConditionOp::Eq => compare(Ordering::is_eq),
        ConditionOp::Ne => compare(Ordering::is_ne),
        ConditionOp::Lt => compare(Ordering::is_lt),
        ConditionOp::Le => compare(Ordering::is_le),
        ConditionOp::Gt => compare(Ordering::is_gt),
        ConditionOp::Ge => compare(Ordering::is_ge),
        ConditionOp::In => {
            given.only(&["column", "values"])?;
            is_in(column()?, needed(condition.values.as_ref(), &name, "values")?, schema)
        }
        ConditionOp::Contains => matches(|cell, text| cell.contains(text)),
        ConditionOp::StartsWith => matches(|cell, text| cell.starts_with(text)),
        ConditionOp::EndsWith => matches(|cell, text| cell.ends_with(text)),
        ConditionOp::IsNull => null(true),
        ConditionOp::NotNull => null(false),
    }
}

/// A constant as a column of `wanted` can be compared with it.
fn fitting(value: &serde_json::Value, column: &str, wanted: DataType) -> Result<Value> {
    let value = constant(value)?;
    let given = value.data_type();
    let fits = match wanted {
        DataType::Json | DataType::Null => true,
        _ => given == wanted || (given.is_number() && wanted.is_number()),
    };
    let is_whole = matches!(wanted, DataType::Int64 | DataType::Uint64);
    let is_time = matches!(wanted, DataType::Date | DataType::Timestamp | DataType::Datetime);
    match value {
        Value::Null => Err(Error::invalid(format!(
            "`{column}` is compared with null, which is never true: use `is_null` or `not_null`"
        ))),
        value if fits => Ok(value),
        // Whoever cannot hold 64-bit integers, such as JavaScript, has them as digits.
        value @ Value::Text(_) if is_time || is_whole => text::convert(value, wanted).map_err(|value| {
            Error::invalid(format!("`{}` is no {}, which `{column}` holds", text::display(&value), wanted.name()))
        }),
        _ => Err(Error::invalid(format!(
            "`{column}` holds {}, the value is {}: give a {0}, or cast the column in a map step first",
            wanted.name(),
            given.name()
        ))),
    }
}

fn compare(
    condition: &Condition,
    column: &str,
    schema: &Schema,
    depth: usize,
    holds: fn(Ordering) -> bool,
) -> Result<Node> {
    let (at, wanted) = schema.place(column)?;
    let with = match (&condition.value, &condition.expr) {
        (Some(value), None) => Program::constant(fitting(value, column, wanted)?),
        (None, Some(expr)) => {
            let program = Program::at_depth(expr, schema, depth)?;
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
        _ => {
            return Err(Error::invalid(format!(
                "the comparison of `{column}` needs either `value` or `expr`; for null use `is_null`"
            )));
        }
    };
    Ok(Node::Compare { at, holds, with })
}

fn is_in(column: &str, values: &[serde_json::Value], schema: &Schema) -> Result<Node> {
    let (at, wanted) = schema.place(column)?;
    let values = values.iter().map(|value| fitting(value, column, wanted));
    Ok(Node::In { at, values: values.collect::<Result<_>>()? })
}

fn matches(
    column: &str,
    text: &str,
    ignore_case: bool,
    schema: &Schema,
    holds: fn(&str, &str) -> bool,
) -> Result<Node> {
    let (at, given) = schema.place(column)?;
    if !matches!(given, DataType::String | DataType::Json | DataType::Null) {
        return Err(Error::invalid(format!(
            "`{column}` holds {}, not text: cast it to string in a map step first",
            given.name()
        )));
    }
    let text = if ignore_case { text.to_lowercase() } else { text.to_owned() };
    Ok(Node::Match { at, text, ignore_case, holds })
}

impl Node {
    fn eval(&self, row: &[Value]) -> Result<Option<bool>> {
        let cell = |at: usize| row.get(at).unwrap_or(&Value::Null);
        Ok(match self {
            Self::And(nodes) => fold(nodes, row, false)?,
            Self::Or(nodes) => fold(nodes, row, true)?,
            Self::Not(node) => node.eval(row)?.map(|holds| !holds),
            Self::Compare { at, holds, with } => cell(*at).compare(with.eval(row)?.as_ref()).map(holds),
            Self::In { at, values } => match cell(*at) {
                Value::Null => None,
                value => Some(values.contains(value)),
            },
            Self::Match { at, text, ignore_case, holds } => match cell(*at) {
                Value::Text(value) if *ignore_case => Some(holds(&value.to_lowercase(), text)),
                Value::Text(value) => Some(holds(value, text)),
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
