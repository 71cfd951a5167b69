//! VTIMEZONEs that are written: the changes of the clocks that an event may need, as rules where they follow one.

use jiff::{
    Timestamp, ToSpan,
    civil::{DateTime, Weekday},
    tz::{Offset, TimeZone},
};

use crate::{limits::ZONE_YEARS, out::Out, written::local};

/// Changes that follow a rule for fewer years are listed.
const LEAST_FOR_A_RULE: usize = 8;
/// Changes that are looked at: two a year, and four where a month of fasting interrupts summer time.
const MAX_CHANGES: usize = 600;

/// Changes of the clocks of one kind.
struct Observance {
    from: Offset,
    to: Offset,
    name: String,
    daylight: bool,
    /// When they take place, by the clocks before.
    onsets: Vec<DateTime>,
}

/// The definition of a zone from `first` to some years behind `last`.
pub(crate) fn definition(out: &mut Out, name: &str, zone: &TimeZone, first: Timestamp, last: Timestamp) {
    let first = first.checked_sub(24.hours()).unwrap_or(Timestamp::MIN);
    let end = last.to_zoned(TimeZone::UTC).checked_add(ZONE_YEARS.years()).map_or(Timestamp::MAX, |at| at.timestamp());
    out.line("BEGIN", "VTIMEZONE");
    out.line("TZID", name);
    for observance in observances(zone, first, end) {
        let kind = if observance.daylight { "DAYLIGHT" } else { "STANDARD" };
        out.line("BEGIN", kind);
        let Some((onset, later)) = observance.onsets.split_first() else { continue };
        out.line("DTSTART", &local(*onset));
        if let Some(rule) = rule(&observance.onsets, end) {
            out.line("RRULE", &rule);
        } else if !later.is_empty() {
            out.line("RDATE", &later.iter().map(|at| local(*at)).collect::<Vec<_>>().join(","));
        }
        out.line("TZNAME", &observance.name);
        out.line("TZOFFSETFROM", &offset(observance.from));
        out.line("TZOFFSETTO", &offset(observance.to));
        out.line("END", kind);
    }
    out.line("END", "VTIMEZONE");
}

fn observances(zone: &TimeZone, first: Timestamp, end: Timestamp) -> Vec<Observance> {
    let mut found: Vec<Observance> = Vec::new();
    let before = zone.preceding(first).next().map(|change| change.timestamp());
    let following = zone.following(first).map(|change| change.timestamp()).take_while(|at| *at < end);
    for at in before.into_iter().chain(following.take(MAX_CHANGES)) {
        let before = at.checked_sub(1.second()).unwrap_or(at);
        add(&mut found, zone, at, zone.to_offset(before));
    }
    let begins_late = found.first().is_none_or(|_| before.is_none());
    if begins_late {
        add(&mut found, zone, first, zone.to_offset(first));
    }
    found
}

fn add(found: &mut Vec<Observance>, zone: &TimeZone, at: Timestamp, from: Offset) {
    let info = zone.to_offset_info(at);
    let (to, name, daylight) = (info.offset(), info.abbreviation(), info.dst().is_dst());
    let onset = from.to_datetime(at);
    let same = |known: &&mut Observance| {
        known.from == from && known.to == to && known.name == name && known.daylight == daylight
    };
    match found.iter_mut().find(same) {
        Some(known) => known.onsets.push(onset),
        None => found.push(Observance { from, to, name: name.to_owned(), daylight, onsets: vec![onset] }),
    }
}

/// The rule of changes that take place every year on the same weekday of the same month, as the last Sunday of March.
fn rule(onsets: &[DateTime], end: Timestamp) -> Option<String> {
    let (first, last) = (onsets.first()?, onsets.last()?);
    let yearly = onsets.windows(2).all(|pair| match pair {
        [one, next] => next.year() == one.year() + 1,
        _ => false,
    });
    let alike = onsets
        .iter()
        .all(|at| at.month() == first.month() && at.weekday() == first.weekday() && at.time() == first.time());
    let goes_on = TimeZone::UTC.to_datetime(end).year() - last.year() <= 1;
    if onsets.len() < LEAST_FOR_A_RULE || !yearly || !alike || !goes_on {
        return None;
    }
    let number = |at: &DateTime| (at.day() - 1) / 7 + 1;
    let number = if onsets.iter().all(|at| at.day() + 7 > at.date().days_in_month()) {
        -1
    } else {
        Some(number(first)).filter(|same| onsets.iter().all(|at| number(at) == *same))?
    };
    Some(format!("FREQ=YEARLY;BYMONTH={};BYDAY={number}{}", first.month(), weekday(first.weekday())))
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    }
}

/// `+0100`, with seconds only where it has some.
fn offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.abs();
    let tail = if seconds % 60 == 0 { String::new() } else { format!("{:02}", seconds % 60) };
    format!("{sign}{:02}{:02}{tail}", seconds / 3600, seconds / 60 % 60)
}
