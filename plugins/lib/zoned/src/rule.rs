//! Recurrence rules (RFC 5545, RRULE), read with the reasons why one is wrong.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use tandem_sdk::{Error, Result};

use crate::{
    limits::{MAX_COUNT, MAX_INTERVAL, MAX_RULE_BYTES},
    pattern::{Frequency, Pattern},
    rule_values::{numbers, weekday, weekdays},
};

/// The parts of a rule.
const PARTS: [&str; 14] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYDAY",
    "BYMONTH",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYSETPOS",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
];

/// When a rule ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Never.
    Never,
    /// After so many occurrences.
    Count(u32),
    /// With this local time, itself included.
    Local(DateTime),
    /// With this moment, itself included.
    Moment(Timestamp),
}

/// A rule that was read.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What repeats, without its end.
    pub(crate) pattern: Pattern,
    /// When it ends. COUNT counts what exists, so that it is not the pattern's.
    pub end: End,
}

/// Reads a rule, as `FREQ=MONTHLY;BYDAY=2TU;COUNT=6`, with or without `RRULE:` in front.
pub fn parse(argument: &str, text: &str) -> Result<Rule> {
    let wrong = |why: String| Error::invalid_arguments(format!("`{argument}`: {why}"));
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_RULE_BYTES {
        return Err(wrong(format!("a rule has 1 to {MAX_RULE_BYTES} bytes, as `FREQ=WEEKLY;BYDAY=MO,WE`")));
    }
    let upper = text.to_ascii_uppercase();
    let body = upper.strip_prefix("RRULE:").unwrap_or(&upper);
    let mut seen: Vec<&str> = Vec::new();
    let mut rule = Rule { pattern: Pattern::new(frequency(body).map_err(wrong)?), end: End::Never };
    for part in body.trim_end_matches(';').split(';') {
        let (name, value) = part.split_once('=').ok_or_else(|| wrong(not_a_part(part)))?;
        if seen.contains(&name) {
            return Err(wrong(format!("{name} stands twice: list its values as `{name}=1,2`")));
        }
        seen.push(name);
        rule = apply(rule, name, value).map_err(wrong)?;
    }
    if seen.contains(&"COUNT") && seen.contains(&"UNTIL") {
        return Err(wrong("COUNT and UNTIL exclude each other: keep one".to_owned()));
    }
    rule.pattern.contradiction().map_or(Ok(rule), |why| Err(wrong(why.to_owned())))
}

fn not_a_part(part: &str) -> String {
    format!(
        "`{part}` is not a part of a rule: parts are `NAME=VALUE` with `;` between them, as `FREQ=WEEKLY;BYDAY=MO,WE`"
    )
}

fn frequency(body: &str) -> Result<Frequency, String> {
    let value = body.split(';').find_map(|part| part.strip_prefix("FREQ="));
    Ok(match value {
        Some("YEARLY") => Frequency::Yearly,
        Some("MONTHLY") => Frequency::Monthly,
        Some("WEEKLY") => Frequency::Weekly,
        Some("DAILY") => Frequency::Daily,
        Some("HOURLY") => Frequency::Hourly,
        Some("MINUTELY") => Frequency::Minutely,
        Some("SECONDLY") => Frequency::Secondly,
        Some(other) => {
            return Err(format!(
                "FREQ={other} is unknown: it is one of SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY"
            ));
        }
        None => return Err("FREQ is missing: a rule is as `FREQ=WEEKLY;BYDAY=MO,WE`".to_owned()),
    })
}

fn apply(mut rule: Rule, name: &str, value: &str) -> Result<Rule, String> {
    let pattern = &mut rule.pattern;
    match name {
        "FREQ" => {}
        "INTERVAL" => pattern.interval = one(name, value, 1, MAX_INTERVAL)?,
        "COUNT" => rule.end = End::Count(one(name, value, 1, i64::from(MAX_COUNT))?),
        "UNTIL" => rule.end = until(value)?,
        "WKST" => pattern.week_start = weekday(value)?,
        "BYDAY" => pattern.days = weekdays(value)?,
        "BYMONTH" => pattern.months = numbers(name, value, 1, 12)?,
        "BYMONTHDAY" => pattern.month_days = numbers(name, value, -31, 31)?,
        "BYYEARDAY" => pattern.year_days = numbers(name, value, -366, 366)?,
        "BYWEEKNO" => pattern.weeks = numbers(name, value, -53, 53)?,
        "BYSETPOS" => pattern.positions = numbers(name, value, -366, 366)?,
        "BYHOUR" => pattern.hours = numbers(name, value, 0, 23)?,
        "BYMINUTE" => pattern.minutes = numbers(name, value, 0, 59)?,
        "BYSECOND" => pattern.seconds = numbers(name, value, 0, 59)?,
        other => return Err(unknown(other)),
    }
    Ok(rule)
}

fn one<T: TryFrom<i64>>(name: &str, value: &str, least: i64, most: i64) -> Result<T, String> {
    let wrong = || format!("{name}={value} is not one number from {least} to {most}");
    let number: i64 = value.parse().map_err(|_| wrong())?;
    if !(least..=most).contains(&number) {
        return Err(wrong());
    }
    T::try_from(number).map_err(|_| wrong())
}

fn unknown(name: &str) -> String {
    let near = PARTS.iter().max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)));
    format!(
        "{name} is not a part of a rule; did you mean {}? The parts are {}",
        near.unwrap_or(&"FREQ"),
        PARTS.join(", ")
    )
}

/// `20261231T235959Z`, `20261231T235959` or `20261231`, which is the whole day.
fn until(value: &str) -> Result<End, String> {
    let wrong = || {
        format!(
            "UNTIL={value} is not a time: `20261231T235959Z` (UTC), `20261231T235959` (local), or `20261231` (that whole day)"
        )
    };
    if let Some(local) = value.strip_suffix('Z') {
        let local = compact(local).ok_or_else(wrong)?;
        return TimeZone::UTC.to_timestamp(local).map(End::Moment).map_err(|_| wrong());
    }
    if value.contains('T') {
        return compact(value).map(End::Local).ok_or_else(wrong);
    }
    let day: Date = (value.len() == 8).then(|| value.parse().ok()).flatten().ok_or_else(wrong)?;
    Ok(End::Local(day.at(23, 59, 59, 0)))
}

fn compact(value: &str) -> Option<DateTime> {
    (value.len() == 15 && value.as_bytes().get(8) == Some(&b'T')).then(|| value.parse().ok()).flatten()
}
