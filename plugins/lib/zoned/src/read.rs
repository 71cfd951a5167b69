//! Dates and times as people and programs write them, read in one way or refused.

use jiff::{
    Timestamp, Zoned,
    civil::{DateTime, Time},
    fmt::{rfc2822, temporal::Pieces},
    tz::{Offset, TimeZone},
};
use tandem_sdk::{Error, Result};

use crate::{
    limits::MAX_TEXT_BYTES,
    numeric::{self, DateOrder},
    reading::{FORMS, Form, Reading, refused},
    resolve::{Adjustment, Choice, resolve},
    words, zones,
};

/// A text that was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// What it says.
    pub reading: Reading,
    /// How it is written.
    pub form: Form,
}

/// A reading that became a moment.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The moment, in the zone that was asked for or else its own.
    pub at: Zoned,
    /// What had to be chosen for it.
    pub adjustment: Option<Adjustment>,
}

/// Reads a text; `argument` stands in the error.
pub fn read(argument: &str, text: &str, order: Option<DateOrder>) -> Result<Read> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_TEXT_BYTES {
        return Err(Error::invalid_arguments(format!("`{argument}` has 1 to {MAX_TEXT_BYTES} bytes: {FORMS}")));
    }
    if text.eq_ignore_ascii_case("now") {
        return Ok(Read { reading: Reading::Instant(now()), form: Form::Now });
    }
    if let Some(seconds) = text.strip_prefix('@') {
        let at =
            unix(seconds).ok_or_else(|| refused(argument, text, "after `@` stand Unix seconds, as `@1796223000`"))?;
        return Ok(Read { reading: Reading::Instant(at.to_zoned(TimeZone::UTC)), form: Form::Unix });
    }
    if let Some(local) = numeric::date(argument, text, order)? {
        return Ok(Read { reading: local, form: Form::Numeric });
    }
    if let Some(time) = clock(text) {
        return Ok(Read { reading: Reading::Clock(time), form: Form::Clock });
    }
    let iso = match iso(argument, text)? {
        Ok(reading) => return Ok(Read { reading, form: Form::Iso8601 }),
        Err(error) => error,
    };
    if let Ok(at) = rfc2822::DateTimeParser::new().relaxed_weekday(false).parse_zoned(text) {
        return Ok(Read { reading: Reading::Instant(at), form: Form::Rfc2822 });
    }
    if let Some(reading) = words::date(text) {
        return Ok(Read { reading, form: Form::English });
    }
    Err(words::refuse(argument, text).unwrap_or_else(|| match text.get(..4) {
        // It begins as ISO 8601 does: that parser's reason is the useful one.
        Some(year) if year.bytes().all(|byte| byte.is_ascii_digit()) => refused(argument, text, &iso),
        _ => refused(argument, text, &format!("it is none of {FORMS}")),
    }))
}

/// The moment of a reading. A local time is of `zone`; `UTC` where there is none.
pub fn settle(reading: Reading, zone: Option<&TimeZone>, choice: Choice) -> Result<Settled> {
    let local_zone = || zone.cloned().unwrap_or(TimeZone::UTC);
    let shown = |at: Zoned| zone.map_or_else(|| at.clone(), |zone| at.with_time_zone(zone.clone()));
    let (at, adjustment) = match reading {
        Reading::Instant(at) => (shown(at), None),
        Reading::InZone(local, own) => {
            let (at, adjustment) = resolve(local, &own, choice)?;
            (shown(at), adjustment)
        }
        Reading::Local(local) | Reading::Day(local) => resolve(local, &local_zone(), choice)?,
        Reading::Clock(time) => {
            let zone = local_zone();
            resolve(now().with_time_zone(zone.clone()).date().to_datetime(time), &zone, choice)?
        }
    };
    Ok(Settled { at, adjustment })
}

/// Reads a text as a moment.
pub fn moment(argument: &str, text: &str, zone: Option<&TimeZone>, choice: Choice) -> Result<Settled> {
    settle(read(argument, text, None)?.reading, zone, choice).map_err(|error| error.context(format!("`{argument}`")))
}

/// The host's clock.
pub fn now() -> Zoned {
    Timestamp::now().to_zoned(TimeZone::UTC)
}

/// Unix seconds with up to nine decimals.
fn unix(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let nanoseconds: i32 = format!("{fraction:0<9}").parse().ok()?;
    Timestamp::new(seconds, if whole.starts_with('-') { -nanoseconds } else { nanoseconds }).ok()
}

/// `15:30` or `15:30:05`.
fn clock(text: &str) -> Option<Time> {
    let digits = |part: &str| {
        (matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i8>().ok())?
    };
    let mut parts = text.split(':');
    let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let second = parts.next().map_or(Some(0), digits)?;
    if parts.next().is_some() {
        return None;
    }
    Time::new(hour, minute, second, 0).ok()
}

/// ISO 8601 with the extensions of RFC 9557. The outer error is final, the inner one lets others try.
fn iso(argument: &str, text: &str) -> Result<Result<Reading, String>> {
    let joined = joined(text);
    let text = joined.as_str();
    let pieces = match Pieces::parse(text) {
        Ok(pieces) => pieces,
        Err(error) => return Ok(week_date(text).ok_or_else(|| error.to_string())),
    };
    let Some(time) = pieces.time() else { return Ok(Ok(Reading::Day(pieces.date().to_datetime(Time::midnight())))) };
    let local = pieces.date().to_datetime(time);
    let zone = match pieces.time_zone_annotation() {
        None => None,
        Some(annotation) => Some(match annotation.to_time_zone() {
            Ok(zone) => zone,
            Err(_) => zones::find(argument, between_brackets(text))?,
        }),
    };
    Ok(Ok(match (pieces.offset(), zone) {
        (None, None) => Reading::Local(local),
        (None, Some(zone)) => Reading::InZone(local, zone),
        (Some(_), None) => {
            let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
            let at = offset.to_timestamp(local).map_err(|error| refused(argument, text, &error.to_string()))?;
            let zone = if offset.is_zero() { TimeZone::UTC } else { TimeZone::fixed(offset) };
            Reading::Instant(at.to_zoned(zone))
        }
        (Some(_), Some(zone)) => Reading::Instant(agreeing(argument, text, &pieces, local, zone)?),
    }))
}

/// `2026-12-02 15:30:00 +0100`, as git writes it, and `2026-12-02 15:30 UTC` without the space.
fn joined(text: &str) -> String {
    match text.rsplit_once(' ') {
        Some((before, "UTC" | "Z")) => format!("{before}Z"),
        Some((before, offset)) if offset.starts_with(['+', '-']) => format!("{before}{offset}"),
        _ => text.to_owned(),
    }
}

/// A moment whose offset is one that its zone has then. `Z` goes with every zone.
fn agreeing(argument: &str, text: &str, pieces: &Pieces<'_>, local: DateTime, zone: TimeZone) -> Result<Zoned> {
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    let at = offset.to_timestamp(local).map_err(|error| refused(argument, text, &error.to_string()))?;
    let at = at.to_zoned(zone);
    if at.offset() == offset || text.contains(['Z', 'z']) && offset.is_zero() {
        return Ok(at);
    }
    Err(refused(
        argument,
        text,
        &format!(
            "{} has the offset {} then, not {}: leave out one of the two",
            zones::name(at.time_zone()),
            zones::written(at.offset()),
            zones::written(offset)
        ),
    ))
}

fn between_brackets(text: &str) -> &str {
    let after = text.split_once('[').map_or("", |(_, after)| after);
    after.split_once(']').map_or(after, |(name, _)| name).trim_start_matches('!')
}

/// `2026-W49-3` and `2026-336`, which the parser of instants does not read.
fn week_date(text: &str) -> Option<Reading> {
    let format = if text.contains('W') { "%G-W%V-%u" } else { "%Y-%j" };
    let well_formed = text.contains('W') || text.len() == "2026-336".len();
    let date = well_formed.then(|| jiff::fmt::strtime::parse(format, text).ok()?.to_date().ok())??;
    Some(Reading::Day(date.to_datetime(Time::midnight())))
}
