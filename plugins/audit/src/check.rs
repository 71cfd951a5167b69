//! Arguments within the bounds.

use serde_json::Map;
use tandem_json_depth::is_within;
use tandem_sdk::prelude::*;

use crate::limits::{MAX_DEPTH, MAX_DETAILS_BYTES, MAX_TAG_CHARS, MAX_TAGS};

/// Refuses details that are too deep or too long.
pub(crate) fn details(details: &Map<String, Value>) -> Result<()> {
    if !details.values().all(|value| is_within(value, MAX_DEPTH - 1)) {
        return Err(Error::invalid_arguments(format!(
            "`details` nests deeper than {MAX_DEPTH} levels: make it flatter"
        )));
    }
    let bytes = serde_json::to_vec(details)?.len();
    if bytes > MAX_DETAILS_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`details` has {bytes} bytes as JSON; at most {MAX_DETAILS_BYTES} are kept: name the rest in `resource`"
        )));
    }
    Ok(())
}

/// Refuses tags that are too many or too long.
pub(crate) fn tags(tags: &[String]) -> Result<()> {
    if tags.len() > MAX_TAGS {
        return Err(Error::invalid_arguments(format!("`tags` has {} items; at most {MAX_TAGS} are kept", tags.len())));
    }
    match tags.iter().map(|tag| tag.chars().count()).find(|count| *count == 0 || *count > MAX_TAG_CHARS) {
        Some(count) => {
            Err(Error::invalid_arguments(format!("`tags` has a tag of {count} characters; use 1 to {MAX_TAG_CHARS}")))
        }
        None => Ok(()),
    }
}

/// A time in UTC to the second, as events have it, of a time or date.
pub(crate) fn time(argument: &str, text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let date = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    let Some(time) = text.parse::<jiff::Timestamp>().ok().or_else(date) else {
        return Err(Error::invalid_arguments(format!(
            "`{argument}` is not a time: write `2026-01-31T12:00:00Z`, with any offset, or `2026-01-31`"
        )));
    };
    Ok(Some(seconds(time)?))
}

/// A time to the second.
pub(crate) fn seconds(time: jiff::Timestamp) -> Result<String> {
    Ok(jiff::Timestamp::from_second(time.as_second())?.to_string())
}
