//! Runs of a schedule and occurrences of a rule, as results and in pages.

use jiff::Zoned;
use tandem_sdk::{Error, Result, output};
use tandem_zoned::moment;

use crate::limits::MAX_RUNS;

/// A moment at which something happens.
#[output]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Local date and time with offset (RFC 3339); of a series of whole days, the day.
    pub time: String,
    /// The day of the week, in English.
    pub weekday: String,
    /// The same moment in UTC; none of a whole day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utc: Option<String>,
}

impl Run {
    /// A moment.
    pub(crate) fn at(at: &Zoned) -> Self {
        Self {
            time: moment::time(at),
            weekday: moment::weekday(at.weekday()).to_owned(),
            utc: Some(at.timestamp().to_string()),
        }
    }

    /// A whole day.
    pub(crate) fn day(at: &Zoned) -> Self {
        let day = at.date();
        Self { time: day.to_string(), weekday: moment::weekday(day.weekday()).to_owned(), utc: None }
    }
}

/// How many a cursor passes over.
pub(crate) fn passed_over(cursor: Option<&str>) -> Result<usize> {
    let Some(cursor) = cursor else { return Ok(0) };
    cursor.parse().ok().filter(|passed| *passed <= MAX_RUNS).ok_or_else(|| {
        Error::invalid_arguments(format!("`cursor`: `{cursor}` is not the `next_cursor` of a call before"))
    })
}

/// The cursor behind so many; none where the next page would be too far.
pub(crate) fn cursor_behind(passed: usize) -> Option<String> {
    (passed <= MAX_RUNS).then(|| passed.to_string())
}
