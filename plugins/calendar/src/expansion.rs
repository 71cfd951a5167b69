//! Series of events in a range: recurrences expanded, and what their changed occurrences replace.

use std::{collections::BTreeMap, time::Instant};

use jiff::Timestamp;
use tandem_sdk::{Ctx, Error, Result};
use tandem_zoned::{
    occurrences::{Occurrences, Step, Stop},
    rule,
};

use crate::{
    clock::Clock,
    groups::{Group, groups},
    issues::Issues,
    item::{Item, Kind},
    limits::{MAX_EXPANDING, MAX_IN_RANGE, MAX_PER_SERIES, MAX_STEPS},
    series::Series,
    slots::{Occurrence, Slot, slot},
    values::Length,
    window::Window,
};

/// Steps between two looks at the clock.
const STEPS_A_CHECK: usize = 256;

/// The expansion of all series of a calendar.
pub(crate) struct Expansion<'a> {
    pub(crate) ctx: &'a Ctx,
    pub(crate) clock: &'a Clock,
    pub(crate) items: &'a [Item],
    pub(crate) window: Window,
    pub(crate) issues: &'a mut Issues,
    begun: Instant,
    steps: usize,
    found: Vec<Occurrence>,
}

impl<'a> Expansion<'a> {
    pub(crate) fn new(
        ctx: &'a Ctx,
        clock: &'a Clock,
        items: &'a [Item],
        window: Window,
        issues: &'a mut Issues,
    ) -> Self {
        Self { ctx, clock, items, window, issues, begun: Instant::now(), steps: 0, found: Vec::new() }
    }

    /// All that is in the range and `wanted`, in no order.
    pub(crate) fn run(mut self, wanted: impl Fn(&Item) -> bool) -> Result<Vec<Occurrence>> {
        let groups = groups(self.items, self.issues);
        let total = f64::from(u32::try_from(groups.len()).unwrap_or(u32::MAX));
        for (number, group) in groups.iter().enumerate() {
            if number.is_multiple_of(STEPS_A_CHECK) {
                self.check()?;
                self.ctx.progress(
                    f64::from(u32::try_from(number).unwrap_or(u32::MAX)),
                    Some(total),
                    "expanding series",
                );
            }
            self.group(group)?;
        }
        let items = self.items;
        self.found.retain(|occurrence| items.get(occurrence.item).is_some_and(&wanted));
        Ok(self.found)
    }

    fn check(&self) -> Result<()> {
        self.ctx.check()?;
        if self.steps > MAX_STEPS || self.begun.elapsed() > MAX_EXPANDING {
            return Err(Error::invalid_arguments(format!(
                "the series of this calendar have more than {MAX_STEPS} occurrences to go through, or take longer than {} s: ask for a shorter range, or for the series themselves with `expand` = false",
                MAX_EXPANDING.as_secs()
            )));
        }
        Ok(())
    }

    fn group(&mut self, group: &Group) -> Result<()> {
        let (items, clock) = (self.items, self.clock);
        for index in &group.changed {
            let Some(item) = items.get(*index) else { continue };
            let original = item.recurrence_id.and_then(|id| clock.count(id));
            self.single(*index, item, original)?;
        }
        let Some((index, master)) = group.master.and_then(|index| Some((index, items.get(index)?))) else {
            return Ok(());
        };
        if !master.recurs() {
            return self.single(index, master, None);
        }
        let Some(series) = Series::new(clock, items, index, master, group) else {
            self.issues.add(master.line, "the series has no DTSTART that can be used: it was left out");
            return Ok(());
        };
        self.series(&series)
    }

    /// Something that takes place once.
    fn single(&mut self, index: usize, item: &Item, original: Option<Timestamp>) -> Result<()> {
        let slot = slot(self.clock, item, self.issues);
        self.add(Occurrence { item: index, slot, original }).map(drop)
    }

    /// Takes what is in the range, and says whether it is.
    fn add(&mut self, occurrence: Occurrence) -> Result<bool> {
        let within = match occurrence.slot {
            Slot::Days(first, end) => {
                let (first, end) = (self.clock.begin(first), self.clock.begin(end));
                first.is_some_and(|first| self.window.has(first, end.unwrap_or(first)))
            }
            Slot::Times(start, end) => self.window.has(start, end),
            Slot::None => self.items.get(occurrence.item).is_some_and(|item| item.kind == Kind::Todo),
        };
        if within {
            if self.found.len() >= MAX_IN_RANGE {
                return Err(Error::invalid_arguments(format!(
                    "more than {MAX_IN_RANGE} entries are in the range: ask for a shorter one"
                )));
            }
            self.found.push(occurrence);
        }
        Ok(within)
    }

    fn series(&mut self, series: &Series<'_>) -> Result<()> {
        let mut starts: BTreeMap<Timestamp, Option<Length>> = BTreeMap::new();
        starts.insert(series.start, None);
        for extra in &series.item.extra {
            let Some(at) = self.clock.count(extra.start) else { continue };
            let end = extra.end.and_then(|end| self.clock.count(end));
            let length = end.map(|end| Length { days: 0, seconds: at.duration_until(end).as_secs() }).or(extra.length);
            starts.insert(at, length);
        }
        for rule in &series.item.rules {
            self.rule(series, rule, &mut starts)?;
        }
        let mut taken = 0;
        for (at, length) in starts {
            if series.excludes(at) {
                continue;
            }
            taken += usize::from(self.add(series.occurrence(at, length))?);
            if taken >= MAX_PER_SERIES {
                let line = series.item.line;
                self.issues.add(
                    line,
                    format!("the series has more than {MAX_PER_SERIES} occurrences in the range; the first were taken"),
                );
                break;
            }
        }
        Ok(())
    }

    /// The occurrences of a rule around the range.
    fn rule(
        &mut self,
        series: &Series<'_>,
        text: &str,
        starts: &mut BTreeMap<Timestamp, Option<Length>>,
    ) -> Result<()> {
        let line = series.item.line;
        let first = Clock::local(series.start, &series.zone);
        let parsed =
            rule::parse("RRULE", text).and_then(|rule| Occurrences::new("RRULE", &rule, first, series.zone.clone()));
        let (from, until) = series.reach(&self.window);
        let mut all = match parsed {
            Ok(all) => all.within(Clock::local(from, &series.zone), Clock::local(until, &series.zone)),
            Err(error) => {
                self.issues.add(line, format!("{error}; only the first occurrence was taken"));
                return Ok(());
            }
        };
        let mut kept = 0_usize;
        for step in all.by_ref() {
            self.steps += 1;
            if self.steps.is_multiple_of(STEPS_A_CHECK) {
                self.check()?;
            }
            let Step::At(at) = step else { continue };
            let at = at.timestamp();
            if at >= until || kept > MAX_PER_SERIES {
                return Ok(());
            }
            if at >= from {
                starts.entry(at).or_insert(None);
                kept += usize::from(series.is_within(at, &self.window));
            }
        }
        if all.stopped() == Some(Stop::TooMany) {
            self.issues.add(line, "the series has too many occurrences to go through; the first were taken");
        }
        self.check()
    }
}
