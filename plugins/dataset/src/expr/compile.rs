//! Checks expressions and conditions against the columns and makes them into programs.
//!
//! They are in one file since they are made of each other: an `if` has a condition, and a condition may compare with an expression.

use tandem_filters::{Comparison, Operand, TextMatch};

use super::{
    Condition, Expr, ExprOp, Given,
    apply::{Arithmetic, Rounding, TextOp},
    constant, dates,
    dates::DatePart,
    deeper, needed, op_name,
    program::{Node, Program, Test, TestNode},
};
use crate::{
    error::{Error, Result},
    text,
    types::{DataType, Schema},
    value::Value,
};

impl Program {
    /// Checks an expression against the columns.
    pub fn new(expr: &Expr, schema: &Schema) -> Result<Self> {
        Self::at_depth(expr, schema, 0)
    }

    fn at_depth(expr: &Expr, schema: &Schema, depth: usize) -> Result<Self> {
        let compiler = Compiler { schema, depth: deeper(depth)?, expr, name: op_name(expr.op) };
        let (node, data_type) = compiler.compile()?;
        Ok(Self { node, data_type })
    }
}

impl Test {
    /// Checks a condition against the columns.
    pub fn new(condition: &Condition, schema: &Schema) -> Result<Self> {
        Self::at_depth(condition, schema, 0)
    }

    fn at_depth(condition: &Condition, schema: &Schema, depth: usize) -> Result<Self> {
        test(condition, schema, deeper(depth)?).map(Self)
    }
}

struct Compiler<'a> {
    schema: &'a Schema,
    depth: usize,
    expr: &'a Expr,
    name: String,
}

impl Compiler<'_> {
    fn compile(&self) -> Result<(Node, DataType)> {
        match self.expr.op {
            ExprOp::Column => {
                self.only(&["name"])?;
                let (at, data_type) = self.schema.place(needed(self.expr.name.as_ref(), &self.name, "name")?)?;
                Ok((Node::Column(at), data_type))
            }
            ExprOp::Value => {
                self.only(&["value"])?;
                let value = self.expr.value.as_ref().map_or(Ok(Value::Null), constant)?;
                let data_type = value.data_type();
                Ok((Node::Constant(value), data_type))
            }
            ExprOp::Add => self.arithmetic(Arithmetic::Add),
            ExprOp::Sub => self.arithmetic(Arithmetic::Sub),
            ExprOp::Mul => self.arithmetic(Arithmetic::Mul),
            ExprOp::Div => self.arithmetic(Arithmetic::Div),
            ExprOp::Mod => self.arithmetic(Arithmetic::Mod),
            ExprOp::Neg => self.rounding(Rounding::Neg),
            ExprOp::Abs => self.rounding(Rounding::Abs),
            ExprOp::Floor => self.rounding(Rounding::Floor),
            ExprOp::Ceil => self.rounding(Rounding::Ceil),
            ExprOp::Round => match self.expr.digits.unwrap_or(0) {
                digits @ 0..=15 => self.rounding(Rounding::Digits(i32::from(digits))),
                _ => Err(Error::invalid("`round` has at most 15 `digits`")),
            },
            ExprOp::Concat => Ok((Node::Concat(self.args(&[], 1, usize::MAX)?), DataType::String)),
            ExprOp::Lower => self.text(TextOp::Lower, &[]),
            ExprOp::Upper => self.text(TextOp::Upper, &[]),
            ExprOp::Trim => self.text(TextOp::Trim, &[]),
            ExprOp::Length => self.text(TextOp::Length, &[]),
            ExprOp::Substring => {
                let start = *needed(self.expr.start.as_ref(), &self.name, "start")? as usize;
                let count = self.expr.count.map(|count| count as usize);
                self.text(TextOp::Substring(start, count), &["start", "count"])
            }
            ExprOp::Replace => {
                let from = needed(self.expr.from.as_ref(), &self.name, "from")?;
                if from.is_empty() {
                    return Err(Error::invalid("`replace` needs a `from` that is not empty"));
                }
                let to = needed(self.expr.to.as_ref(), &self.name, "to")?;
                self.text(TextOp::Replace(from.clone(), to.clone()), &["from", "to"])
            }
            ExprOp::Coalesce => {
                let (programs, data_type) = alike(self.args(&[], 1, usize::MAX)?);
                Ok((Node::Coalesce(programs), data_type))
            }
            ExprOp::If => self.choice(),
            ExprOp::Cast => self.cast(),
            ExprOp::Year => self.date(DatePart::Year),
            ExprOp::Month => self.date(DatePart::Month),
            ExprOp::Day => self.date(DatePart::Day),
            ExprOp::Weekday => self.date(DatePart::Weekday),
            ExprOp::Hour => self.date(DatePart::Hour),
            ExprOp::DaysBetween => {
                let [from, to] = <[Program; 2]>::try_from(self.args(&[], 2, 2)?)
                    .map_err(|_| Error::invalid("`days_between` has 2 `args`"))?;
                let (from, to) = (self.time(from, false)?, self.time(to, false)?);
                Ok((Node::DaysBetween(Box::new(from), Box::new(to)), DataType::Int64))
            }
        }
    }

    /// Refuses fields other than `used`.
    fn only(&self, used: &[&str]) -> Result<()> {
        let expr = self.expr;
        let fields = [
            ("args", expr.args.is_some()),
            ("name", expr.name.is_some()),
            ("value", expr.value.is_some()),
            ("digits", expr.digits.is_some()),
            ("start", expr.start.is_some()),
            ("count", expr.count.is_some()),
            ("from", expr.from.is_some()),
            ("to", expr.to.is_some()),
            ("condition", expr.condition.is_some()),
            ("type", expr.data_type.is_some()),
            ("or_null", expr.or_null.is_some()),
        ];
        Given { op: &self.name, fields: &fields }.only(used)
    }

    /// The arguments, `least` to `most` of them; besides `args` only the fields `used` may be there.
    fn args(&self, used: &[&str], least: usize, most: usize) -> Result<Vec<Program>> {
        self.only(&[&["args"], used].concat())?;
        let args = needed(self.expr.args.as_ref(), &self.name, "args")?;
        if !(least..=most).contains(&args.len()) {
            let wanted = if least == most { format!("{least}") } else { format!("at least {least}") };
            return Err(Error::invalid(format!("`{}` has {wanted} `args`, not {}", self.name, args.len())));
        }
        args.iter().map(|arg| Program::at_depth(arg, self.schema, self.depth)).collect()
    }

    /// The only argument.
    fn arg(&self, used: &[&str]) -> Result<Program> {
        let mut args = self.args(used, 1, 1)?;
        args.pop().ok_or_else(|| Error::invalid(format!("`{}` needs `args`", self.name)))
    }

    fn arithmetic(&self, op: Arithmetic) -> Result<(Node, DataType)> {
        let programs = self.args(&[], 2, if op == Arithmetic::Mod { 2 } else { usize::MAX })?;
        for program in &programs {
            expect_number(&self.name, program.data_type)?;
        }
        let float = op == Arithmetic::Div || programs.iter().any(|program| program.data_type == DataType::Float64);
        Ok((Node::Arithmetic(op, programs), if float { DataType::Float64 } else { DataType::Int64 }))
    }

    fn rounding(&self, op: Rounding) -> Result<(Node, DataType)> {
        let used: &[&str] = if matches!(op, Rounding::Digits(_)) { &["digits"] } else { &[] };
        let program = self.arg(used)?;
        expect_number(&self.name, program.data_type)?;
        let data_type = match (op, program.data_type) {
            (_, DataType::Float64) => DataType::Float64,
            (Rounding::Neg, _) => DataType::Int64,
            (_, other) => other,
        };
        Ok((Node::Rounding(op, Box::new(program)), data_type))
    }

    fn text(&self, op: TextOp, used: &[&str]) -> Result<(Node, DataType)> {
        let program = self.arg(used)?;
        if !matches!(program.data_type, DataType::String | DataType::Null) {
            let (name, given) = (&self.name, program.data_type.name());
            return Err(Error::invalid(format!("`{name}` needs text and gets {given}: cast it to string first")));
        }
        let data_type = if matches!(op, TextOp::Length) { DataType::Int64 } else { DataType::String };
        Ok((Node::Text(op, Box::new(program)), data_type))
    }

    fn choice(&self) -> Result<(Node, DataType)> {
        let condition = needed(self.expr.condition.as_ref(), &self.name, "condition")?;
        let test = Test::at_depth(condition, self.schema, self.depth)?;
        let (programs, data_type) = alike(self.args(&["condition"], 2, 2)?);
        let [then, otherwise] = <[Program; 2]>::try_from(programs).map_err(|_| Error::invalid("`if` has 2 `args`"))?;
        Ok((Node::If(Box::new(test), Box::new(then), Box::new(otherwise)), data_type))
    }

    fn date(&self, part: DatePart) -> Result<(Node, DataType)> {
        let program = self.time(self.arg(&[])?, part == DatePart::Hour)?;
        Ok((Node::Date(part, Box::new(program)), DataType::Int64))
    }

    /// What gives dates or times, or a constant text that is one.
    fn time(&self, program: Program, needs_time: bool) -> Result<Program> {
        let program = program.with_time();
        if let Some(Value::Text(text)) = program.as_constant() {
            let shown: String = text.chars().take(60).collect();
            return Err(Error::invalid(format!(
                "`{}` needs a date and gets the text `{shown}`: write a date as 2024-01-31",
                self.name
            )));
        }
        dates::expect(&self.name, program.data_type, needs_time)?;
        Ok(program)
    }

    fn cast(&self) -> Result<(Node, DataType)> {
        let to = *needed(self.expr.data_type.as_ref(), &self.name, "type")?;
        if to == DataType::Null {
            return Err(Error::invalid("nothing can be cast to null"));
        }
        let arg = Box::new(self.arg(&["type", "or_null"])?);
        Ok((Node::Cast { arg, to, or_null: self.expr.or_null.unwrap_or(false) }, to))
    }
}

/// Programs whose values go into one column, with its type. Beside dates and times, a constant text that is one is one.
fn alike(programs: Vec<Program>) -> (Vec<Program>, DataType) {
    let has_time = programs.iter().any(|program| program.data_type.is_time());
    let programs: Vec<_> =
        programs.into_iter().map(|program| if has_time { program.with_time() } else { program }).collect();
    let data_type = programs.iter().fold(DataType::Null, |all, one| all.unify(one.data_type));
    (programs.into_iter().map(|program| program.widened(data_type)).collect(), data_type)
}

fn expect_number(op: &str, given: DataType) -> Result<()> {
    if given.is_number() || given == DataType::Null {
        return Ok(());
    }
    Err(Error::invalid(format!("`{op}` needs numbers and gets {}: cast it first", given.name())))
}

fn test(condition: &Condition, schema: &Schema, depth: usize) -> Result<TestNode> {
    let all = |args: &[Condition]| -> Result<Vec<TestNode>> {
        let depth = deeper(depth)?;
        args.iter().map(|arg| test(arg, schema, depth)).collect()
    };
    match condition {
        Condition::And(args) => all(args).map(TestNode::And),
        Condition::Or(args) => all(args).map(TestNode::Or),
        Condition::Not(arg) => Ok(TestNode::Not(Box::new(test(arg, schema, deeper(depth)?)?))),
        Condition::Compare { op, field, with } => compare(*op, field, with, schema, depth),
        Condition::In { field, values } => is_in(field, values, schema),
        Condition::Text { op, field, text, ignore_case } => matches(*op, field, text, *ignore_case, schema),
        Condition::Null { field, wanted } => Ok(TestNode::Null { at: schema.place(field)?.0, wanted: *wanted }),
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

fn compare(op: Comparison, column: &str, with: &Operand<Expr>, schema: &Schema, depth: usize) -> Result<TestNode> {
    let (at, wanted) = schema.place(column)?;
    let with = match with {
        Operand::Value(value) => Program::constant(fitting(constant(value)?, column, wanted)?),
        Operand::Expr(expr) => {
            let program = Program::at_depth(expr, schema, depth)?;
            if let Some(value) = program.as_constant().filter(|value| !value.is_null()) {
                let with = Program::constant(fitting(value.clone(), column, wanted)?);
                return Ok(TestNode::Compare { at, op, with });
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
    Ok(TestNode::Compare { at, op, with })
}

fn is_in(column: &str, values: &[serde_json::Value], schema: &Schema) -> Result<TestNode> {
    let (at, wanted) = schema.place(column)?;
    let values = values.iter().map(|value| fitting(constant(value)?, column, wanted));
    Ok(TestNode::In { at, values: values.collect::<Result<_>>()? })
}

fn matches(op: TextMatch, column: &str, text: &str, ignore_case: bool, schema: &Schema) -> Result<TestNode> {
    let (at, given) = schema.place(column)?;
    if !matches!(given, DataType::String | DataType::Json | DataType::Null) {
        return Err(Error::invalid(format!(
            "`{column}` holds {}, not text: cast it to string in a map step first",
            given.name()
        )));
    }
    let text = if ignore_case { text.to_lowercase() } else { text.to_owned() };
    Ok(TestNode::Match { at, text, ignore_case, op })
}
