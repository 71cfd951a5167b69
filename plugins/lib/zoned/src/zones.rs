//! Time zones by name.

use jiff::tz::{self, Offset, TimeZone};
use tandem_sdk::{Error, Result};

use crate::{
    abbreviations::{of_abbreviation, of_windows},
    limits::{MAX_SUGGESTIONS, MAX_ZONE_BYTES},
};

/// Below this likeness (normalized Damerau-Levenshtein) a name is no misspelling of another.
const LEAST_LIKENESS: f64 = 0.7;

/// The zone of an IANA name, a Windows name or an offset as `+05:30`; `argument` stands in the error.
pub fn find(argument: &str, name: &str) -> Result<TimeZone> {
    let name = name.trim();
    if name.is_empty() || name.len() > MAX_ZONE_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`{argument}` has 1 to {MAX_ZONE_BYTES} bytes: an IANA name as `Europe/Paris`"
        )));
    }
    if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("z") {
        return Ok(TimeZone::UTC);
    }
    if let Some(offset) = offset(name) {
        return Ok(TimeZone::fixed(offset));
    }
    if let Some(zones) = of_abbreviation(name) {
        return Err(Error::invalid_arguments(format!(
            "`{argument}`: `{name}` is an abbreviation and no zone; give the IANA name, as {}, or an offset as `-05:00`",
            listed(zones.iter().copied())
        )));
    }
    named(name).ok_or_else(|| unknown(argument, name))
}

/// The zone of an IANA name or a Windows name, without what an error would say.
pub fn named(name: &str) -> Option<TimeZone> {
    let known = TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some_and(|name| name != "Etc/Unknown"));
    known.or_else(|| TimeZone::get(of_windows(name)?).ok())
}

/// The zone of an argument that may be missing: `UTC` then.
pub fn find_or_utc(argument: &str, name: Option<&str>) -> Result<TimeZone> {
    name.map_or(Ok(TimeZone::UTC), |name| find(argument, name))
}

/// The name of a zone: the IANA name as the database writes it, or its fixed offset.
pub fn name(zone: &TimeZone) -> String {
    if *zone == TimeZone::UTC {
        return "UTC".to_owned();
    }
    let fixed = || zone.to_fixed_offset().map(written).unwrap_or_else(|_| "unknown".to_owned());
    zone.iana_name().map_or_else(fixed, str::to_owned)
}

/// An offset as RFC 3339 writes it, with seconds only where it has some.
pub fn written(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, rest) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let tail = if rest == 0 { String::new() } else { format!(":{rest:02}") };
    format!("{sign}{hours:02}:{minutes:02}{tail}")
}

/// `+05:30`, `-0800` or `+02`.
fn offset(name: &str) -> Option<Offset> {
    let sign = match name.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = name.get(1..)?.replacen(':', "", 1);
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..).filter(|rest| !rest.is_empty()).map_or(Some(0), |rest| rest.parse().ok())?;
    // No zone was ever farther from UTC than this.
    if hours > 15 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn unknown(argument: &str, name: &str) -> Error {
    let near = nearest(name);
    let hint = match near.as_slice() {
        [] => "give an IANA name as `Europe/Paris`, `UTC`, or an offset as `+05:30`".to_owned(),
        near => format!("did you mean {}?", listed(near.iter().map(String::as_str))),
    };
    Error::invalid_arguments(format!("`{argument}`: there is no time zone `{name}`; {hint}"))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

/// The zones whose names are most like `name`, whose city may stand alone.
fn nearest(name: &str) -> Vec<String> {
    let wanted = name.to_lowercase().replace(' ', "_");
    let mut scored: Vec<(f64, String)> = tz::db()
        .available()
        .filter_map(|zone| {
            let known = zone.as_str().to_lowercase();
            let city = known.rsplit('/').next().unwrap_or(&known);
            let whole = strsim::normalized_damerau_levenshtein(&wanted, &known);
            // A city that is spelt right comes before a name that is spelt nearly right.
            let part = if wanted == city { 2.0 } else { strsim::normalized_damerau_levenshtein(&wanted, city) };
            let best = whole.max(part);
            (best >= LEAST_LIKENESS).then(|| (best, zone.as_str().to_owned()))
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.into_iter().take(MAX_SUGGESTIONS).map(|(_, name)| name).collect()
}
