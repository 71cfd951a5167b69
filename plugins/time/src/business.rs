//! Working days: Monday to Friday without holidays.

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

/// Whether a day is a working day. `holidays` is sorted.
fn works(day: Date, holidays: &[Date]) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && holidays.binary_search(&day).is_err()
}

/// The day that is so many working days after (or, negative, before) another.
pub(crate) fn add(from: Date, count: i32, holidays: &[Date]) -> Option<Date> {
    let step = if count < 0 { -1.days() } else { 1.days() };
    let mut day = from;
    let mut left = count.unsigned_abs();
    while left > 0 {
        day = day.checked_add(step).ok()?;
        if works(day, holidays) {
            left -= 1;
        }
    }
    Some(day)
}

/// How many working days there are from one day, itself included, to another, itself not; negative where that is
/// before.
pub(crate) fn between(from: Date, to: Date, holidays: &[Date]) -> i64 {
    if to < from {
        return -between(to, from, holidays);
    }
    let on_week = holidays.iter().filter(|day| **day >= from && **day < to && works(**day, &[])).count();
    let on_week = i64::try_from(on_week).unwrap_or(i64::MAX);
    weekdays_before(to) - weekdays_before(from) - on_week
}

/// Mondays to Fridays from 0001-01-01, a Monday, to a day: their difference is what counts.
fn weekdays_before(day: Date) -> i64 {
    let days = i64::from((day - Date::constant(1, 1, 1)).get_days());
    let (weeks, rest) = (days.div_euclid(7), days.rem_euclid(7));
    weeks * 5 + rest.min(5)
}
