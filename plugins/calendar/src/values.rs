//! Values of properties: dates, times, durations, offsets and text.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};

use crate::limits::MAX_DURATION_DAYS;

/// A day, a local time, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum When {
    Day(Date),
    Local(DateTime),
    Utc(Timestamp),
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{}", day.strftime("%Y%m%d")),
            Self::Local(at) => write!(f, "{}", at.strftime("%Y%m%dT%H%M%S")),
            Self::Utc(at) => write!(f, "{}", at.strftime("%Y%m%dT%H%M%SZ")),
        }
    }
}

/// How long something lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Length {
    /// On the calendar.
    pub(crate) days: i64,
    /// On the time line.
    pub(crate) seconds: i64,
}

impl Length {
    /// Roughly, in seconds.
    pub(crate) fn roughly(self) -> i64 {
        self.days * 86_400 + self.seconds
    }

    /// Not less than nothing, and of whole days not less than one.
    pub(crate) fn at_least(self, days: bool) -> Self {
        match days {
            true => Self { days: self.days.max(1), seconds: 0 },
            false if self.roughly() < 0 => Self::default(),
            false => self,
        }
    }
}

/// `20261208`, `20261208T090000` or `20261208T080000Z`.
pub(crate) fn when(text: &str) -> Option<When> {
    let text = text.trim();
    let (date, time) = text.split_once(['T', 't']).map_or((text, None), |(date, time)| (date, Some(time)));
    let date = self::date(date)?;
    let Some(time) = time else { return Some(When::Day(date)) };
    let (time, utc) = time.strip_suffix(['Z', 'z']).map_or((time, false), |time| (time, true));
    let local = date.to_datetime(self::time(time)?);
    Some(if utc { When::Utc(TimeZone::UTC.to_timestamp(local).ok()?) } else { When::Local(local) })
}

fn date(text: &str) -> Option<Date> {
    let [year, month, day] = numbers(text, [4, 2, 2])?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// A second of 60 is read as 59.
fn time(text: &str) -> Option<Time> {
    let [hour, minute, second] = numbers(text, [2, 2, 2])?;
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second.min(59)).ok()?, 0).ok()
}

/// Three numbers of so many digits each, and nothing else.
fn numbers(text: &str, digits: [usize; 3]) -> Option<[i16; 3]> {
    let [first, second, third] = digits;
    if text.len() != first + second + third || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (a, rest) = text.split_at_checked(first)?;
    let (b, c) = rest.split_at_checked(second)?;
    Some([a.parse().ok()?, b.parse().ok()?, c.parse().ok()?])
}

/// `PT1H30M`, `P1D`, `-P2W`.
pub(crate) fn duration(text: &str) -> Option<Length> {
    let text = text.trim().to_ascii_uppercase();
    let (sign, text) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text.as_str()),
    };
    let (mut length, mut number, mut in_time, mut any) = (Length::default(), None::<i64>, false, false);
    for c in text.strip_prefix('P')?.chars() {
        if let Some(digit) = c.to_digit(10) {
            let longer = number.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(digit))?;
            number = Some(longer).filter(|number| *number <= MAX_DURATION_DAYS * 86_400);
            number?;
            continue;
        }
        if c == 'T' && !in_time && number.is_none() {
            in_time = true;
            continue;
        }
        let n = number.take()?;
        match (in_time, c) {
            (false, 'W') => length.days += n * 7,
            (false, 'D') => length.days += n,
            (true, 'H') => length.seconds += n * 3600,
            (true, 'M') => length.seconds += n * 60,
            (true, 'S') => length.seconds += n,
            _ => return None,
        }
        any = true;
    }
    let within = length.roughly() / 86_400 <= MAX_DURATION_DAYS;
    (any && number.is_none() && within).then_some(Length { days: sign * length.days, seconds: sign * length.seconds })
}

/// `+0100`, `-033000`.
pub(crate) fn offset(text: &str) -> Option<Offset> {
    let text = text.trim();
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text.get(1..)?;
    let padded = if digits.len() == 4 { format!("{digits}00") } else { digits.to_owned() };
    let [hours, minutes, seconds] = numbers(&padded, [2, 2, 2])?;
    Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60 + i32::from(seconds))).ok()
}

/// Text without its escapes.
pub(crate) fn text(value: &str) -> String {
    if !value.contains('\\') {
        return value.to_owned();
    }
    let (mut plain, mut escaped) = (String::with_capacity(value.len()), false);
    for c in value.chars() {
        match (escaped, c) {
            (false, '\\') => {
                escaped = true;
                continue;
            }
            (true, 'n' | 'N') => plain.push('\n'),
            (_, other) => plain.push(other),
        }
        escaped = false;
    }
    plain
}

/// The first characters of a text.
pub(crate) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A list of texts, as CATEGORIES has it: `,` between them, and `\,` in them.
pub(crate) fn texts(value: &str) -> Vec<String> {
    let (mut texts, mut begin, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in value.char_indices() {
        if c == ',' && !escaped {
            texts.push(text(value.get(begin..at).unwrap_or_default()));
            begin = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    texts.push(text(value.get(begin..).unwrap_or_default()));
    texts.retain(|text| !text.trim().is_empty());
    texts
}
