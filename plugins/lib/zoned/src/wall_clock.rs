//! The local times of a pattern, period by period.

use std::collections::VecDeque;

use jiff::{
    ToSpan, Unit,
    civil::{Date, DateTime, Time},
};

use crate::{
    limits::MAX_FRUITLESS,
    pattern::{Frequency, Pattern},
};

/// The local times that fit a pattern, in order, from the start on.
#[derive(Debug)]
pub(crate) struct WallClock {
    pattern: Pattern,
    start: DateTime,
    /// A time in the period that is looked at next.
    at: Option<DateTime>,
    /// Periods that begin later are not looked at.
    until: Date,
    found: VecDeque<DateTime>,
}

impl WallClock {
    pub(crate) fn new(pattern: &Pattern, start: DateTime) -> Self {
        let pattern = pattern.clone().completed(start.date());
        let first = match pattern.frequency {
            Frequency::Yearly => Date::new(start.year(), 1, 1).ok(),
            Frequency::Monthly => Some(start.date().first_of_month()),
            Frequency::Weekly => pattern.first_of_week(start.date()),
            _ => Some(start.date()),
        };
        let at = first.map(|day| day.to_datetime(start.time()));
        Self { pattern, start, at, until: Date::MAX, found: VecDeque::new() }
    }

    /// Ends with the period of `until`.
    pub(crate) fn end_with(&mut self, until: Date) {
        self.until = until;
    }

    /// Leaves out periods that end before `from`, in the rhythm of the interval.
    pub(crate) fn skip_to(&mut self, from: DateTime) {
        let Some(at) = self.at.filter(|at| *at < from) else { return };
        let years = i64::from(from.year()) - i64::from(at.year());
        let seconds = at.duration_until(from).as_secs();
        let periods = match self.pattern.frequency {
            Frequency::Yearly => years,
            Frequency::Monthly => years * 12 + i64::from(from.month()) - i64::from(at.month()),
            Frequency::Weekly => seconds / (7 * 86_400),
            Frequency::Daily => seconds / 86_400,
            Frequency::Hourly => seconds / 3600,
            Frequency::Minutely => seconds / 60,
            Frequency::Secondly => seconds,
        };
        // One interval less, so that the period of `from` itself is looked at whatever day it begins with.
        let jump = (periods / self.pattern.interval - 1).max(0) * self.pattern.interval;
        self.at = match self.pattern.frequency {
            Frequency::Yearly => at.checked_add(jump.years()),
            Frequency::Monthly => at.checked_add(jump.months()),
            Frequency::Weekly => at.checked_add(jump.weeks()),
            Frequency::Daily => at.checked_add(jump.days()),
            Frequency::Hourly => at.checked_add((jump * 3600).seconds()),
            Frequency::Minutely => at.checked_add((jump * 60).seconds()),
            Frequency::Secondly => at.checked_add(jump.seconds()),
        }
        .ok();
    }

    /// Looks at one period; false where there are no more.
    fn look(&mut self) -> bool {
        let Some(at) = self.at.filter(|at| at.date() <= self.until) else { return false };
        let mut times = self.times(at);
        times.sort_unstable();
        times.dedup();
        if !self.pattern.positions.is_empty() {
            times = self.positioned(&times);
        }
        self.found.extend(times.into_iter().filter(|time| *time >= self.start));
        self.at = self.after(at);
        true
    }

    fn times(&self, at: DateTime) -> Vec<DateTime> {
        let (pattern, day) = (&self.pattern, at.date());
        let days = match pattern.frequency {
            Frequency::Yearly => i64::from(day.days_in_year()),
            Frequency::Monthly => i64::from(day.days_in_month()),
            Frequency::Weekly => 7,
            _ => 1,
        };
        let clocks = self.clocks(at);
        let days = (0..days).filter_map(|number| day.checked_add(number.days()).ok());
        days.filter(|day| pattern.fits(*day))
            .flat_map(|day| clocks.iter().map(move |time| day.to_datetime(*time)))
            .collect()
    }

    /// The times of the days of a period.
    fn clocks(&self, at: DateTime) -> Vec<Time> {
        let (pattern, frequency) = (&self.pattern, self.pattern.frequency);
        // A part expands a longer period, and limits one that is no longer than itself.
        let values = |listed: &[i8], own: i8, expands: bool| -> Vec<i8> {
            match (listed.is_empty(), expands) {
                (true, _) => vec![own],
                (false, true) => listed.to_vec(),
                (false, false) => listed.iter().copied().filter(|value| *value == own).collect(),
            }
        };
        let hours = values(&pattern.hours, at.hour(), frequency > Frequency::Hourly);
        let minutes = values(&pattern.minutes, at.minute(), frequency > Frequency::Minutely);
        let seconds = values(&pattern.seconds, at.second(), frequency > Frequency::Secondly);
        let mut times = Vec::new();
        for hour in hours {
            for minute in &minutes {
                times.extend(seconds.iter().filter_map(|second| Time::new(hour, *minute, *second, 0).ok()));
            }
        }
        times
    }

    fn positioned(&self, times: &[DateTime]) -> Vec<DateTime> {
        let place = |position: &i32| {
            let index = usize::try_from(position.unsigned_abs()).ok()?.checked_sub(1)?;
            let index = if *position > 0 { index } else { times.len().checked_sub(1)?.checked_sub(index)? };
            times.get(index).copied()
        };
        let mut times: Vec<DateTime> = self.pattern.positions.iter().filter_map(place).collect();
        times.sort_unstable();
        times.dedup();
        times
    }

    /// The next period.
    fn after(&self, at: DateTime) -> Option<DateTime> {
        let interval = self.pattern.interval;
        let span = match self.pattern.frequency {
            Frequency::Yearly => interval.years(),
            Frequency::Monthly => interval.months(),
            Frequency::Weekly => interval.weeks(),
            Frequency::Daily => interval.days(),
            Frequency::Hourly => return self.step(at, interval * 3600),
            Frequency::Minutely => return self.step(at, interval * 60),
            Frequency::Secondly => return self.step(at, interval),
        };
        at.checked_add(span).ok()
    }

    /// The next time of a rhythm of seconds, over days, hours and minutes in which nothing fits.
    fn step(&self, at: DateTime, seconds: i64) -> Option<DateTime> {
        let next = at.checked_add(seconds.seconds()).ok()?;
        let pattern = &self.pattern;
        let fits = |listed: &[i8], own: i8| listed.is_empty() || listed.contains(&own);
        let end = if !pattern.fits(next.date()) {
            next.date().tomorrow().ok()?.to_datetime(Time::midnight())
        } else if !fits(&pattern.hours, next.hour()) {
            next.round(jiff::civil::DateTimeRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Floor))
                .ok()?
                .checked_add(1.hours())
                .ok()?
        } else {
            return Some(next);
        };
        let missing = next.duration_until(end).as_secs();
        let steps = missing.div_euclid(seconds) + i64::from(missing.rem_euclid(seconds) != 0);
        next.checked_add((steps * seconds).seconds()).ok()
    }
}

impl Iterator for WallClock {
    type Item = DateTime;

    fn next(&mut self) -> Option<DateTime> {
        let mut looked = 0;
        while self.found.is_empty() && looked < MAX_FRUITLESS {
            looked += 1;
            if !self.look() {
                return None;
            }
        }
        self.found.pop_front()
    }
}
