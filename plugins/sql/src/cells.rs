//! Cells of text as values.

use graphitesql::Value;

use crate::rows::Kind;

/// What the text of a cell looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looks {
    Empty,
    Boolean,
    Integer,
    Real,
    Text,
}

/// `true` and `false`, as programs write them into tables.
fn truth(cell: &str) -> Option<bool> {
    let is = |word: &str| cell.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

/// Strictly: a number with a leading zero, a plus sign or spaces around it may be a code and stays text.
pub(crate) fn looks(cell: &str) -> Looks {
    if cell.is_empty() {
        return Looks::Empty;
    }
    if truth(cell).is_some() {
        return Looks::Boolean;
    }
    let digits = cell.strip_prefix('-').unwrap_or(cell).as_bytes();
    let whole = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let leading_zero = whole > 1 && digits.first() == Some(&b'0');
    if whole == 0 || leading_zero {
        return Looks::Text;
    }
    if whole == digits.len() {
        return if cell.parse::<i64>().is_ok() && cell != "-0" { Looks::Integer } else { Looks::Text };
    }
    let rest_is_number = digits.iter().skip(whole).all(|byte| byte.is_ascii_digit() || b".eE+-".contains(byte));
    match cell.parse::<f64>() {
        Ok(number) if rest_is_number && number.is_finite() => Looks::Real,
        _ => Looks::Text,
    }
}

/// The value of a cell in a column of this kind.
pub(crate) fn value(cell: &str, kind: Kind) -> Value {
    if cell.is_empty() {
        return Value::Null;
    }
    let number = match kind {
        Kind::Integer => truth(cell).map(i64::from).or_else(|| cell.parse().ok()).map(Value::Integer),
        Kind::Real => cell.parse().ok().map(Value::Real),
        Kind::Text => None,
    };
    number.unwrap_or_else(|| Value::Text(cell.into()))
}
