//! What an expression's operations make of values.

use std::borrow::Cow;

use crate::{
    error::{Error, Result},
    text,
    types::DataType,
    value::Value,
};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Rounding {
    Neg,
    Abs,
    Floor,
    Ceil,
    Digits(i32),
}

#[derive(Debug)]
pub(super) enum TextOp {
    Lower,
    Upper,
    Trim,
    Length,
    Substring(usize, Option<usize>),
    Replace(String, String),
}

/// Takes no more values than it needs: it is null from the first one that is.
pub(super) fn arithmetic<'v>(
    op: Arithmetic,
    data_type: DataType,
    mut values: impl Iterator<Item = Result<Cow<'v, Value>>>,
) -> Result<Value> {
    let Some(first) = values.next() else { return Ok(Value::Null) };
    let first = first?;
    if data_type == DataType::Float64 {
        let Some(mut result) = first.as_float() else { return Ok(Value::Null) };
        for value in values {
            let Some(number) = value?.as_float() else { return Ok(Value::Null) };
            result = match op {
                Arithmetic::Add => result + number,
                Arithmetic::Sub => result - number,
                Arithmetic::Mul => result * number,
                Arithmetic::Div | Arithmetic::Mod if number == 0.0 => return Ok(Value::Null),
                Arithmetic::Div => result / number,
                Arithmetic::Mod => result % number,
            };
        }
        return Ok(Value::Float(result));
    }
    let Some(mut result) = first.as_integer() else { return Ok(Value::Null) };
    for value in values {
        let Some(number) = value?.as_integer() else { return Ok(Value::Null) };
        let next = match op {
            Arithmetic::Add => result.checked_add(number),
            Arithmetic::Sub => result.checked_sub(number),
            Arithmetic::Mul => result.checked_mul(number),
            Arithmetic::Div | Arithmetic::Mod if number == 0 => return Ok(Value::Null),
            Arithmetic::Div => result.checked_div(number),
            Arithmetic::Mod => result.checked_rem(number),
        };
        result = next.ok_or_else(overflow)?;
    }
    i64::try_from(result).map(Value::Int).map_err(|_| overflow())
}

fn overflow() -> Error {
    Error::invalid("a result is beyond 64-bit integers: cast one of the numbers to float64")
}

pub(super) fn rounding(op: Rounding, value: &Value) -> Result<Value> {
    Ok(match (value, op) {
        (Value::Float(number) | Value::Decimal(number, _), op) => Value::Float(match op {
            Rounding::Neg => -number,
            Rounding::Abs => number.abs(),
            Rounding::Floor => number.floor(),
            Rounding::Ceil => number.ceil(),
            Rounding::Digits(digits) => {
                let scaled = number * 10_f64.powi(digits);
                // A number that is too large to scale has no such decimals.
                if scaled.is_finite() { scaled.round() / 10_f64.powi(digits) } else { *number }
            }
        }),
        (Value::Int(_) | Value::UInt(_), Rounding::Neg) => {
            let negative = value.as_integer().and_then(|number| i64::try_from(-number).ok());
            Value::Int(negative.ok_or_else(overflow)?)
        }
        (Value::Int(number), Rounding::Abs) => Value::Int(number.checked_abs().ok_or_else(overflow)?),
        (whole, _) => whole.clone(),
    })
}

impl TextOp {
    pub(super) fn apply(&self, text: &str) -> Value {
        match self {
            Self::Lower => Value::Text(text.to_lowercase().into()),
            Self::Upper => Value::Text(text.to_uppercase().into()),
            Self::Trim => Value::from(text.trim()),
            Self::Length => Value::from(text.chars().count() as u64),
            Self::Substring(start, count) => {
                let rest = text.chars().skip(*start);
                Value::Text(rest.take(count.unwrap_or(usize::MAX)).collect::<String>().into())
            }
            Self::Replace(from, to) => Value::Text(text.replace(from.as_str(), to).into()),
        }
    }
}

/// Takes no more values than it needs: it is null from the first one that is.
pub(super) fn concat<'v>(values: impl Iterator<Item = Result<Cow<'v, Value>>>) -> Result<Value> {
    let mut joined = String::new();
    for value in values {
        let value = value?;
        if value.is_null() {
            return Ok(Value::Null);
        }
        text::write(&value, &mut joined);
    }
    Ok(Value::Text(joined.into()))
}
