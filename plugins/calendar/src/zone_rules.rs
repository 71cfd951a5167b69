//! Time zones of a file. Those that the IANA database has follow it, whatever the file says of them; others follow their
//! VTIMEZONE, where that is of the usual form: one yearly change each way.

use jiff::{
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use tandem_zoned::{read, zones};

use crate::{
    issues::Issues,
    limits::MAX_SHORT_CHARS,
    line::Line,
    values::{self, When},
};

/// Years from which a VTIMEZONE may have its offsets: older ones are history.
const SINCE: i16 = 1970;

/// A VTIMEZONE.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) line: u64,
    pub(crate) id: String,
    location: Option<String>,
    standard: Option<Observance>,
    daylight: Option<Observance>,
}

/// A STANDARD or DAYLIGHT.
#[derive(Debug)]
pub(crate) struct Observance {
    daylight: bool,
    onset: Option<DateTime>,
    offset: Option<Offset>,
    rule: Option<String>,
}

impl Definition {
    pub(crate) fn new(line: u64) -> Self {
        Self { line, id: String::new(), location: None, standard: None, daylight: None }
    }

    pub(crate) fn set(&mut self, line: &Line) {
        let value = || values::clipped(line.value.trim(), MAX_SHORT_CHARS);
        match line.name.as_str() {
            "TZID" => self.id = values::clipped(line.value.trim(), 100),
            "X-LIC-LOCATION" => self.location = Some(value()),
            _ => {}
        }
    }

    /// Keeps the latest of each kind.
    pub(crate) fn add(&mut self, observance: Observance) {
        let kept = if observance.daylight { &mut self.daylight } else { &mut self.standard };
        if kept.as_ref().is_none_or(|known| known.onset <= observance.onset) {
            *kept = Some(observance);
        }
    }

    /// The zone that it defines.
    fn zone(&self) -> Option<TimeZone> {
        let offset = |observance: &Option<Observance>| observance.as_ref().and_then(|known| known.offset);
        match (offset(&self.standard), offset(&self.daylight)) {
            (Some(standard), None) => Some(TimeZone::fixed(standard)),
            (Some(standard), Some(daylight)) => {
                let (begins, ends) = (self.daylight.as_ref()?.change()?, self.standard.as_ref()?.change()?);
                let posix = format!("<STD>{}<DST>{},{begins},{ends}", posix(standard), posix(daylight));
                TimeZone::posix(&posix).ok()
            }
            _ => None,
        }
    }

    /// The offset that the zone `real` never has, if it says one.
    fn lie(&self, real: &TimeZone) -> Option<Offset> {
        let this_year = read::now().year();
        let offsets: Vec<Offset> = (SINCE..=this_year)
            .flat_map(|year| [1, 7].map(|month| (year, month)))
            .filter_map(|(year, month)| real.to_timestamp(jiff::civil::datetime(year, month, 15, 0, 0, 0, 0)).ok())
            .map(|at| real.to_offset(at))
            .collect();
        let said = [&self.standard, &self.daylight].into_iter().flatten().filter_map(|observance| observance.offset);
        said.into_iter().find(|offset| !offsets.contains(offset))
    }
}

impl Observance {
    pub(crate) fn new(daylight: bool) -> Self {
        Self { daylight, onset: None, offset: None, rule: None }
    }

    pub(crate) fn set(&mut self, line: &Line) {
        match line.name.as_str() {
            "DTSTART" => {
                self.onset = match values::when(&line.value) {
                    Some(When::Local(at)) => Some(at),
                    _ => None,
                };
            }
            "TZOFFSETTO" => self.offset = values::offset(&line.value),
            "RRULE" => self.rule = Some(values::clipped(&line.value.trim().to_ascii_uppercase(), MAX_SHORT_CHARS)),
            _ => {}
        }
    }

    /// When it begins in each year, as POSIX writes it: `M3.5.0/2:00:00`.
    fn change(&self) -> Option<String> {
        let part = |name: &str| {
            let parts = self.rule.as_deref()?.split(';');
            parts.filter_map(|part| part.split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        let plain = ["BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "UNTIL", "COUNT"];
        if part("FREQ")? != "YEARLY" || plain.into_iter().any(|name| part(name).is_some()) {
            return None;
        }
        let (onset, day) = (self.onset?, part("BYDAY")?);
        let month: i8 = part("BYMONTH")?.parse().ok().filter(|month| (1..=12).contains(month))?;
        let (number, name) = day.split_at_checked(day.len().checked_sub(2)?)?;
        let week = match number {
            "-1" => 5,
            other => other.trim_start_matches('+').parse::<i8>().ok().filter(|week| (1..=4).contains(week))?,
        };
        let weekday = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"].into_iter().position(|known| known == name)?;
        Some(format!("M{month}.{week}.{weekday}/{}:{:02}:{:02}", onset.hour(), onset.minute(), onset.second()))
    }
}

/// POSIX counts west of Greenwich.
fn posix(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds > 0 { "-" } else { "" };
    format!("{sign}{}:{:02}:{:02}", seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60)
}

/// The zones of a calendar's TZIDs, in their order; none where a TZID says nothing that is known.
pub(crate) fn resolve(ids: &[String], definitions: &[Definition], issues: &mut Issues) -> Vec<Option<TimeZone>> {
    ids.iter().map(|id| one(id, definitions, issues)).collect()
}

fn one(id: &str, definitions: &[Definition], issues: &mut Issues) -> Option<TimeZone> {
    let definition = definitions.iter().find(|definition| definition.id == id);
    let location = definition.and_then(|definition| definition.location.as_deref());
    if let Some(zone) = known(id).or_else(|| known(location?)) {
        if let Some((definition, offset)) = definition.and_then(|known| Some((known, known.lie(&zone)?))) {
            issues.add(
                definition.line,
                format!(
                    "VTIMEZONE `{id}` says {}, which {} never had since {SINCE}: the IANA database was followed",
                    zones::written(offset),
                    zones::name(&zone)
                ),
            );
        }
        return Some(zone);
    }
    let zone = definition.and_then(Definition::zone);
    match (&zone, definition) {
        (Some(_), Some(_)) => {}
        (_, Some(definition)) => issues.add(
            definition.line,
            format!("TZID `{id}` is in no database, and its VTIMEZONE is not of one yearly change each way: its times were read as local times of the result's zone"),
        ),
        (_, None) => issues.say(format!(
            "TZID `{id}` is in no database, and the file has no VTIMEZONE for it: its times were read as local times of the result's zone"
        )),
    }
    zone
}

/// The zone of a name, or of the end of one, as in `/mozilla.org/20050126_1/Europe/Paris`.
fn known(id: &str) -> Option<TimeZone> {
    if id.eq_ignore_ascii_case("UTC") {
        return Some(TimeZone::UTC);
    }
    if let Some(zone) = zones::named(id.trim_start_matches('/')) {
        return Some(zone);
    }
    let mut rest = id.strip_prefix('/')?;
    while let Some((_, after)) = rest.split_once('/') {
        if let Some(zone) = zones::named(after) {
            return Some(zone);
        }
        rest = after;
    }
    None
}
