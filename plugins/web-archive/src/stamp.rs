//! Timestamps: of WARC (RFC 3339), and of indexes (14 digits).

use std::time::SystemTime;

use jiff::Timestamp;
use tandem_sdk::prelude::*;

/// Digits of a timestamp of an index: year to second.
const DIGITS: usize = 14;

/// The time now, as RFC 3339 in seconds.
pub(crate) fn now() -> Result<String> {
    let now = Timestamp::try_from(SystemTime::now()).map_err(Error::other)?;
    Ok(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A date of a record as the 14 digits of an index.
pub(crate) fn digits(date: &str) -> String {
    date.chars().filter(char::is_ascii_digit).take(DIGITS).collect()
}

/// The 14 digits of an index as RFC 3339; what is shorter stays as it is.
pub(crate) fn date(digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.to_owned();
    }
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    format!("{year}-{month}-{day}T{}:{}:{}Z", part(8, 10), part(10, 12), part(12, 14))
}

/// A time that a caller gave, as `2024`, `2024-05-01` or `20240501123000`: its digits.
pub(crate) fn parse(argument: &str, text: &str) -> Result<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let known = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 'Z' | ' '));
    if !known || digits.len() < 4 || digits.len() > DIGITS || !digits.len().is_multiple_of(2) {
        return Err(Error::invalid_arguments(format!(
            "{argument}: `{text}` is not a time; right would be `2024`, `2024-05-01` or `20240501123000`"
        )));
    }
    Ok(digits)
}
