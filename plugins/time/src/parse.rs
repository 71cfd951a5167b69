//! Dates and times as texts, read in one way.

use jiff::{
    Timestamp,
    civil::Time,
    fmt::strtime::{self, BrokenDownTime},
    tz::TimeZone,
};
use tandem_sdk::{Error, Result, input, output};
use tandem_zoned::{
    moment::ZonedTime,
    numeric::DateOrder,
    read::{Read, read, settle},
    reading::{Form, Reading, refused},
    resolve::{Adjustment, Choice},
    zones,
};

use crate::arguments;

/// The unit of a number that counts from 1970-01-01T00:00:00Z.
#[input]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EpochUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

/// What a text says by itself.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Precision {
    /// A moment: it has an offset or a zone.
    Moment,
    /// A local time, taken for one of `zone`.
    Local,
    /// A day, taken for its start in `zone`.
    Day,
    /// A time of day, taken for today's in `zone`.
    Clock,
}

/// A text that was read.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    /// The moment.
    pub moment: ZonedTime,
    /// What the text says by itself.
    pub precision: Precision,
    /// How the text is written.
    pub form: Form,
    /// The ISO 8601 week of the local date, as `2026-W49-3`.
    pub iso_week: String,
    /// The day of the year of the local date, from 1.
    pub day_of_year: i16,
    /// What was chosen where the clocks skip the local time or show it twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<Adjustment>,
}

/// What to read, and how.
pub(crate) struct Request<'a> {
    pub(crate) text: &'a str,
    pub(crate) format: Option<&'a str>,
    pub(crate) order: Option<DateOrder>,
    pub(crate) unit: Option<EpochUnit>,
    pub(crate) zone: Option<&'a str>,
    pub(crate) choice: Choice,
}

pub(crate) fn run(request: &Request<'_>) -> Result<Parsed> {
    let zone = arguments::zone("zone", request.zone)?;
    let Read { reading, form } = match (request.format, request.unit) {
        (Some(_), Some(_)) => return Err(Error::invalid_arguments("give either `format` or `unit`")),
        (Some(format), None) => by_format(request.text, arguments::format("format", format)?)?,
        (None, Some(unit)) => since_1970(request.text, unit)?,
        (None, None) => read("text", request.text, request.order)?,
    };
    let precision = match reading {
        Reading::Instant(_) | Reading::InZone(..) => Precision::Moment,
        Reading::Local(_) => Precision::Local,
        Reading::Day(_) => Precision::Day,
        Reading::Clock(_) => Precision::Clock,
    };
    let settled = settle(reading, zone.as_ref(), request.choice)?;
    let week = settled.at.date().iso_week_date();
    Ok(Parsed {
        moment: ZonedTime::new(&settled.at),
        precision,
        form,
        iso_week: format!("{:04}-W{:02}-{}", week.year(), week.week(), week.weekday().to_monday_one_offset()),
        day_of_year: settled.at.day_of_year(),
        adjustment: settled.adjustment,
    })
}

fn since_1970(text: &str, unit: EpochUnit) -> Result<Read> {
    let wrong =
        || refused("text", text, "with `unit` it is an integer, as `1796223000`, within the years -9999 to 9999");
    let number: i128 = text.trim().parse().map_err(|_| wrong())?;
    let scale = match unit {
        EpochUnit::Seconds => 1_000_000_000,
        EpochUnit::Milliseconds => 1_000_000,
        EpochUnit::Microseconds => 1_000,
        EpochUnit::Nanoseconds => 1,
    };
    let nanoseconds = number.checked_mul(scale).ok_or_else(wrong)?;
    let at = Timestamp::from_nanosecond(nanoseconds).map_err(|_| wrong())?;
    Ok(Read { reading: Reading::Instant(at.to_zoned(TimeZone::UTC)), form: Form::Unix })
}

fn by_format(text: &str, format: &str) -> Result<Read> {
    let parsed = strtime::parse(format, text.trim()).map_err(|error| {
        let right = "`format` is that of strptime: `%d/%m/%Y %H:%M` reads `02/12/2026 15:30`";
        refused("text", text, &format!("{error}; {right}"))
    })?;
    let reading = of_parts(&parsed).map_err(|error| match error {
        Error::InvalidArguments(_) => error,
        other => refused("text", text, &other.to_string()),
    })?;
    Ok(Read { reading, form: Form::Custom })
}

fn of_parts(parsed: &BrokenDownTime) -> Result<Reading> {
    if let Some(zone) = parsed.iana_time_zone() {
        let zone = zones::find("text", zone)?;
        if parsed.offset().is_none() {
            return Ok(Reading::InZone(parsed.to_datetime()?, zone));
        }
        return Ok(Reading::Instant(parsed.to_zoned()?));
    }
    if parsed.offset().is_some() || parsed.timestamp().is_some() {
        let at = parsed.to_timestamp()?;
        let zone = parsed.offset().filter(|offset| !offset.is_zero()).map_or(TimeZone::UTC, TimeZone::fixed);
        return Ok(Reading::Instant(at.to_zoned(zone)));
    }
    if parsed.hour().is_none() {
        return Ok(Reading::Day(parsed.to_date()?.to_datetime(Time::midnight())));
    }
    if parsed.day().is_none() && parsed.year().is_none() {
        return Ok(Reading::Clock(parsed.to_time()?));
    }
    Ok(Reading::Local(parsed.to_datetime()?))
}
