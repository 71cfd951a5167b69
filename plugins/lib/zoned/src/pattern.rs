//! What a recurrence rule repeats, and which days fit it.

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frequency {
    /// By the second.
    Secondly,
    /// By the minute.
    Minutely,
    /// By the hour.
    Hourly,
    /// By the day.
    Daily,
    /// By the week.
    Weekly,
    /// By the month.
    Monthly,
    /// By the year.
    Yearly,
}

/// The parts of a rule but its end. An empty list says nothing.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(crate) frequency: Frequency,
    pub(crate) interval: i64,
    pub(crate) week_start: Weekday,
    pub(crate) days: Vec<(Option<i16>, Weekday)>,
    pub(crate) months: Vec<i8>,
    pub(crate) month_days: Vec<i8>,
    pub(crate) year_days: Vec<i16>,
    pub(crate) weeks: Vec<i8>,
    pub(crate) positions: Vec<i32>,
    pub(crate) hours: Vec<i8>,
    pub(crate) minutes: Vec<i8>,
    pub(crate) seconds: Vec<i8>,
}

impl Pattern {
    /// A pattern with a frequency and nothing else.
    pub(crate) fn new(frequency: Frequency) -> Self {
        Self {
            frequency,
            interval: 1,
            week_start: Weekday::Monday,
            days: Vec::new(),
            months: Vec::new(),
            month_days: Vec::new(),
            year_days: Vec::new(),
            weeks: Vec::new(),
            positions: Vec::new(),
            hours: Vec::new(),
            minutes: Vec::new(),
            seconds: Vec::new(),
        }
    }

    /// What contradicts RFC 5545, if anything.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let numbered = self.days.iter().any(|(number, _)| number.is_some());
        let frequency = self.frequency;
        let by_nothing = self.days.is_empty()
            && self.months.is_empty()
            && self.month_days.is_empty()
            && self.year_days.is_empty()
            && self.weeks.is_empty()
            && self.hours.is_empty()
            && self.minutes.is_empty()
            && self.seconds.is_empty();
        Some(match () {
            () if numbered && !matches!(frequency, Frequency::Monthly | Frequency::Yearly) => {
                "BYDAY has a number, as in `2TU`, only with FREQ=MONTHLY or FREQ=YEARLY"
            }
            () if numbered && !self.weeks.is_empty() => "BYDAY has no numbers where there is BYWEEKNO",
            () if !self.weeks.is_empty() && frequency != Frequency::Yearly => "BYWEEKNO goes only with FREQ=YEARLY",
            () if !self.month_days.is_empty() && frequency == Frequency::Weekly => {
                "BYMONTHDAY goes not with FREQ=WEEKLY"
            }
            () if !self.year_days.is_empty()
                && matches!(frequency, Frequency::Daily | Frequency::Weekly | Frequency::Monthly) =>
            {
                "BYYEARDAY goes only with FREQ=YEARLY, HOURLY, MINUTELY or SECONDLY"
            }
            () if !self.positions.is_empty() && by_nothing => "BYSETPOS needs another BY part, as BYDAY",
            () => return None,
        })
    }

    /// The pattern with what the start says where the rule says nothing.
    pub(crate) fn completed(mut self, start: Date) -> Self {
        let no_day =
            self.days.is_empty() && self.month_days.is_empty() && self.year_days.is_empty() && self.weeks.is_empty();
        match self.frequency {
            Frequency::Yearly if no_day => {
                if self.months.is_empty() {
                    self.months.push(start.month());
                }
                self.month_days.push(start.day());
            }
            Frequency::Yearly if !self.weeks.is_empty() && self.days.is_empty() => {
                self.days.push((None, start.weekday()));
            }
            Frequency::Monthly if no_day => self.month_days.push(start.day()),
            Frequency::Weekly if self.days.is_empty() => self.days.push((None, start.weekday())),
            _ => {}
        }
        self
    }

    /// Whether a day fits.
    pub(crate) fn fits(&self, day: Date) -> bool {
        let of_month = |number: i8| number == day.day() || number == day.day() - day.days_in_month() - 1;
        let of_year = |number: i16| number == day.day_of_year() || number == day.day_of_year() - day.days_in_year() - 1;
        none_or(&self.months, |month| month == day.month())
            && none_or(&self.month_days, of_month)
            && none_or(&self.year_days, of_year)
            && none_or(&self.weeks, |week| self.is_week(day, week))
            && none_or(&self.days, |(number, weekday)| {
                weekday == day.weekday() && number.is_none_or(|number| self.is_nth(day, number))
            })
    }

    /// Whether a day is the so-manyth of its weekday in its month, or in its year where the rule names no month.
    fn is_nth(&self, day: Date, number: i16) -> bool {
        let in_month = self.frequency == Frequency::Monthly || !self.months.is_empty();
        let (place, length) = if in_month {
            (i16::from(day.day()), i16::from(day.days_in_month()))
        } else {
            (day.day_of_year(), day.days_in_year())
        };
        number == (place - 1) / 7 + 1 || number == -((length - place) / 7 + 1)
    }

    /// Whether a day is in the week of a number, counted from the end where it is negative.
    fn is_week(&self, day: Date, week: i8) -> bool {
        let Some(middle) = self.middle_of_week(day) else { return false };
        let number = (middle.day_of_year() - 1) / 7 + 1;
        // The week of 28 December is the last of every year.
        let last = Date::new(middle.year(), 12, 28).ok().and_then(|day| self.middle_of_week(day));
        let total = last.map_or(52, |last| (last.day_of_year() - 1) / 7 + 1);
        i16::from(week) == number || i16::from(week) == number - total - 1
    }

    /// The fourth day of a week: the year that it is in has most of the week.
    fn middle_of_week(&self, day: Date) -> Option<Date> {
        self.first_of_week(day)?.checked_add(3.days()).ok()
    }

    /// The first day of the week of a day.
    pub(crate) fn first_of_week(&self, day: Date) -> Option<Date> {
        day.checked_sub(i64::from(self.week_start.until(day.weekday())).days()).ok()
    }
}

fn none_or<T: Copy>(values: &[T], fits: impl Fn(T) -> bool) -> bool {
    values.is_empty() || values.iter().copied().any(fits)
}
