//! Events as lines of a calendar.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};
use tandem_sdk::{Error, Result};
use tandem_zoned::{
    occurrences::{Occurrences, Step},
    rule::{self, End},
    zones,
};

use crate::{
    limits::{MAX_LIST, MAX_LONG_BYTES, MAX_SHORT_BYTES},
    new_event::{Contact, NewEvent, Status},
    out::{Out, checked, escaped, plain, quoted},
    written::{Written, local, span, utc},
};

/// Bytes of a mail address (RFC 5321).
const MAX_ADDRESS_BYTES: usize = 254;

/// An event that was written.
#[derive(Debug)]
pub(crate) struct Composed {
    pub(crate) uid: String,
    /// Which occurrence of its series it replaces, as the file says it.
    pub(crate) recurrence_id: Option<String>,
    pub(crate) start: Written,
    pub(crate) lines: Out,
    /// What a caller should know.
    pub(crate) note: Option<String>,
}

/// One event of a call.
struct Composer<'a> {
    event: &'a NewEvent,
    place: String,
    zone: Option<TimeZone>,
    out: Out,
}

/// Writes an event; `place` is its name in errors, as `events[0]`.
pub(crate) fn event(event: &NewEvent, place: String, zone: Option<&TimeZone>, now: Timestamp) -> Result<Composed> {
    let own = event.zone.as_deref().map(|name| zones::find(&format!("{place}.zone"), name)).transpose()?;
    let zone = own.or_else(|| zone.cloned());
    Composer { event, place, zone, out: Out::default() }.compose(now)
}

impl Composer<'_> {
    fn at(&self, field: &str) -> String {
        format!("{}.{field}", self.place)
    }

    fn wrong(&self, field: &str, why: impl std::fmt::Display) -> Error {
        Error::invalid_arguments(format!("`{}`: {why}", self.at(field)))
    }

    fn compose(mut self, now: Timestamp) -> Result<Composed> {
        let event = self.event;
        let start = Written::read(&self.at("start"), &event.start, self.zone.as_ref())?;
        let end = self.end(&start)?;
        let uid = self.uid(&start)?;
        self.out.line("BEGIN", "VEVENT");
        self.out.text("UID", &uid);
        self.out.line("DTSTAMP", &utc(now));
        let recurrence_id = self.replaced(&start)?;
        self.out.line(&start.name("DTSTART"), &start.value());
        self.out.line(&end.name("DTEND"), &end.value());
        if event.sequence > 0 {
            self.out.line("SEQUENCE", &event.sequence.to_string());
        }
        let note = self.recurrence(&start)?;
        self.texts()?;
        self.people()?;
        self.reminders()?;
        self.out.line("END", "VEVENT");
        Ok(Composed { uid, recurrence_id, start, lines: self.out, note })
    }

    fn end(&self, start: &Written) -> Result<Written> {
        let end = match (self.event.end.as_deref(), self.event.duration.as_deref()) {
            (Some(_), Some(_)) => return Err(self.wrong("end", "give either `end` or `duration`")),
            (Some(end), None) => match (start, Written::read(&self.at("end"), end, start.zone().as_ref())?) {
                (Written::Local(_) | Written::Utc(_), Written::Day(_)) => {
                    return Err(self.wrong("end", "`start` has a time, so give a time, as `2026-12-08T10:00`"));
                }
                _ => start.alike(&self.at("end"), end, self.zone.as_ref())?,
            },
            (None, Some(duration)) => {
                let field = self.at("duration");
                start.plus(&field, duration, span(&field, duration)?)?
            }
            (None, None) if matches!(start, Written::Day(_)) => {
                start.plus(&self.at("start"), &self.event.start, Span::new().days(1))?
            }
            (None, None) => return Err(self.wrong("end", "it is missing: give it, or a `duration` as `1 hour`")),
        };
        let whole_days = matches!(start, Written::Day(_));
        if end.at() < start.at() || whole_days && end.at() == start.at() {
            let hint = if whole_days { "; of whole days it is the first day after the event" } else { "" };
            return Err(self.wrong("end", format!("{} is not after the start, {}{hint}", end.value(), start.value())));
        }
        Ok(end)
    }

    /// The UID that was given, or one that the same event always gets.
    fn uid(&self, start: &Written) -> Result<String> {
        if let Some(uid) = &self.event.uid {
            let uid = checked(&self.at("uid"), uid.trim(), MAX_SHORT_BYTES)?;
            if uid.is_empty() || uid.contains(['\n', '\r', '\t']) {
                return Err(self.wrong("uid", "it is empty or has several lines"));
            }
            return Ok(uid.to_owned());
        }
        let half = |seed: u8| {
            let mut hasher = DefaultHasher::new();
            (seed, &self.event.summary, start.value(), &self.event.location, &self.event.rule).hash(&mut hasher);
            hasher.finish()
        };
        Ok(format!("{:016x}{:016x}@tandem.invalid", half(0), half(1)))
    }

    fn replaced(&mut self, start: &Written) -> Result<Option<String>> {
        let Some(id) = self.event.recurrence_id.as_deref() else { return Ok(None) };
        if self.event.uid.is_none() {
            return Err(
                self.wrong("uid", "it is missing: `recurrence_id` names an occurrence of the series with this UID")
            );
        }
        if self.event.rule.is_some() || !self.event.also.is_empty() {
            return Err(self.wrong("recurrence_id", "it is of one occurrence, which has no `rule` and no `also`"));
        }
        let id = start.alike(&self.at("recurrence_id"), id, self.zone.as_ref())?;
        self.out.line(&id.name("RECURRENCE-ID"), &id.value());
        Ok(Some(id.value()))
    }

    fn recurrence(&mut self, start: &Written) -> Result<Option<String>> {
        let event = self.event;
        let note = match event.rule.as_deref() {
            Some(rule) => self.rule(start, rule)?,
            None => None,
        };
        if event.rule.is_none() && event.also.is_empty() && !event.exclude.is_empty() {
            return Err(self.wrong("exclude", "it is of a series: give its `rule`"));
        }
        for (field, property, texts) in [("exclude", "EXDATE", &event.exclude), ("also", "RDATE", &event.also)] {
            if texts.len() > MAX_LIST {
                return Err(self.wrong(field, format!("it has more than {MAX_LIST} times")));
            }
            for text in texts {
                let at = start.alike(&self.at(field), text, self.zone.as_ref())?;
                self.out.line(&at.name(property), &at.value());
            }
        }
        Ok(note)
    }

    /// The rule, and what is to be said of it.
    fn rule(&mut self, start: &Written, text: &str) -> Result<Option<String>> {
        let field = self.at("rule");
        let rule = rule::parse(&field, text)?;
        if matches!(start, Written::Utc(_)) && self.zone.as_ref().is_some_and(|zone| *zone != TimeZone::UTC) {
            return Err(
                self.wrong("zone", "a series needs a zone by its IANA name, as `Europe/Paris`, and a local `start`")
            );
        }
        let zone = start.zone().unwrap_or(TimeZone::UTC);
        let first = start.at().to_zoned(zone.clone()).datetime();
        let mut all = Occurrences::new(&field, &rule, first, zone)?;
        let Some(fits) = all.find_map(|step| match step {
            Step::At(at) => Some((at.timestamp() == start.at(), at)),
            Step::Skipped(_) => None,
        }) else {
            return Err(Error::invalid_arguments(format!(
                "`{field}`: `{}` never occurs from the start on",
                text.trim()
            )));
        };
        self.out.line("RRULE", &canonical(text, &rule.end, start));
        let note = || {
            format!(
                "{}: the start does not fit the rule, whose first occurrence is {}: calendars show the start all the same",
                self.place,
                fits.1.date()
            )
        };
        Ok((!fits.0).then(note))
    }

    fn texts(&mut self) -> Result<()> {
        let event = self.event;
        if event.summary.trim().is_empty() {
            return Err(self.wrong("summary", "it is empty: say what the event is called"));
        }
        let fields = [
            ("summary", "SUMMARY", Some(&event.summary), MAX_SHORT_BYTES),
            ("location", "LOCATION", event.location.as_ref(), MAX_SHORT_BYTES),
            ("description", "DESCRIPTION", event.description.as_ref(), MAX_LONG_BYTES),
        ];
        for (field, property, value, most) in fields {
            if let Some(value) = value {
                self.out.text(property, checked(&self.at(field), value, most)?);
            }
        }
        if let Some(url) = &event.url {
            self.out.line("URL", plain(&self.at("url"), url, MAX_SHORT_BYTES)?);
        }
        if let Some(status) = event.status {
            self.out.line(
                "STATUS",
                match status {
                    Status::Confirmed => "CONFIRMED",
                    Status::Tentative => "TENTATIVE",
                    Status::Cancelled => "CANCELLED",
                },
            );
        }
        if event.categories.len() > MAX_LIST {
            return Err(self.wrong("categories", format!("there are more than {MAX_LIST}")));
        }
        if !event.categories.is_empty() {
            let field = self.at("categories");
            let checked = event.categories.iter().map(|one| checked(&field, one, MAX_SHORT_BYTES).map(escaped));
            self.out.line("CATEGORIES", &checked.collect::<Result<Vec<_>>>()?.join(","));
        }
        Ok(())
    }

    fn people(&mut self) -> Result<()> {
        let event = self.event;
        if event.attendees.len() > MAX_LIST {
            return Err(self.wrong("attendees", format!("there are more than {MAX_LIST}")));
        }
        if let Some(organizer) = &event.organizer {
            self.person("organizer", "ORGANIZER", organizer)?;
        }
        for attendee in &event.attendees {
            self.person("attendees", "ATTENDEE", attendee)?;
        }
        Ok(())
    }

    fn person(&mut self, field: &str, property: &str, contact: &Contact) -> Result<()> {
        let address = plain(&self.at(field), &contact.email, MAX_ADDRESS_BYTES)?;
        if address.matches('@').count() != 1 || address.contains(['"', '<', '>', ',', ';', ':', '\\']) {
            return Err(self.wrong(field, format!("`{address}` is no mail address, as `ada@example.com`")));
        }
        let mut name = property.to_owned();
        if let Some(cn) = &contact.name {
            name = format!("{name};CN={}", quoted(checked(&self.at(field), cn.trim(), MAX_SHORT_BYTES)?));
        }
        if property == "ATTENDEE" {
            name.push_str(";PARTSTAT=NEEDS-ACTION;RSVP=TRUE");
        }
        self.out.line(&name, &format!("mailto:{address}"));
        Ok(())
    }

    fn reminders(&mut self) -> Result<()> {
        let field = self.at("reminders");
        if self.event.reminders.len() > MAX_LIST {
            return Err(self.wrong("reminders", format!("there are more than {MAX_LIST}")));
        }
        for text in &self.event.reminders {
            let before = span(&field, text)?.to_duration(jiff::SpanRelativeTo::days_are_24_hours());
            let before =
                before.map_err(|_| self.wrong("reminders", "a reminder is in weeks or less, as `15 minutes`"))?;
            self.out.line("BEGIN", "VALARM");
            self.out.line("ACTION", "DISPLAY");
            self.out.line("TRIGGER", &trigger(before));
            self.out.text("DESCRIPTION", &self.event.summary);
            self.out.line("END", "VALARM");
        }
        Ok(())
    }
}

fn trigger(before: SignedDuration) -> String {
    match before.as_secs() {
        0 => "PT0S".to_owned(),
        seconds if seconds % 86_400 == 0 => format!("-P{}D", seconds / 86_400),
        seconds if seconds % 60 == 0 => format!("-PT{}M", seconds / 60),
        seconds => format!("-PT{seconds}S"),
    }
}

/// A rule that was read, with UNTIL in the form that RFC 5545 wants beside such a start.
fn canonical(text: &str, end: &End, start: &Written) -> String {
    let upper = text.trim().to_ascii_uppercase();
    let body = upper.strip_prefix("RRULE:").unwrap_or(&upper).trim_end_matches(';');
    let until = match (end, start) {
        (End::Local(last), Written::Day(_)) => Some(last.strftime("%Y%m%d").to_string()),
        (End::Moment(last), Written::Day(_)) => Some(last.to_zoned(TimeZone::UTC).strftime("%Y%m%d").to_string()),
        (End::Local(last), start) => {
            let zone = start.zone().unwrap_or(TimeZone::UTC);
            Some(zone.to_timestamp(*last).map_or_else(|_| local(*last), utc))
        }
        _ => None,
    };
    let part = |part: &str| match &until {
        Some(until) if part.starts_with("UNTIL=") => format!("UNTIL={until}"),
        _ => part.to_owned(),
    };
    body.split(';').map(part).collect::<Vec<_>>().join(";")
}
