//! The range of time that is asked for.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use tandem_sdk::{Error, Result};
use tandem_zoned::{read, resolve::Choice};

use crate::limits::{DEFAULT_RANGE_DAYS, MAX_RANGE_DAYS};

/// From a moment to another, which is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) after: Timestamp,
    pub(crate) before: Timestamp,
}

impl Window {
    pub(crate) fn new(after: Option<&str>, before: Option<&str>, zone: &TimeZone) -> Result<Self> {
        let moment = |argument, text| read::moment(argument, text, Some(zone), Choice::Compatible).map(|at| at.at);
        let after = moment("after", after.unwrap_or("now"))?;
        let before = match before {
            Some(before) => moment("before", before)?,
            None => after
                .checked_add(DEFAULT_RANGE_DAYS.days())
                .map_err(|_| Error::invalid_arguments("`after` is too late: years are -9999 to 9999"))?,
        };
        if after >= before {
            return Err(Error::invalid_arguments("`before` is not later than `after`: nothing lies between them"));
        }
        let window = Self { after: after.timestamp(), before: before.timestamp() };
        if !window.is_valid() {
            return Err(Error::invalid_arguments(format!(
                "`after` to `before` is longer than {MAX_RANGE_DAYS} days: ask for a shorter range, or for the series themselves with `expand` = false"
            )));
        }
        Ok(window)
    }

    /// Whether it is not longer than ranges may be.
    pub(crate) fn is_valid(&self) -> bool {
        let hours = self.after.duration_until(self.before).as_hours();
        (0..=MAX_RANGE_DAYS * 24).contains(&hours)
    }

    /// Whether something from `start` to `end` is in it; what has no length counts where it begins.
    pub(crate) fn has(&self, start: Timestamp, end: Timestamp) -> bool {
        start < self.before && (end > self.after || start >= self.after)
    }
}
