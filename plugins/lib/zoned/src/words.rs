//! Dates with English names of months, and what texts in words should have been.

use jiff::{
    civil::{DateTime, Time},
    fmt::strtime,
    tz::TimeZone,
};
use tandem_sdk::Error;

use crate::{
    abbreviations::of_abbreviation,
    reading::{Reading, refused},
};

/// Orders of day, month and year, after the text has lost its commas, ordinals and the day of the week.
const DATES: [&str; 4] = ["%d %b %Y", "%b %d %Y", "%d-%b-%Y", "%Y %b %d"];
/// Times after the date, or nothing.
const TIMES: [&str; 5] = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I %p"];
/// Names of months, by which abbreviations are known too.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// Words for days that only a calendar and a clock can resolve.
const RELATIVE: [&str; 11] =
    ["today", "tomorrow", "yesterday", "next", "last", "ago", "in", "this", "tonight", "noon", "midnight"];

/// A date with the English name of its month.
pub fn date(text: &str) -> Option<Reading> {
    let tidy = tidy(text);
    // What `date` prints: the year after the time and UTC.
    if let Ok(parsed) = strtime::parse("%b %d %H:%M:%S UTC %Y", &tidy) {
        return Some(Reading::Instant(parsed.to_datetime().ok()?.to_zoned(TimeZone::UTC).ok()?));
    }
    let (local_text, utc) = match tidy.strip_suffix(" UTC").or_else(|| tidy.strip_suffix(" GMT")) {
        Some(rest) => (rest, true),
        None => (tidy.as_str(), false),
    };
    let (local, day) = local(local_text)?;
    Some(match (utc, day) {
        (true, _) => Reading::Instant(local.to_zoned(TimeZone::UTC).ok()?),
        (false, true) => Reading::Day(local),
        (false, false) => Reading::Local(local),
    })
}

/// The local time of a tidy text, and whether it is a day without time.
fn local(text: &str) -> Option<(DateTime, bool)> {
    for date in DATES {
        for time in TIMES {
            let Ok(parsed) = strtime::parse(format!("{date}{time}"), text) else { continue };
            // `%Y` reads fewer digits than four; such a year is a two-digit one.
            if !(1000..=9999).contains(&parsed.year()?) {
                return None;
            }
            let day = parsed.to_date().ok()?;
            let time = if time.is_empty() { Time::midnight() } else { parsed.to_time().ok()? };
            return Some((day.to_datetime(time), time_is_empty(text)));
        }
    }
    None
}

fn time_is_empty(text: &str) -> bool {
    !text.contains(':') && !text.to_ascii_lowercase().ends_with('m')
}

/// Without commas, `at`, ordinals and the day of the week; `3pm` as `3 pm`.
fn tidy(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.replace(',', " ").split_whitespace() {
        let lower = word.to_ascii_lowercase();
        let stem = ["st", "nd", "rd", "th"].into_iter().find_map(|suffix| lower.strip_suffix(suffix));
        let meridiem = ["am", "pm"].into_iter().find_map(|suffix| Some((lower.strip_suffix(suffix)?, suffix)));
        match (stem, meridiem) {
            (Some(number), _) if number.parse::<u8>().is_ok() => words.push(number.to_owned()),
            (_, Some((time, meridiem))) if time.starts_with(|c: char| c.is_ascii_digit()) => {
                words.extend([time.to_owned(), meridiem.to_owned()]);
            }
            _ if lower == "at" || lower == "of" || words.is_empty() && is_weekday(&lower) => {}
            _ => words.push(month(&lower).unwrap_or(word).to_owned()),
        }
    }
    words.join(" ")
}

/// The first three letters of a month's name, which may be written out or with a full stop.
fn month(word: &str) -> Option<&'static str> {
    let stem = word.trim_end_matches('.');
    MONTHS.iter().find(|name| stem.len() >= 3 && name.starts_with(stem)).and_then(|name| name.get(..3))
}

fn is_weekday(word: &str) -> bool {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().any(|day| word.starts_with(day))
        && !word.contains(|c: char| !c.is_ascii_alphabetic())
}

/// What a text in words should have been, if it is of a kind that is known.
pub fn refuse(argument: &str, text: &str) -> Option<Error> {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    if words.iter().any(|word| RELATIVE.contains(word)) {
        let right = "relative words are not read: call `time_now`, or `time_add` with `time` = `now` and a `duration` as `3 days`";
        return Some(refused(argument, text, right));
    }
    let last = text.rsplit(' ').next()?;
    if let Some(zones) = of_abbreviation(last).filter(|_| last != text) {
        let zone = zones.first().copied().unwrap_or("UTC");
        let rest = text.trim_end_matches(last).trim_end();
        let right = format!(
            "`{last}` is an abbreviation that may mean {}: write an offset as `-05:00`, or `{rest}[{zone}]`",
            zones.join(" or ")
        );
        return Some(refused(argument, text, &right));
    }
    if ["am", "pm"].iter().any(|suffix| lower.ends_with(suffix)) {
        return Some(refused(
            argument,
            text,
            "a time has 24 hours, as `15:30`; before it stands a day, as `2026-12-02T15:30`",
        ));
    }
    None
}
