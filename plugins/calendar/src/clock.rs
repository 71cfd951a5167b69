//! From what a file says of times to moments.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use crate::{
    item::Stamp,
    values::{Length, When},
};

/// The zones of a calendar.
#[derive(Debug)]
pub(crate) struct Clock {
    /// By the places that stamps have.
    zones: Vec<Option<TimeZone>>,
    /// That of results and of local times of no zone.
    pub(crate) zone: TimeZone,
}

/// A time that was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// A day, of any zone.
    Day(Date),
    /// A moment.
    At(Timestamp),
}

impl Clock {
    pub(crate) fn new(zones: Vec<Option<TimeZone>>, zone: TimeZone) -> Self {
        Self { zones, zone }
    }

    /// The zone that a stamp's local time is of.
    pub(crate) fn zone_of(&self, stamp: Stamp) -> TimeZone {
        match stamp.when {
            // Days are counted where no day is longer than another.
            When::Day(_) | When::Utc(_) => TimeZone::UTC,
            When::Local(_) => self.named(stamp).unwrap_or_else(|| self.zone.clone()),
        }
    }

    fn named(&self, stamp: Stamp) -> Option<TimeZone> {
        self.zones.get(stamp.zone?)?.clone()
    }

    /// What a stamp says; none beyond the calendar. After a gap, the first of two (RFC 5545, 3.3.5).
    pub(crate) fn settle(&self, stamp: Stamp) -> Option<Settled> {
        Some(match stamp.when {
            When::Day(day) => Settled::Day(day),
            When::Utc(at) => Settled::At(at),
            When::Local(local) => Settled::At(self.zone_of(stamp).to_timestamp(local).ok()?),
        })
    }

    /// The moment of a stamp as its series counts it: days are those of UTC.
    pub(crate) fn count(&self, stamp: Stamp) -> Option<Timestamp> {
        match self.settle(stamp)? {
            Settled::Day(day) => midnight(day),
            Settled::At(at) => Some(at),
        }
    }

    /// A moment on the clocks of a zone; the last that there is, where it is beyond.
    pub(crate) fn local(at: Timestamp, zone: &TimeZone) -> DateTime {
        at.to_zoned(zone.clone()).datetime()
    }

    /// When a day begins in the result's zone.
    pub(crate) fn begin(&self, day: Date) -> Option<Timestamp> {
        self.zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()
    }
}

/// When a day begins in UTC.
pub(crate) fn midnight(day: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()
}

/// A moment and a length: days on the calendar of a zone, then seconds on the time line.
pub(crate) fn after(at: Timestamp, length: Length, zone: &TimeZone) -> Option<Timestamp> {
    let days =
        if length.days == 0 { at } else { at.to_zoned(zone.clone()).checked_add(length.days.days()).ok()?.timestamp() };
    days.checked_add(length.seconds.seconds()).ok()
}
