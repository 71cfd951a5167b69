//! How long it is between two moments.

use jiff::{
    Unit, Zoned, ZonedDifference,
    fmt::friendly::{Designator, Spacing, SpanPrinter},
};
use tandem_sdk::{Error, Result, input, output};
use tandem_zoned::{
    moment::ZonedTime,
    read::moment,
    resolve::{Adjustment, Choice},
};

use crate::{arguments, business};

/// The greatest unit of a difference.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Largest {
    /// Years, months, days and less.
    #[default]
    Year,
    /// Months, days and less.
    Month,
    /// Weeks, days and less.
    Week,
    /// Days and less.
    Day,
    /// Hours and less.
    Hour,
    /// Minutes and less.
    Minute,
    /// Seconds.
    Second,
}

impl Largest {
    fn unit(self) -> Unit {
        match self {
            Self::Year => Unit::Year,
            Self::Month => Unit::Month,
            Self::Week => Unit::Week,
            Self::Day => Unit::Day,
            Self::Hour => Unit::Hour,
            Self::Minute => Unit::Minute,
            Self::Second => Unit::Second,
        }
    }
}

/// How long it is from a start to an end.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// The start, in the zone of the calculation.
    pub start: ZonedTime,
    /// The end, in the same zone.
    pub end: ZonedTime,
    /// The difference in words, as `1 year 2 months 3 days`; ` ago` behind it where the end is before the start.
    pub text: String,
    /// The same in ISO 8601, as `P1Y2M3D`; with `-` where the end is before the start.
    pub duration: String,
    /// Elapsed seconds on the time line.
    pub seconds: f64,
    /// Elapsed days of 24 hours.
    pub days: f64,
    /// How many dates lie between the two local dates.
    pub calendar_days: i32,
    /// Mondays to Fridays from the start's date, itself included, to the end's date, itself not; `holidays` left out.
    pub working_days: i64,
    /// What was chosen where the clocks skip the start or show it twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_adjustment: Option<Adjustment>,
    /// What was chosen where the clocks skip the end or show it twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_adjustment: Option<Adjustment>,
}

/// What to compare.
pub(crate) struct Request<'a> {
    pub(crate) start: &'a str,
    pub(crate) end: &'a str,
    pub(crate) zone: Option<&'a str>,
    pub(crate) largest: Largest,
    pub(crate) holidays: &'a [String],
    pub(crate) choice: Choice,
}

pub(crate) fn run(request: &Request<'_>) -> Result<Difference> {
    let zone = arguments::zone("zone", request.zone)?;
    let mut holidays = arguments::dates("holidays", request.holidays)?;
    holidays.sort_unstable();
    holidays.dedup();
    let start = moment("start", request.start, zone.as_ref(), request.choice)?;
    // Without `zone`, local times at the end are those of the start.
    let own = start.at.time_zone().clone();
    let end = moment("end", request.end, zone.as_ref().or(Some(&own)), request.choice)?;
    let (from, to) = (&start.at, &end.at);
    let (text, duration) = in_units(from, to, request.largest.unit())?;
    let elapsed = from.duration_until(to).as_secs_f64();
    Ok(Difference {
        start: ZonedTime::new(from),
        end: ZonedTime::new(to),
        text,
        duration,
        seconds: elapsed,
        days: elapsed / 86_400.0,
        calendar_days: (to.date() - from.date()).get_days(),
        working_days: business::between(from.date(), to.date(), &holidays),
        start_adjustment: start.adjustment,
        end_adjustment: end.adjustment,
    })
}

/// The difference in words and in ISO 8601.
fn in_units(from: &Zoned, to: &Zoned, largest: Unit) -> Result<(String, String)> {
    let wrong = |error: jiff::Error| Error::invalid_arguments(format!("`end`: {error}"));
    let span = from.until(ZonedDifference::new(to).largest(largest)).map_err(wrong)?;
    let words = SpanPrinter::new().designator(Designator::Verbose).spacing(Spacing::BetweenUnitsAndDesignators);
    Ok((words.span_to_string(&span), span.to_string()))
}
