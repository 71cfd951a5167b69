//! Occurrences of a recurrence rule.
//!
//! A rule is about local time: it is expanded on the wall clock, and each local time is then looked for in the zone. As RFC
//! 5545 has it, a local time that the clocks skip is no occurrence and not counted, and of one that they show twice the
//! first is taken.

use std::time::Instant;

use jiff::{
    Zoned,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};
use tandem_sdk::{Error, Result};

use crate::{
    limits::{MAX_EXPANDED, MAX_EXPANDING},
    rule::{End, Rule},
    wall_clock::WallClock,
};

/// One step of an expansion.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// An occurrence.
    At(Zoned),
    /// A local time that the zone has not.
    Skipped(DateTime),
}

/// Why an expansion gives no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The rule ended by COUNT or UNTIL.
    Ended,
    /// In 20,000 periods nothing was found, or nothing before the year 9999.
    Fruitless,
    /// More than [`MAX_EXPANDED`] were gone through, or for longer than [`MAX_EXPANDING`].
    TooMany,
}

/// The expansion of a rule.
#[derive(Debug)]
pub struct Occurrences {
    wall_clock: WallClock,
    end: End,
    zone: TimeZone,
    given: u32,
    examined: usize,
    begun: Instant,
    stop: Option<Stop>,
}

impl Occurrences {
    /// The occurrences of a rule from a local start on, in a zone.
    pub fn new(argument: &str, rule: &Rule, start: DateTime, zone: TimeZone) -> Result<Self> {
        let wrong = |why: String| Error::invalid_arguments(format!("`{argument}`: {why}"));
        let end_is_before = match &rule.end {
            End::Local(last) => *last < start,
            End::Moment(last) => *last < first_moment(start, &zone)?,
            End::Never | End::Count(_) => false,
        };
        if end_is_before {
            return Err(wrong(format!("UNTIL is before the start, {start}: nothing occurs")));
        }
        let wall_clock = WallClock::new(&rule.pattern, start);
        let (end, begun) = (rule.end.clone(), Instant::now());
        Ok(Self { wall_clock, end, zone, given: 0, examined: 0, begun, stop: None })
    }

    /// Only those from `from` to `until`, and perhaps some before and after. Where COUNT counts them, those before are gone
    /// through all the same.
    #[must_use]
    pub fn within(mut self, from: DateTime, until: DateTime) -> Self {
        if !matches!(self.end, End::Count(_)) {
            self.wall_clock.skip_to(from);
        }
        self.wall_clock.end_with(until.date());
        self
    }

    /// Why there are no more, once there are none.
    pub fn stopped(&self) -> Option<Stop> {
        self.stop
    }

    fn step(&mut self) -> Result<Step, Stop> {
        if matches!(self.end, End::Count(count) if self.given >= count) {
            return Err(Stop::Ended);
        }
        if self.examined >= MAX_EXPANDED || self.begun.elapsed() > MAX_EXPANDING {
            return Err(Stop::TooMany);
        }
        self.examined += 1;
        let local = self.wall_clock.next().ok_or(Stop::Fruitless)?;
        if matches!(&self.end, End::Local(last) if local > *last) {
            return Err(Stop::Ended);
        }
        let ambiguous = self.zone.to_ambiguous_zoned(local);
        if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
            return Ok(Step::Skipped(local));
        }
        let at = ambiguous.earlier().map_err(|_| Stop::Fruitless)?;
        if matches!(&self.end, End::Moment(last) if at.timestamp() > *last) {
            return Err(Stop::Ended);
        }
        self.given += 1;
        Ok(Step::At(at))
    }
}

impl Iterator for Occurrences {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if self.stop.is_some() {
            return None;
        }
        self.step().map_err(|stop| self.stop = Some(stop)).ok()
    }
}

fn first_moment(start: DateTime, zone: &TimeZone) -> Result<jiff::Timestamp> {
    let at = zone.to_timestamp(start);
    at.map_err(|_| Error::invalid_arguments(format!("the start, {start}, is out of range")))
}
