//! Events and to-dos, as their properties say.

use crate::{
    issues::Issues,
    limits::{MAX_ATTENDEES, MAX_DATES, MAX_LONG_CHARS, MAX_RULES, MAX_SHORT_CHARS, MAX_ZONES},
    line::Line,
    values::{self, Length, When},
};

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    Todo,
}

/// A time, with the place of its TZID in the calendar's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    pub(crate) when: When,
    pub(crate) zone: Option<usize>,
}

/// An RDATE, perhaps a period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extra {
    pub(crate) start: Stamp,
    pub(crate) end: Option<Stamp>,
    pub(crate) length: Option<Length>,
}

/// Somebody.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: Option<String>,
    pub(crate) address: String,
    pub(crate) status: Option<String>,
}

/// What only detailed results have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Details {
    pub(crate) description: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) organizer: Option<Person>,
    pub(crate) attendees: Vec<Person>,
    pub(crate) attendees_left_out: u64,
}

/// A VEVENT or VTODO.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) line: u64,
    pub(crate) uid: String,
    pub(crate) sequence: i64,
    pub(crate) summary: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) start: Option<Stamp>,
    /// DTEND or DUE.
    pub(crate) end: Option<Stamp>,
    pub(crate) length: Option<Length>,
    pub(crate) completed: Option<Stamp>,
    pub(crate) percent: Option<u8>,
    pub(crate) priority: Option<u8>,
    pub(crate) rules: Vec<String>,
    pub(crate) extra: Vec<Extra>,
    pub(crate) except: Vec<Stamp>,
    pub(crate) recurrence_id: Option<Stamp>,
    pub(crate) and_future: bool,
    pub(crate) details: Details,
}

/// The TZIDs that a calendar names.
pub(crate) type ZoneIds = Vec<String>;

impl Item {
    pub(crate) fn new(kind: Kind, line: u64) -> Self {
        Self {
            kind,
            line,
            uid: String::new(),
            sequence: 0,
            summary: None,
            location: None,
            status: None,
            start: None,
            end: None,
            length: None,
            completed: None,
            percent: None,
            priority: None,
            rules: Vec::new(),
            extra: Vec::new(),
            except: Vec::new(),
            recurrence_id: None,
            and_future: false,
            details: Details::default(),
        }
    }

    /// Whether it stands for more than one occurrence.
    pub(crate) fn recurs(&self) -> bool {
        !self.rules.is_empty() || !self.extra.is_empty()
    }

    /// Takes a property.
    pub(crate) fn set(&mut self, line: &Line, zones: &mut ZoneIds, issues: &mut Issues) {
        if line.cut && matches!(line.name.as_str(), "RRULE" | "RDATE" | "EXDATE") {
            issues.add(line.number, format!("{} is longer than 64 KiB; what is behind was left out", line.name));
        }
        if let Err(why) = self.take(line, zones, issues) {
            issues.add(line.number, format!("{}: {why}; the line was left out", line.name));
        }
    }

    fn take(&mut self, line: &Line, zones: &mut ZoneIds, issues: &mut Issues) -> Result<(), String> {
        let value = line.value.as_str();
        match line.name.as_str() {
            "UID" => self.uid = values::clipped(values::text(value).trim(), MAX_SHORT_CHARS),
            "SEQUENCE" => {
                self.sequence = value.trim().parse().map_err(|_| format!("`{}` is no number", short(value)))?
            }
            "SUMMARY" => self.summary = text(value, MAX_SHORT_CHARS),
            "LOCATION" => self.location = text(value, MAX_SHORT_CHARS),
            "STATUS" => self.status = Some(values::clipped(&value.trim().to_ascii_lowercase(), 40)),
            "DTSTART" => self.start = Some(stamp(line, value, zones)?),
            "DTEND" | "DUE" => self.end = Some(stamp(line, value, zones)?),
            "DURATION" => {
                self.length =
                    Some(values::duration(value).ok_or_else(|| {
                        format!("`{}` is no duration of at most 100 years, as `PT1H30M`", short(value))
                    })?);
            }
            "COMPLETED" => self.completed = Some(stamp(line, value, zones)?),
            "PERCENT-COMPLETE" => self.percent = value.trim().parse().ok().filter(|percent| *percent <= 100),
            "PRIORITY" => self.priority = value.trim().parse().ok().filter(|priority| *priority <= 9),
            "RRULE" if self.rules.len() >= MAX_RULES => return Err(format!("there are more than {MAX_RULES}")),
            "RRULE" => self.rules.push(value.trim().to_owned()),
            "RDATE" => self.add(line, issues, |item, one| extra(line, one, zones).map(|extra| item.extra.push(extra))),
            "EXDATE" => {
                self.add(line, issues, |item, one| stamp(line, one, zones).map(|stamp| item.except.push(stamp)))
            }
            "EXRULE" => return Err("it is of RFC 2445 and not applied: occurrences may be too many".to_owned()),
            "RECURRENCE-ID" => {
                self.recurrence_id = Some(stamp(line, value, zones)?);
                self.and_future =
                    line.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"));
            }
            _ => self.detail(line),
        }
        Ok(())
    }

    /// Takes each date of a list.
    fn add(&mut self, line: &Line, issues: &mut Issues, mut take: impl FnMut(&mut Self, &str) -> Result<(), String>) {
        for one in line.value.split(',') {
            if self.extra.len() + self.except.len() >= MAX_DATES {
                issues.add(
                    line.number,
                    format!("more than {MAX_DATES} dates of RDATE and EXDATE; the rest was left out"),
                );
                return;
            }
            if let Err(why) = take(self, one) {
                issues.add(line.number, format!("{}: {why}; it was left out", line.name));
            }
        }
    }

    fn detail(&mut self, line: &Line) {
        let (details, value) = (&mut self.details, line.value.as_str());
        match line.name.as_str() {
            "DESCRIPTION" => details.description = text(value, MAX_LONG_CHARS),
            "URL" => details.url = Some(values::clipped(value.trim(), MAX_SHORT_CHARS)),
            "CATEGORIES" if details.categories.len() < MAX_ATTENDEES => {
                let more = values::texts(value).into_iter().map(|category| values::clipped(&category, 100));
                details.categories.extend(more.take(MAX_ATTENDEES));
            }
            "ORGANIZER" => details.organizer = Some(person(line)),
            "ATTENDEE" if details.attendees.len() >= MAX_ATTENDEES => details.attendees_left_out += 1,
            "ATTENDEE" => details.attendees.push(person(line)),
            _ => {}
        }
    }
}

fn text(value: &str, most: usize) -> Option<String> {
    // Escapes make text shorter, never longer.
    Some(values::clipped(&values::text(value), most)).filter(|text| !text.trim().is_empty())
}

/// What an error quotes.
pub(crate) fn short(value: &str) -> String {
    values::clipped(value.trim(), 40)
}

/// The time of a value, which may have a TZID.
pub(crate) fn stamp(line: &Line, value: &str, zones: &mut ZoneIds) -> Result<Stamp, String> {
    let when = values::when(value).ok_or_else(|| {
        format!("`{}` is no date or time: `20261208`, `20261208T090000` or `20261208T090000Z`", short(value))
    })?;
    let named = line.parameter("TZID").filter(|_| matches!(when, When::Local(_)));
    let zone = named.map(|id| intern(id, zones)).transpose()?;
    Ok(Stamp { when, zone })
}

fn intern(id: &str, zones: &mut ZoneIds) -> Result<usize, String> {
    let id = values::clipped(id.trim(), 100);
    if let Some(at) = zones.iter().position(|known| *known == id) {
        return Ok(at);
    }
    if zones.len() >= MAX_ZONES {
        return Err(format!("the file names more than {MAX_ZONES} time zones"));
    }
    zones.push(id);
    Ok(zones.len() - 1)
}

fn extra(line: &Line, value: &str, zones: &mut ZoneIds) -> Result<Extra, String> {
    let Some((start, end)) = value.split_once('/') else {
        return Ok(Extra { start: stamp(line, value, zones)?, end: None, length: None });
    };
    let start = stamp(line, start, zones)?;
    if let Some(length) = values::duration(end) {
        return Ok(Extra { start, end: None, length: Some(length) });
    }
    Ok(Extra { start, end: Some(stamp(line, end, zones)?), length: None })
}

fn person(line: &Line) -> Person {
    let address = line.value.trim();
    let plain = address.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")).and(address.get(7..));
    Person {
        name: line.parameter("CN").map(|name| values::clipped(name.trim(), 100)).filter(|name| !name.is_empty()),
        address: values::clipped(plain.unwrap_or(address), 200),
        status: line.parameter("PARTSTAT").map(|status| values::clipped(&status.to_ascii_lowercase(), 40)),
    }
}
