//! A series of occurrences: where it begins, what is left out, and what holds from a changed occurrence on.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use crate::{
    clock::{self, Clock, Settled, midnight},
    groups::Group,
    item::Item,
    slots::{Occurrence, Slot, length},
    values::Length,
    window::Window,
};

/// What is looked at before and after a range: days begin at different moments in different zones.
const MARGIN_OF_DAYS: SignedDuration = SignedDuration::from_hours(48);
/// For times, clocks that were changed meanwhile.
const MARGIN_OF_TIMES: SignedDuration = SignedDuration::from_hours(4);

/// A changed occurrence that holds for those after it too.
#[derive(Debug)]
struct Onward {
    from: Timestamp,
    shift: SignedDuration,
    length: Length,
    item: usize,
}

/// A series, made ready to be expanded.
#[derive(Debug)]
pub(crate) struct Series<'a> {
    index: usize,
    pub(crate) item: &'a Item,
    pub(crate) zone: TimeZone,
    /// Whether it is of whole days, which are counted as moments of UTC.
    days: bool,
    pub(crate) start: Timestamp,
    length: Length,
    except: Vec<Timestamp>,
    /// Days that are left out of a series of times.
    except_days: Vec<Date>,
    /// Changed occurrences that hold for those after them too, in order.
    onward: Vec<Onward>,
}

impl<'a> Series<'a> {
    pub(crate) fn new(clock: &Clock, items: &[Item], index: usize, item: &'a Item, group: &Group) -> Option<Self> {
        let stamp = item.start?;
        let (zone, start) = (clock.zone_of(stamp), clock.count(stamp)?);
        let days = matches!(clock.settle(stamp)?, Settled::Day(_));
        let mut series = Self {
            index,
            item,
            zone,
            days,
            start,
            length: length(clock, item).unwrap_or_default().at_least(days),
            except: Vec::new(),
            except_days: Vec::new(),
            onward: Vec::new(),
        };
        item.except.iter().filter_map(|stamp| clock.settle(*stamp)).for_each(|except| series.except(except));
        for changed in &group.changed {
            let Some((item, id)) = items.get(*changed).and_then(|item| Some((item, item.recurrence_id?))) else {
                continue;
            };
            let Some(settled) = clock.settle(id) else { continue };
            series.except(settled);
            let begin = item.start.and_then(|start| clock.count(start)).zip(clock.count(id));
            if let Some((begin, id)) = begin.filter(|_| item.and_future) {
                let length = length(clock, item).unwrap_or_default().at_least(days);
                series.onward.push(Onward { from: id, shift: id.duration_until(begin), length, item: *changed });
            }
        }
        series.except.sort_unstable();
        series.except_days.sort_unstable();
        series.onward.sort_unstable_by_key(|onward| onward.from);
        Some(series)
    }

    fn except(&mut self, settled: Settled) {
        match settled {
            Settled::Day(day) if self.days => self.except.extend(midnight(day)),
            Settled::Day(day) => self.except_days.push(day),
            Settled::At(at) if self.days => self.except.extend(midnight(Clock::local(at, &TimeZone::UTC).date())),
            Settled::At(at) => self.except.push(at),
        }
    }

    pub(crate) fn excludes(&self, at: Timestamp) -> bool {
        let day = || Clock::local(at, &self.zone).date();
        self.except.binary_search(&at).is_ok()
            || !self.except_days.is_empty() && self.except_days.binary_search(&day()).is_ok()
    }

    /// The change that holds at an occurrence.
    fn onward(&self, at: Timestamp) -> Option<&Onward> {
        self.onward.get(self.onward.partition_point(|onward| onward.from < at).checked_sub(1)?)
    }

    /// Which occurrences can be in a range: those that begin before it and last, and those that were moved into it.
    pub(crate) fn reach(&self, window: &Window) -> (Timestamp, Timestamp) {
        let changes = || self.onward.iter();
        let later = changes().map(|onward| onward.shift.as_secs()).chain([0]).max().unwrap_or(0);
        let sooner = changes().map(|onward| -onward.shift.as_secs()).chain([0]).max().unwrap_or(0);
        let longest = changes().map(|onward| onward.length.roughly()).chain([self.length.roughly()]).max().unwrap_or(0);
        let margin = if self.days { MARGIN_OF_DAYS } else { MARGIN_OF_TIMES };
        let before = SignedDuration::from_secs(later.saturating_add(longest.max(0)));
        let from = window.after.checked_sub(before).and_then(|at| at.checked_sub(margin)).unwrap_or(Timestamp::MIN);
        let after = SignedDuration::from_secs(sooner);
        let until = window.before.checked_add(after).and_then(|at| at.checked_add(margin)).unwrap_or(Timestamp::MAX);
        (from, until)
    }

    pub(crate) fn occurrence(&self, at: Timestamp, own: Option<Length>) -> Occurrence {
        let (start, length, item) = match self.onward(at) {
            Some(onward) => (at.checked_add(onward.shift).unwrap_or(at), onward.length, onward.item),
            None => (at, own.unwrap_or(self.length), self.index),
        };
        let end = clock::after(start, length, &self.zone).unwrap_or(start);
        let day = |at| Clock::local(at, &TimeZone::UTC).date();
        let slot = if self.days { Slot::Days(day(start), day(end)) } else { Slot::Times(start, end) };
        Occurrence { item, slot, original: Some(at) }
    }

    pub(crate) fn is_within(&self, at: Timestamp, window: &Window) -> bool {
        match self.occurrence(at, None).slot {
            Slot::Times(start, end) => window.has(start, end),
            _ => true,
        }
    }
}
