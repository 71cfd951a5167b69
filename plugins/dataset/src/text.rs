//! Values as text: reading cells, writing cells, and changing one type into another.
//!
//! A cell is given a type only when nothing of it is lost: `007`, `+5`, `-0`, integers beyond 64 bits and decimals of more
//! than 17 significant digits stay text. A number that is written in a way of its own, such as `1.10`, keeps its text.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::{types::DataType, value::Value};

/// A binary64 number keeps this many significant decimal digits at most.
const FLOAT_DIGITS: usize = 17;
/// The greatest integer up to which every integer is a float (2^53).
pub(crate) const MAX_EXACT: i64 = 1 << 53;
/// No date or timestamp that is read is longer: `2024-01-31T10:00:00.123456789+00:00`.
const MAX_TIME_LEN: usize = 35;
/// Nanoseconds from here on stand for a leap second, which no format that is written can hold.
const LEAP_SECOND: u32 = 1_000_000_000;

/// The value of a cell whose type is not known; none when it is plain text. An empty cell is null.
pub(crate) fn guess(cell: &str) -> Option<Value> {
    let first = match cell.as_bytes().first() {
        None => return Some(Value::Null),
        Some(first) => *first,
    };
    match first {
        // No integer type has it, and a float column would turn the integers beside it into floats.
        b'-' if cell == "-0" => None,
        b'0'..=b'9' | b'-' | b'.' => number(cell).or_else(|| guess_time(cell)),
        b't' | b'T' | b'f' | b'F' => boolean(cell),
        _ => None,
    }
}

/// `true` and `false`, as they are, capitalised or in capitals.
fn boolean(cell: &str) -> Option<Value> {
    match cell {
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// The number that `cell` is, if a number type holds it exactly.
pub(crate) fn number(cell: &str) -> Option<Value> {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, rest) = digits.split_at(digits.bytes().take_while(u8::is_ascii_digit).count());
    if whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    if rest.is_empty() {
        if cell == "-0" {
            return Some(Value::Float(-0.0));
        }
        return cell.parse::<i64>().map(Value::Int).or_else(|_| cell.parse::<u64>().map(Value::UInt)).ok();
    }
    let fraction = rest
        .strip_prefix('.')
        .map_or("", |after| after.split_at(after.bytes().take_while(u8::is_ascii_digit).count()).0);
    let exponent = rest.strip_prefix('.').map_or(rest, |after| after.split_at(fraction.len()).1);
    let shaped = !(whole.is_empty() && fraction.is_empty())
        && (exponent.is_empty() || is_exponent(exponent))
        && significant_digits(whole, fraction) <= FLOAT_DIGITS;
    let float = shaped.then(|| cell.parse::<f64>().ok())??;
    float.is_finite().then_some(Value::Float(float))
}

/// The digits from the first to the last that is not zero.
fn significant_digits(whole: &str, fraction: &str) -> usize {
    let mut places = whole.bytes().chain(fraction.bytes()).enumerate().filter(|(_, digit)| *digit != b'0');
    let first = places.next().map_or(0, |(place, _)| place);
    places.last().map_or(1, |(last, _)| last - first + 1)
}

fn is_exponent(text: &str) -> bool {
    let digits = text.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The words for what JSON and CSV have no number for.
pub(crate) fn float_word(cell: &str) -> Option<f64> {
    match cell {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// A date, instant (in UTC, with `Z`) or date and time, if `cell` is one. Another offset would be lost by reading it,
/// so it stays text unless the caller asks for a timestamp.
pub(crate) fn guess_time(cell: &str) -> Option<Value> {
    let bytes = cell.as_bytes();
    let shaped = bytes.iter().take(10).enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if !shaped || bytes.len() < 10 || bytes.len() > MAX_TIME_LEN {
        return None;
    }
    match bytes.get(10) {
        None => date(cell),
        Some(b'T') if bytes.last() == Some(&b'Z') => timestamp(cell),
        Some(b'T' | b' ') => datetime(cell),
        Some(_) => None,
    }
}

fn date(cell: &str) -> Option<Value> {
    (cell.len() <= MAX_TIME_LEN).then_some(())?;
    NaiveDate::parse_from_str(cell, "%Y-%m-%d").ok().map(|day| Value::Date(day.to_epoch_days()))
}

fn timestamp(cell: &str) -> Option<Value> {
    is_kept_exactly(cell).then_some(())?;
    let instant = DateTime::parse_from_rfc3339(cell).ok()?;
    let nanos = instant.timestamp_subsec_nanos();
    (nanos < LEAP_SECOND).then(|| Value::Timestamp(instant.timestamp(), nanos))
}

fn datetime(cell: &str) -> Option<Value> {
    is_kept_exactly(cell).then_some(())?;
    let time = NaiveDateTime::parse_from_str(cell, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(cell, "%Y-%m-%d %H:%M:%S%.f"))
        .ok()?
        .and_utc();
    let nanos = time.timestamp_subsec_nanos();
    (nanos < LEAP_SECOND).then(|| Value::DateTime(time.timestamp(), nanos))
}

/// Whether a time's fraction of a second is in whole nanoseconds; finer ones would be cut.
fn is_kept_exactly(cell: &str) -> bool {
    let fraction = cell.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    cell.len() <= MAX_TIME_LEN && fraction <= 9
}

/// Reads `cell` as `wanted`; none when it is not one. An empty cell is null.
pub(crate) fn parse(cell: &str, wanted: DataType) -> Option<Value> {
    if cell.is_empty() {
        return Some(Value::Null);
    }
    match wanted {
        DataType::String => Some(Value::from(cell)),
        DataType::Json => Some(guess(cell).unwrap_or_else(|| Value::from(cell))),
        DataType::Null => None,
        DataType::Bool => boolean(cell),
        DataType::Int64 => cell.parse().map(Value::Int).ok(),
        DataType::Uint64 => cell.parse::<u64>().map(Value::from).ok(),
        DataType::Float64 => float(cell),
        DataType::Date => date(cell),
        DataType::Timestamp => timestamp(cell),
        DataType::Datetime => datetime(cell),
    }
}

/// A number of a float column, with its text where that is not the usual one.
fn float(cell: &str) -> Option<Value> {
    match cell.parse::<f64>() {
        Ok(float) if float.is_finite() => {
            let usual = Value::Float(float);
            Some(if display(&usual) == cell { usual } else { Value::Decimal(float, cell.into()) })
        }
        _ => float_word(cell).map(Value::Float),
    }
}

/// Changes `value` into `wanted`; gives it back when that would lose something or makes no sense.
pub(crate) fn convert(value: Value, wanted: DataType) -> Result<Value, Value> {
    const DAY: i64 = 86_400;
    let given = value.data_type();
    if value.is_null() || given == wanted || wanted == DataType::Json {
        return Ok(value);
    }
    let converted = match (&value, wanted) {
        (Value::Text(text), _) if !text.is_empty() => parse(text, wanted),
        (_, DataType::String) => Some(Value::from(display(&value).as_str())),
        (Value::Int(number), DataType::Bool) => match number {
            0 => Some(Value::Bool(false)),
            1 => Some(Value::Bool(true)),
            _ => None,
        },
        (Value::Bool(flag), DataType::Int64 | DataType::Uint64) => Some(Value::Int(i64::from(*flag))),
        (Value::Int(number), DataType::Uint64) if *number >= 0 => Some(value.clone()),
        (Value::Int(_) | Value::UInt(_), DataType::Float64) => value.as_float().map(Value::Float),
        (Value::Float(float) | Value::Decimal(float, _), DataType::Int64) if float.fract() == 0.0 => {
            i64::try_from(*float as i128).map(Value::Int).ok()
        }
        (Value::Float(float) | Value::Decimal(float, _), DataType::Uint64) if float.fract() == 0.0 => {
            u64::try_from(*float as i128).map(Value::from).ok()
        }
        (Value::Date(days), DataType::Timestamp) => Some(Value::Timestamp(i64::from(*days) * DAY, 0)),
        (Value::Date(days), DataType::Datetime) => Some(Value::DateTime(i64::from(*days) * DAY, 0)),
        (Value::Timestamp(seconds, _) | Value::DateTime(seconds, _), DataType::Date) => {
            i32::try_from(seconds.div_euclid(DAY)).map(Value::Date).ok()
        }
        (Value::Timestamp(seconds, nanos), DataType::Datetime) => Some(Value::DateTime(*seconds, *nanos)),
        (Value::DateTime(seconds, nanos), DataType::Timestamp) => Some(Value::Timestamp(*seconds, *nanos)),
        (Value::Json(text), DataType::Float64) => text.parse::<f64>().ok().map(Value::Float),
        _ => None,
    };
    converted.ok_or(value)
}

/// The text of a value, as cells hold it; null is empty.
pub(crate) fn display(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

/// Appends the text of a value.
pub(crate) fn write(value: &Value, out: &mut String) {
    // Writing to a `String` cannot fail.
    let _ = match value {
        Value::Null => Ok(()),
        Value::Bool(flag) => write!(out, "{flag}"),
        Value::Int(number) => write!(out, "{number}"),
        Value::UInt(number) => write!(out, "{number}"),
        Value::Float(number) if number.is_nan() => out.write_str("NaN"),
        Value::Float(number) if number.is_infinite() => {
            out.write_str(if *number > 0.0 { "Infinity" } else { "-Infinity" })
        }
        // `Debug` is the shortest text that reads back to the same number, with a point or an exponent.
        Value::Float(number) => write!(out, "{number:?}"),
        Value::Date(days) => write_date(*days, out),
        Value::Timestamp(seconds, nanos) => write_time(*seconds, *nanos, "Z", out),
        Value::DateTime(seconds, nanos) => write_time(*seconds, *nanos, "", out),
        Value::Text(text) | Value::Json(text) | Value::Decimal(_, text) => out.write_str(text),
    };
}

fn write_date(days: i32, out: &mut String) -> std::fmt::Result {
    match NaiveDate::from_epoch_days(days) {
        Some(day) if (0..=9999).contains(&day.year()) => {
            write!(out, "{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
        }
        // ISO 8601 wants a sign on years beyond four digits.
        Some(day) => write!(out, "{:+05}-{:02}-{:02}", day.year(), day.month(), day.day()),
        None => write!(out, "{days} days after 1970-01-01"),
    }
}

fn write_time(seconds: i64, nanos: u32, zone: &str, out: &mut String) -> std::fmt::Result {
    let Some(time) = DateTime::from_timestamp(seconds, nanos) else {
        return write!(out, "{seconds} seconds after 1970-01-01");
    };
    write_date(time.date_naive().to_epoch_days(), out)?;
    write!(out, "T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
    match nanos {
        0 => {}
        n if n % 1_000_000 == 0 => write!(out, ".{:03}", n / 1_000_000)?,
        n if n % 1_000 == 0 => write!(out, ".{:06}", n / 1_000)?,
        n => write!(out, ".{n:09}")?,
    }
    out.write_str(zone)
}
