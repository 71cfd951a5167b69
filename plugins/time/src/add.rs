//! A moment and a duration, or working days, later or earlier.

use jiff::{Span, Zoned, civil::Date};
use tandem_sdk::{Error, Result, output};
use tandem_zoned::{
    moment::ZonedTime,
    read::moment,
    resolve::{Adjustment, Choice, resolve},
};

use crate::{arguments, business, limits::MAX_WORKING_DAYS};

/// A sum.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    /// What was started from.
    pub start: ZonedTime,
    /// The result, in the same zone.
    pub result: ZonedTime,
    /// Set where a month has not the day: `2026-01-31` and a month is `2026-02-28`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clamped: Option<String>,
    /// What was chosen where the clocks skip the result's local time, or the start's, or show it twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<Adjustment>,
}

/// What to add.
pub(crate) struct Request<'a> {
    pub(crate) time: &'a str,
    pub(crate) duration: Option<&'a str>,
    pub(crate) working_days: Option<i32>,
    pub(crate) holidays: &'a [String],
    pub(crate) zone: Option<&'a str>,
    pub(crate) choice: Choice,
}

pub(crate) fn run(request: &Request<'_>) -> Result<Sum> {
    if request.duration.is_none() && request.working_days.is_none() {
        return Err(Error::invalid_arguments("give `duration`, as `1 month 2 days`, or `working_days`"));
    }
    let zone = arguments::zone("zone", request.zone)?;
    let mut holidays = arguments::dates("holidays", request.holidays)?;
    holidays.sort_unstable();
    let start = moment("time", request.time, zone.as_ref(), request.choice)?;
    let mut sum = Partial { at: start.at.clone(), clamped: None, adjustment: start.adjustment };
    if let Some(duration) = request.duration {
        sum = sum.span(&arguments::duration("duration", duration)?, request.choice)?;
    }
    if let Some(count) = request.working_days {
        sum = sum.working_days(count, &holidays, request.choice)?;
    }
    Ok(Sum {
        start: ZonedTime::new(&start.at),
        result: ZonedTime::new(&sum.at),
        clamped: sum.clamped,
        adjustment: sum.adjustment,
    })
}

struct Partial {
    at: Zoned,
    clamped: Option<String>,
    adjustment: Option<Adjustment>,
}

impl Partial {
    /// Years to days on the calendar, then hours and less on the time line.
    fn span(self, span: &Span, choice: Choice) -> Result<Self> {
        let wrong =
            |error: jiff::Error| Error::invalid_arguments(format!("`duration`: {error}; years are -9999 to 9999"));
        let months = Span::new()
            .try_years(span.get_years())
            .and_then(|months| months.try_months(span.get_months()))
            .map_err(wrong)?;
        let days =
            Span::new().try_weeks(span.get_weeks()).and_then(|days| days.try_days(span.get_days())).map_err(wrong)?;
        let rest = clock_part(span).map_err(wrong)?;
        let local = self.at.datetime();
        let moved = local.checked_add(months).map_err(wrong)?;
        let clamped = (moved.day() != local.day()).then(|| missing(local.date(), moved.date()));
        let moved = moved.checked_add(days).map_err(wrong)?;
        // Where only the time line counts, the moment is not looked for again: it may be the second of two.
        let (at, adjustment) =
            if moved == local { (self.at.clone(), None) } else { resolve(moved, self.at.time_zone(), choice)? };
        let at = at.checked_add(rest).map_err(wrong)?;
        Ok(Self { at, clamped: clamped.or(self.clamped), adjustment: adjustment.or(self.adjustment) })
    }

    fn working_days(self, count: i32, holidays: &[Date], choice: Choice) -> Result<Self> {
        if count.unsigned_abs() > MAX_WORKING_DAYS.unsigned_abs() {
            return Err(Error::invalid_arguments(format!(
                "`working_days` is -{MAX_WORKING_DAYS} to {MAX_WORKING_DAYS}; for more give a `duration`"
            )));
        }
        let local = self.at.datetime();
        let day = business::add(local.date(), count, holidays).ok_or_else(|| {
            Error::invalid_arguments("`working_days`: the result is out of range: years -9999 to 9999")
        })?;
        if day == local.date() {
            return Ok(self);
        }
        let (at, adjustment) = resolve(day.to_datetime(local.time()), self.at.time_zone(), choice)?;
        Ok(Self { at, adjustment: adjustment.or(self.adjustment), ..self })
    }
}

fn missing(from: Date, to: Date) -> String {
    format!("{:04}-{:02} has no day {}: its last day, {}, was taken", to.year(), to.month(), from.day(), to.day())
}

/// Hours and less.
fn clock_part(span: &Span) -> Result<Span, jiff::Error> {
    Span::new()
        .try_hours(span.get_hours())?
        .try_minutes(span.get_minutes())?
        .try_seconds(span.get_seconds())?
        .try_milliseconds(span.get_milliseconds())?
        .try_microseconds(span.get_microseconds())?
        .try_nanoseconds(span.get_nanoseconds())
}
