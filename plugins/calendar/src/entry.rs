//! Entries of a calendar as results.

use jiff::Timestamp;
use tandem_sdk::output;
use tandem_zoned::{moment, zones};

use crate::{
    clock::{Clock, Settled},
    item::{Item, Kind, Person, Stamp},
    slots::{Occurrence, Slot},
    values::When,
};

/// What an entry is.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EntryKind {
    /// A VEVENT.
    Event,
    /// A VTODO.
    Todo,
}

/// Somebody who organizes or attends.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Attendee {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The mail address, or another URI.
    address: String,
    /// The answer, as `accepted`, `declined`, `tentative` or `needs-action`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

/// An event or to-do; of a series, one occurrence.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Event or to-do.
    kind: EntryKind,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) summary: Option<String>,
    /// When it begins, with offset (RFC 3339), as `2026-12-08T09:00:00+01:00`; of whole days the day, as `2026-12-08`. Absent for a
    /// to-do of no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<String>,
    /// When it ends; of whole days the first day after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<String>,
    /// Whether it is of whole days.
    pub(crate) all_day: bool,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    /// Its status, as `confirmed`, `tentative`, `cancelled`, `needs-action` or `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
    /// Its own time zone, where that is not the zone of this result.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// Its UID, which all occurrences of a series share.
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    /// Of an occurrence of a series: where it was before any change of it, which names it (RECURRENCE-ID).
    #[serde(skip_serializing_if = "Option::is_none")]
    recurrence_id: Option<String>,
    /// Whether it is an occurrence that was changed by itself.
    #[serde(skip_serializing_if = "is_false")]
    changed: bool,
    /// The rules of its series (RRULE), where series are not expanded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<String>,
    /// When a to-do was completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed: Option<String>,
    /// How much of a to-do is done, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
    /// 1 (highest) to 9; 0 is undefined.
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u8>,
    /// The description, its first 2000 characters; with `details`.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// A link; with `details`.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Categories; with `details`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
    /// Who organizes it; with `details`.
    #[serde(skip_serializing_if = "Option::is_none")]
    organizer: Option<Attendee>,
    /// Who attends, at most 20; with `details`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attendees: Vec<Attendee>,
    /// How many further attendees there are; with `details`.
    #[serde(skip_serializing_if = "Option::is_none")]
    more_attendees: Option<u64>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// How entries are written.
pub(crate) struct Writer<'a> {
    pub(crate) clock: &'a Clock,
    pub(crate) details: bool,
    /// Whether rules are given, since series are not expanded.
    pub(crate) rules: bool,
}

impl Writer<'_> {
    pub(crate) fn entry(&self, item: &Item, occurrence: &Occurrence) -> Entry {
        let (start, end) = match occurrence.slot {
            Slot::Days(first, end) => (Some(first.to_string()), Some(end.to_string())),
            Slot::Times(start, end) => (Some(self.time(start)), (start != end).then(|| self.time(end))),
            Slot::None => (None, None),
        };
        let all_day = matches!(occurrence.slot, Slot::Days(..));
        let mut entry = Entry {
            kind: if item.kind == Kind::Event { EntryKind::Event } else { EntryKind::Todo },
            summary: item.summary.clone(),
            start,
            end,
            all_day,
            location: item.location.clone(),
            status: item.status.clone(),
            zone: item.start.and_then(|start| self.own_zone(start)),
            uid: Some(item.uid.clone()).filter(|uid| !uid.is_empty()),
            recurrence_id: occurrence.original.map(|at| if all_day { day(at) } else { self.time(at) }),
            changed: item.recurrence_id.is_some(),
            rules: if self.rules { item.rules.clone() } else { Vec::new() },
            completed: item.completed.and_then(|at| self.stamp(at)),
            percent: item.percent,
            priority: item.priority,
            description: None,
            url: None,
            categories: Vec::new(),
            organizer: None,
            attendees: Vec::new(),
            more_attendees: None,
        };
        if self.details {
            let details = item.details.clone();
            entry.description = details.description;
            entry.url = details.url;
            entry.categories = details.categories;
            entry.organizer = details.organizer.map(attendee);
            entry.attendees = details.attendees.into_iter().map(attendee).collect();
            entry.more_attendees = Some(details.attendees_left_out).filter(|more| *more > 0);
        }
        entry
    }

    fn own_zone(&self, start: Stamp) -> Option<String> {
        if !matches!(start.when, When::Local(_)) {
            return None;
        }
        let zone = self.clock.zone_of(start);
        (zone != self.clock.zone).then(|| zones::name(&zone)).filter(|name| name != "unknown")
    }

    fn time(&self, at: Timestamp) -> String {
        moment::time(&at.to_zoned(self.clock.zone.clone()))
    }

    fn stamp(&self, stamp: Stamp) -> Option<String> {
        Some(match self.clock.settle(stamp)? {
            Settled::Day(day) => day.to_string(),
            Settled::At(at) => self.time(at),
        })
    }
}

/// A moment that stands for a day.
fn day(at: Timestamp) -> String {
    Clock::local(at, &jiff::tz::TimeZone::UTC).date().to_string()
}

fn attendee(person: Person) -> Attendee {
    Attendee { name: person.name, address: person.address, status: person.status }
}
