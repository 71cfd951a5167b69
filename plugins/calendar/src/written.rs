//! Times of events that are written.

use jiff::{
    Span, Timestamp, Zoned,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use tandem_sdk::{Error, Result};
use tandem_zoned::{
    read::{Settled, read, settle},
    reading::{Reading, refused},
    resolve::Choice,
    zones,
};

/// A time as an event has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// A whole day.
    Day(Date),
    /// A local time of a zone of the IANA database.
    Local(Zoned),
    /// A moment in UTC.
    Utc(Timestamp),
}

impl Written {
    /// Reads a time; one without zone is of `zone`.
    pub(crate) fn read(argument: &str, text: &str, zone: Option<&TimeZone>) -> Result<Self> {
        let reading = read(argument, text, None)?.reading;
        let own = match &reading {
            Reading::Day(day) => return within(argument, text, day.date()).map(|()| Self::Day(day.date())),
            Reading::Clock(_) => return Err(refused(argument, text, "give the day too, as `2026-12-08T09:00`")),
            Reading::Local(local) => {
                let zone = zone.ok_or_else(|| {
                    refused(
                        argument,
                        text,
                        "a local time needs its zone: give `zone`, as `Europe/Paris`, or write `…Z` for UTC",
                    )
                })?;
                no_gap(argument, text, *local, zone)?;
                zone.clone()
            }
            Reading::InZone(local, zone) => {
                no_gap(argument, text, *local, zone)?;
                zone.clone()
            }
            Reading::Instant(at) => zone.cloned().unwrap_or_else(|| at.time_zone().clone()),
        };
        let Settled { at, .. } = settle(reading, Some(&own), Choice::Compatible)?;
        let at = whole_second(&at).unwrap_or(at);
        within(argument, text, at.date())?;
        // Of two equal local times a file can only say the first.
        let named = own.iana_name().is_some() && own != TimeZone::UTC;
        let first = own.to_timestamp(at.datetime()).is_ok_and(|first| first == at.timestamp());
        Ok(if named && first { Self::Local(at.with_time_zone(own)) } else { Self::Utc(at.timestamp()) })
    }

    /// A further time of the same kind: of whole days a day, of others a time, of which a day alone is the one with the time of
    /// day of `self`.
    pub(crate) fn alike(&self, argument: &str, text: &str, zone: Option<&TimeZone>) -> Result<Self> {
        let zone = self.zone().or_else(|| zone.cloned());
        let other = Self::read(argument, text, zone.as_ref())?;
        match (self, other) {
            (Self::Day(_), Self::Day(day)) => Ok(Self::Day(day)),
            (Self::Day(_), _) => Err(refused(argument, text, "`start` is a whole day, so give a day, as `2026-12-08`")),
            (start, Self::Day(day)) => {
                let zone = start.zone().unwrap_or(TimeZone::UTC);
                let at = start.at().to_zoned(zone.clone());
                let at = day.to_datetime(at.time()).to_zoned(zone);
                let at = at.map_err(|error| refused(argument, text, &error.to_string()))?;
                Ok(start.like(&at))
            }
            (start, other) => Ok(start.like(&other.at().to_zoned(TimeZone::UTC))),
        }
    }

    /// A moment in the form of `self`.
    fn like(&self, at: &Zoned) -> Self {
        match self {
            Self::Local(own) => Self::Local(at.with_time_zone(own.time_zone().clone())),
            _ => Self::Utc(at.timestamp()),
        }
    }

    /// The end of something that begins at `self`.
    pub(crate) fn plus(&self, argument: &str, text: &str, span: Span) -> Result<Self> {
        let wrong = |why: &str| Error::invalid_arguments(format!("`{argument}`: `{text}`: {why}"));
        let beyond = |_| wrong("it leads beyond the year 9999");
        Ok(match self {
            Self::Day(day) => {
                let end = day.checked_add(span).map_err(beyond)?;
                let whole = day.to_datetime(jiff::civil::Time::midnight()).checked_add(span).map_err(beyond)?;
                if whole.time() != jiff::civil::Time::midnight() || end <= *day {
                    return Err(wrong("an event of whole days lasts one day or more, as `2 days`"));
                }
                Self::Day(end)
            }
            Self::Local(at) => Self::Local(at.checked_add(span).map_err(beyond)?),
            Self::Utc(at) => Self::Utc(at.to_zoned(TimeZone::UTC).checked_add(span).map_err(beyond)?.timestamp()),
        })
    }

    /// The zone that a file has to define.
    pub(crate) fn zone(&self) -> Option<TimeZone> {
        match self {
            Self::Local(at) => Some(at.time_zone().clone()),
            Self::Day(_) | Self::Utc(_) => None,
        }
    }

    /// The moment; of a day its begin in UTC.
    pub(crate) fn at(&self) -> Timestamp {
        match self {
            Self::Day(day) => TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MIN),
            Self::Local(at) => at.timestamp(),
            Self::Utc(at) => *at,
        }
    }

    /// The name of a property of this time, with its parameters.
    pub(crate) fn name(&self, property: &str) -> String {
        match self {
            Self::Day(_) => format!("{property};VALUE=DATE"),
            Self::Local(at) => format!("{property};TZID={}", zones::name(at.time_zone())),
            Self::Utc(_) => property.to_owned(),
        }
    }

    /// The value of a property.
    pub(crate) fn value(&self) -> String {
        match self {
            Self::Day(day) => day.strftime("%Y%m%d").to_string(),
            Self::Local(at) => local(at.datetime()),
            Self::Utc(at) => utc(*at),
        }
    }
}

/// `20261208T090000`.
pub(crate) fn local(at: DateTime) -> String {
    at.strftime("%Y%m%dT%H%M%S").to_string()
}

/// `20261208T080000Z`.
pub(crate) fn utc(at: Timestamp) -> String {
    format!("{}Z", local(at.to_zoned(TimeZone::UTC).datetime()))
}

fn whole_second(at: &Zoned) -> Option<Zoned> {
    Some(Timestamp::from_second(at.timestamp().as_second()).ok()?.to_zoned(at.time_zone().clone()))
}

/// Years have four digits in a file.
fn within(argument: &str, text: &str, day: Date) -> Result<()> {
    if day.year() >= 1 {
        return Ok(());
    }
    Err(refused(argument, text, "years are 1 to 9999"))
}

fn no_gap(argument: &str, text: &str, at: DateTime, zone: &TimeZone) -> Result<()> {
    if matches!(zone.to_ambiguous_timestamp(at).offset(), AmbiguousOffset::Gap { .. }) {
        let why = format!("{} has no such time: the clocks go forward over it; give another", zones::name(zone));
        return Err(refused(argument, text, &why));
    }
    Ok(())
}

/// A duration: ISO 8601 (`PT1H30M`) or in words (`90 minutes`).
pub(crate) fn span(argument: &str, text: &str) -> Result<Span> {
    let wrong = |why: &str| Error::invalid_arguments(format!("`{argument}`: `{text:.128}` is no duration: {why}"));
    let span: Span = match text.trim() {
        short if short.len() <= 128 => short.parse().map_err(|_| wrong("write `90 minutes`, `PT1H30M` or `2 days`"))?,
        _ => return Err(wrong("it is longer than 128 bytes")),
    };
    if span.is_negative() {
        return Err(wrong("it is negative"));
    }
    Ok(span)
}
