//! Expressions, checked against the columns and run on rows.

use std::borrow::Cow;

use super::{
    Expr, ExprOp, Given, Test,
    apply::{Arithmetic, Rounding, TextOp, arithmetic, concat, rounding},
    constant, dates,
    dates::DatePart,
    deeper, needed, op_name,
};
use crate::{
    error::{Error, Result},
    text,
    types::{DataType, Schema},
    value::Value,
};

/// An expression that fits its columns.
#[derive(Debug)]
pub struct Program {
    node: Node,
    data_type: DataType,
}

#[derive(Debug)]
enum Node {
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
    /// Checks an expression against the columns.
    pub fn new(expr: &Expr, schema: &Schema) -> Result<Self> {
        Self::at_depth(expr, schema, 0)
    }

    /// A program that always gives `value`.
    pub fn constant(value: Value) -> Self {
        Self { data_type: value.data_type(), node: Node::Constant(value) }
    }

    /// What it gives.
    pub fn data_type(&self) -> DataType {
        self.data_type
    }

    pub(super) fn at_depth(expr: &Expr, schema: &Schema, depth: usize) -> Result<Self> {
        let compiler = Compiler { schema, depth: deeper(depth)?, expr, name: op_name(expr.op) };
        let (node, data_type) = compiler.compile()?;
        Ok(Self { node, data_type })
    }

    /// The same as a wider type, such as a float instead of an integer.
    fn widened(self, data_type: DataType) -> Self {
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
    fn with_time(self) -> Self {
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
            Node::Arithmetic(op, args) => Cow::Owned(arithmetic(*op, self.data_type, args, row)?),
            Node::Rounding(op, arg) => Cow::Owned(rounding(*op, arg.eval(row)?.as_ref())?),
            Node::Text(op, arg) => Cow::Owned(match arg.eval(row)?.as_ref() {
                Value::Text(text) => op.apply(text),
                _ => Value::Null,
            }),
            Node::Concat(args) => Cow::Owned(concat(args, row)?),
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

fn cannot_cast(value: &Value, to: DataType) -> Error {
    let shown: String = text::display(value).chars().take(60).collect();
    Error::invalid(format!("`{shown}` cannot be cast to {}: set `or_null` to get null for such values", to.name()))
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
