//! Arguments that several tools have.

use jiff::{Span, civil::Date, tz::TimeZone};
use tandem_sdk::{Error, Result};
use tandem_zoned::{
    read::{Settled, moment, read},
    reading::{Reading, refused},
    resolve::Choice,
    zones,
};

use crate::limits::{MAX_DATES, MAX_DURATION_BYTES, MAX_FORMAT_BYTES};

/// A zone that may be missing.
pub(crate) fn zone(argument: &str, name: Option<&str>) -> Result<Option<TimeZone>> {
    name.map(|name| zones::find(argument, name)).transpose()
}

/// A moment; `now` where it is missing.
pub(crate) fn moment_or_now(argument: &str, text: Option<&str>, zone: &TimeZone, choice: Choice) -> Result<Settled> {
    moment(argument, text.unwrap_or("now"), Some(zone), choice)
}

/// Dates, as holidays are given.
pub(crate) fn dates(argument: &str, texts: &[String]) -> Result<Vec<Date>> {
    if texts.len() > MAX_DATES {
        return Err(Error::invalid_arguments(format!("`{argument}` has more than {MAX_DATES} dates")));
    }
    let date = |text: &String| match read(argument, text, None)?.reading {
        Reading::Day(day) => Ok(day.date()),
        _ => Err(refused(argument, text, "give a day, as `2026-12-25`")),
    };
    texts.iter().map(date).collect()
}

/// A duration: ISO 8601 (`P1M2DT3H`) or in words (`1 month 2 days 3 hours`).
pub(crate) fn duration(argument: &str, text: &str) -> Result<Span> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_DURATION_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`{argument}` has 1 to {MAX_DURATION_BYTES} bytes, as `P1M2D` or `1 month 2 days`"
        )));
    }
    text.parse().map_err(|error: jiff::Error| {
        let right = "write ISO 8601 as `P1Y2M3DT4H5M` or units as `1 year 2 months 3 days 4 hours 5 minutes`; `-` in front subtracts";
        Error::invalid_arguments(format!("`{argument}`: cannot read `{text}` as a duration: {error}; {right}"))
    })
}

/// The length of a format.
pub(crate) fn format<'a>(argument: &str, format: &'a str) -> Result<&'a str> {
    if format.is_empty() || format.len() > MAX_FORMAT_BYTES {
        return Err(Error::invalid_arguments(format!("`{argument}` has 1 to {MAX_FORMAT_BYTES} bytes, as `%d/%m/%Y`")));
    }
    Ok(format)
}
