//! When something takes place, and how long it lasts.

use jiff::{Timestamp, ToSpan, civil::Date};

use crate::{
    clock::{self, Clock, Settled},
    issues::Issues,
    item::{Item, Kind},
    values::Length,
};

/// When something takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Whole days; the last is not in it.
    Days(Date, Date),
    /// From a moment to another.
    Times(Timestamp, Timestamp),
    /// To be done at no time.
    None,
}

/// One entry of a calendar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occurrence {
    /// The place of its item.
    pub(crate) item: usize,
    pub(crate) slot: Slot,
    /// Where it is in the series; none of what does not recur.
    pub(crate) original: Option<Timestamp>,
}

/// How long an item lasts: of times that have an end, on the time line (RFC 5545, 3.8.5.3).
pub(crate) fn length(clock: &Clock, item: &Item) -> Option<Length> {
    let start = clock.settle(item.start?)?;
    let end = item.end.and_then(|end| clock.settle(end));
    Some(match (start, end, item.length) {
        (Settled::Day(first), Some(Settled::Day(end)), _) => Length { days: days(first, end), seconds: 0 },
        (Settled::At(start), Some(Settled::At(end)), _) => {
            Length { days: 0, seconds: start.duration_until(end).as_secs() }
        }
        (Settled::Day(_), _, Some(length)) => Length { days: length.roughly() / 86_400, seconds: 0 },
        (_, _, Some(length)) => length,
        (Settled::Day(_), _, None) => Length { days: 1, seconds: 0 },
        (Settled::At(_), _, None) => Length::default(),
    })
}

fn days(first: Date, end: Date) -> i64 {
    first.duration_until(end).as_hours() / 24
}

/// When an item takes place that does not recur.
pub(crate) fn slot(clock: &Clock, item: &Item, issues: &mut Issues) -> Slot {
    let Some(begin) = item.start else {
        // A to-do may be due and have no start.
        return match item.end.and_then(|end| clock.settle(end)) {
            Some(Settled::Day(day)) => Slot::Days(day, day.checked_add(1.days()).unwrap_or(day)),
            Some(Settled::At(at)) => Slot::Times(at, at),
            None => {
                if item.kind == Kind::Event {
                    issues.add(item.line, "the event has no DTSTART: it was left out");
                }
                Slot::None
            }
        };
    };
    let (Some(start), Some(mut length)) = (clock.settle(begin), length(clock, item)) else { return Slot::None };
    if length.roughly() < 0 {
        issues.add(item.line, "the end is before the start: it was taken for the start");
        length = Length::default();
    }
    match start {
        Settled::Day(day) => Slot::Days(day, day.checked_add(length.days.max(1).days()).unwrap_or(day)),
        Settled::At(at) => Slot::Times(at, clock::after(at, length, &clock.zone_of(begin)).unwrap_or(at)),
    }
}
