//! Parts of dates, and distances between them. Instants are in UTC.

use chrono::{DateTime, Datelike, NaiveDate, Timelike};

use crate::{
    error::{Error, Result},
    types::DataType,
    value::Value,
};

const DAY: i64 = 86_400;

/// A part of a date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DatePart {
    Year,
    Month,
    Day,
    /// From 1, which is Monday, to 7 (ISO 8601).
    Weekday,
    Hour,
}

/// Refuses what is no date, and what has no time of day where one is needed.
pub(super) fn expect(op: &str, given: DataType, needs_time: bool) -> Result<()> {
    let fits = match given {
        DataType::Timestamp | DataType::Datetime | DataType::Null => true,
        DataType::Date => !needs_time,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let wanted = if needs_time { "a timestamp or datetime" } else { "a date, timestamp or datetime" };
    Err(Error::invalid(format!("`{op}` needs {wanted} and gets {}: cast it to date first", given.name())))
}

/// The part of a value; null of what is no date that the calendar has.
pub(super) fn part(part: DatePart, value: &Value) -> Value {
    let Some(date) = date(value) else { return Value::Null };
    Value::Int(match part {
        DatePart::Year => i64::from(date.year()),
        DatePart::Month => i64::from(date.month()),
        DatePart::Day => i64::from(date.day()),
        DatePart::Weekday => i64::from(date.weekday().number_from_monday()),
        DatePart::Hour => match value {
            Value::Timestamp(seconds, _) | Value::DateTime(seconds, _) => {
                DateTime::from_timestamp(*seconds, 0).map_or(0, |time| i64::from(time.hour()))
            }
            _ => return Value::Null,
        },
    })
}

/// The days from one to the other, by the calendar: times of day do not count.
pub(super) fn days_between(from: &Value, to: &Value) -> Value {
    match (days(from), days(to)) {
        (Some(from), Some(to)) => Value::Int(to - from),
        _ => Value::Null,
    }
}

fn days(value: &Value) -> Option<i64> {
    match value {
        Value::Date(days) => Some(i64::from(*days)),
        Value::Timestamp(seconds, _) | Value::DateTime(seconds, _) => Some(seconds.div_euclid(DAY)),
        _ => None,
    }
}

fn date(value: &Value) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(i32::try_from(days(value)?).ok()?)
}
