//! Dates of numbers only: `2026/12/02`, `02.12.2026`, `12/2/2026`.

use jiff::civil::{Date, DateTime, Time};
use tandem_sdk::{Error, Result, input};

use crate::reading::{Reading, refused};

/// Which number of a date stands first, where the year stands last.
#[input]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// `02/12/2026` is 2 December.
    DayFirst,
    /// `02/12/2026` is 12 February.
    MonthFirst,
}

/// The date of a text that consists of numbers; none of any other text. What could be read in two ways is an error.
pub fn date(argument: &str, text: &str, order: Option<DateOrder>) -> Result<Option<Reading>> {
    if text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.matches('.').count() < 2
    {
        return bare(argument, text).map(|()| None);
    }
    let (day, rest) = text.split_once([' ', 'T']).map_or((text, ""), |(day, rest)| (day, rest.trim()));
    let Some(parts) = three(day) else { return Ok(None) };
    let [first, second, third] = parts;
    // Other than `2026-12-02`, which ISO 8601 reads.
    let date = match (first.len(), third.len()) {
        (4, _) if day.contains('-') => return Ok(None),
        (4, 1 | 2) => new(first, second, third).ok_or_else(|| refused(argument, text, "there is no such day"))?,
        (1 | 2, 4) => year_last(argument, text, parts, order)?,
        (1 | 2, 1 | 2) => {
            return Err(refused(argument, text, "the year has two digits: write `2026-12-02`, with the year first"));
        }
        _ => return Ok(None),
    };
    if rest.is_empty() {
        return Ok(Some(Reading::Day(date.to_datetime(Time::midnight()))));
    }
    let local: DateTime = format!("{date}T{rest}").parse().map_err(|_| {
        refused(argument, text, "after a date of numbers stands a time of 24 hours, as `15:30`, and no zone")
    })?;
    Ok(Some(Reading::Local(local)))
}

/// Three numbers with the same sign between them.
fn three(text: &str) -> Option<[&str; 3]> {
    let sign = ['/', '.', '-'].into_iter().find(|sign| text.matches(*sign).count() == 2)?;
    let mut parts = text.split(sign);
    let parts = [parts.next()?, parts.next()?, parts.next()?];
    let number = |part: &&str| matches!(part.len(), 1 | 2 | 4) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.iter().all(number).then_some(parts)
}

fn new(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn year_last(argument: &str, text: &str, parts: [&str; 3], order: Option<DateOrder>) -> Result<Date> {
    let [first, second, year] = parts;
    let day_first = new(year, second, first);
    let month_first = new(year, first, second);
    match (order, day_first, month_first) {
        (Some(DateOrder::DayFirst), Some(date), _) | (Some(DateOrder::MonthFirst), _, Some(date)) => Ok(date),
        (Some(_), Some(date), _) | (Some(_), _, Some(date)) => Err(refused(
            argument,
            text,
            &format!("with this `date_order` there is no such day; otherwise it is {date}"),
        )),
        (None, Some(date), Some(other)) if date != other => Err(refused(
            argument,
            text,
            &format!(
                "it may be {date} (day first) or {other} (month first): write the one that is meant, or use `time_parse` with `date_order`"
            ),
        )),
        (None, Some(date), _) | (None, None, Some(date)) => Ok(date),
        (_, None, None) => Err(refused(argument, text, "there is no such day")),
    }
}

/// A number alone: a date of ISO 8601 where it has eight digits; otherwise its unit is unknown.
fn bare(argument: &str, text: &str) -> Result<()> {
    if text.len() == 8 && !text.contains(['.', '-']) {
        return Ok(());
    }
    Err(Error::invalid_arguments(format!(
        "`{argument}`: `{text}` is a number without a unit: Unix seconds are written `@{text}`; milliseconds are read by `time_parse` with `unit`"
    )))
}
