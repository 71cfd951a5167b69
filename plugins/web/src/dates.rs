//! Dates as feeds write them: RFC 3339 in Atom and JSON Feed, RFC 2822 in RSS, and days alone.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// Characters of what is no date.
const MAX_CHARS: usize = 64;

/// A date in UTC as RFC 3339 has it. What is no date stays as it is, shortened.
pub(crate) fn normal(text: &str) -> String {
    let text = text.trim();
    let relaxed = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let found = text.parse::<Timestamp>().or_else(|_| relaxed.parse_timestamp(text)).ok();
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    match found.or_else(day) {
        Some(timestamp) => timestamp.to_string(),
        None => text.chars().take(MAX_CHARS).collect(),
    }
}
