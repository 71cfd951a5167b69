//! Times: as RFC 3339 in answers; as a time, a day or an age in arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, SecondsFormat};
use tandem_sdk::prelude::*;
use wasip2::filesystem::types::Datetime;

/// `2026-01-31T12:00:00Z`.
pub(crate) fn shown(time: Option<Datetime>) -> Option<String> {
    let time = time?;
    let time = DateTime::from_timestamp(i64::try_from(time.seconds).ok()?, time.nanoseconds)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// Seconds since 1970 of a time, a day, or an age (`7d`, `12h`, `30m`, `90s`, `2w`) before now.
pub(crate) fn parse(argument: &str, text: &str) -> Result<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp());
    }
    if let Some(start) = text.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)) {
        return Ok(start.and_utc().timestamp());
    }
    let age = age(text).ok_or_else(|| {
        Error::invalid_arguments(format!(
            "`{argument}` is `{text}`: give a time as `2026-01-31T12:00:00Z`, a day as `2026-01-31` (UTC), or an age as `7d`, `12h`, \
             `30m`, `90s` or `2w`"
        ))
    })?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    Ok(i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(age))
}

fn age(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok().filter(|number| *number >= 0)?;
    number.checked_mul(match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    })
}
