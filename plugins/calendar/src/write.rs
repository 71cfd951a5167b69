//! `calendar_write`: from events to iCalendar text or a file.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use tandem_sdk::{Ctx, Error, Result, input, output};
use tandem_zoned::{read::now, zones};

use crate::{
    compose::{self, Composed},
    files,
    limits::{MAX_EVENTS, MAX_RETURNED_BYTES, MAX_SHORT_BYTES},
    new_event::NewEvent,
    out::{Out, checked},
    parse, zone_text,
};

/// Who wrote a calendar.
const PRODUCT: &str = "-//Tandem//Calendar tools//EN";
/// The last line of a calendar.
const LAST: &str = "END:VCALENDAR";

/// What becomes of a file that is there.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IfExists {
    /// It stays, and the call is an error.
    #[default]
    Fail,
    /// The new calendar takes its place.
    Replace,
    /// The events are added to it; what it holds stays as it is.
    Add,
}

/// A calendar that was written.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct WrittenCalendar {
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The iCalendar text, where no file was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// How long the whole calendar is, in bytes.
    bytes: u64,
    /// How many events were written.
    events: u64,
    /// Their UIDs, in the order of the events.
    uids: Vec<String>,
    /// What to know of them, as a start that does not fit its rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// What to write.
pub(crate) struct Request<'a> {
    pub(crate) events: &'a [NewEvent],
    pub(crate) path: Option<&'a str>,
    pub(crate) if_exists: IfExists,
    pub(crate) name: Option<&'a str>,
    pub(crate) zone: Option<&'a str>,
}

pub(crate) fn run(ctx: &Ctx, request: &Request<'_>) -> Result<WrittenCalendar> {
    if request.events.is_empty() || request.events.len() > MAX_EVENTS {
        return Err(Error::invalid_arguments(format!("`events` has 1 to {MAX_EVENTS} events")));
    }
    let composed = compose(ctx, request)?;
    let (text, old) = match request.path {
        Some(path) if request.if_exists == IfExists::Add && files::exists(path)? => {
            let old = files::read(path)?;
            (added(ctx, path, &old, &composed, request)?, Some(old))
        }
        Some(path) if request.if_exists == IfExists::Fail && files::exists(path)? => return Err(files::taken(path)),
        _ => (new(&composed, request)?.into_bytes(), None),
    };
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let returned = match request.path {
        Some(path) => {
            unchanged(path, old.as_deref())?;
            files::write(path, &text, request.if_exists == IfExists::Replace || old.is_some())?;
            None
        }
        None if text.len() > MAX_RETURNED_BYTES => {
            return Err(Error::invalid_arguments(format!(
                "the calendar is longer than {MAX_RETURNED_BYTES} bytes: give a `path` to write it to"
            )));
        }
        None => Some(String::from_utf8_lossy(&text).into_owned()),
    };
    Ok(WrittenCalendar {
        path: request.path.map(str::to_owned),
        text: returned,
        bytes,
        events: u64::try_from(composed.len()).unwrap_or(u64::MAX),
        uids: composed.iter().map(|event| event.uid.clone()).collect(),
        notes: composed.into_iter().filter_map(|event| event.note).collect(),
    })
}

/// The events as lines.
fn compose(ctx: &Ctx, request: &Request<'_>) -> Result<Vec<Composed>> {
    let zone = request.zone.map(|name| zones::find("zone", name)).transpose()?;
    let now = now().timestamp();
    let mut all: Vec<Composed> = Vec::with_capacity(request.events.len());
    let mut known = HashSet::new();
    for (number, event) in request.events.iter().enumerate() {
        ctx.check()?;
        let place = format!("events[{number}]");
        let composed = compose::event(event, place.clone(), zone.as_ref(), now)?;
        if !known.insert((composed.uid.clone(), composed.recurrence_id.clone())) {
            return Err(Error::invalid_arguments(format!(
                "`{place}` is there twice (UID {}): leave it out, or give it another `uid`",
                composed.uid
            )));
        }
        all.push(composed);
    }
    Ok(all)
}

/// A calendar of the events.
fn new(events: &[Composed], request: &Request<'_>) -> Result<String> {
    let mut out = Out::default();
    out.line("BEGIN", "VCALENDAR");
    out.line("VERSION", "2.0");
    out.line("PRODID", PRODUCT);
    if let Some(name) = request.name {
        let name = checked("name", name.trim(), MAX_SHORT_BYTES)?;
        out.text("NAME", name);
        out.text("X-WR-CALNAME", name);
    }
    define(&mut out, events, &[]);
    events.iter().for_each(|event| out.push(&event.lines));
    out.line("END", "VCALENDAR");
    Ok(out.as_str().to_owned())
}

/// The zones of the events that are not defined yet.
fn define(out: &mut Out, events: &[Composed], defined: &[String]) {
    let mut needed: BTreeMap<String, (Timestamp, Timestamp)> = BTreeMap::new();
    for event in events {
        let Some(zone) = event.start.zone() else { continue };
        let at = event.start.at();
        let span = needed.entry(zones::name(&zone)).or_insert((at, at));
        *span = (span.0.min(at), span.1.max(at).max(now().timestamp()));
    }
    for (name, (first, last)) in needed {
        if let Ok(zone) = zones::find("zone", &name)
            && !defined.contains(&name)
        {
            zone_text::definition(out, &name, &zone, first, last);
        }
    }
}

/// A calendar that is there, with the events before its last line.
fn added(ctx: &Ctx, path: &str, old: &[u8], events: &[Composed], request: &Request<'_>) -> Result<Vec<u8>> {
    if request.name.is_some() {
        return Err(Error::invalid_arguments("`name` is not changed by `if_exists` = `add`: leave it out"));
    }
    let calendar = parse::parse(ctx, old).map_err(|error| error.context(format!("`path`: {path}")))?;
    let key = |uid: &str, id: Option<String>| (uid.to_owned(), id);
    let known: HashSet<_> = calendar
        .items
        .iter()
        .map(|item| key(&item.uid, item.recurrence_id.map(|stamp| stamp.when.to_string())))
        .collect();
    if let Some(event) = events.iter().find(|event| known.contains(&key(&event.uid, event.recurrence_id.clone()))) {
        return Err(Error::invalid_arguments(format!(
            "`path`: `{path}` has an event of UID {} already: nothing was added",
            event.uid
        )));
    }
    let defined: Vec<String> = calendar.definitions.iter().map(|definition| definition.id.clone()).collect();
    let mut out = Out::default();
    define(&mut out, events, &defined);
    events.iter().for_each(|event| out.push(&event.lines));
    let at = last_line(old).ok_or_else(|| Error::invalid_arguments(format!("`path`: `{path}` has no `{LAST}`")))?;
    let (before, after) = old.split_at_checked(at).unwrap_or((old, &[]));
    Ok([before, out.as_str().as_bytes(), after].concat())
}

/// Where the last line `END:VCALENDAR` begins. No text has such a line: where it is folded, lines begin with a space.
fn last_line(bytes: &[u8]) -> Option<usize> {
    let mut end = bytes.len();
    loop {
        let begin = bytes.get(..end)?.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if bytes.get(begin..end)?.trim_ascii().eq_ignore_ascii_case(LAST.as_bytes()) {
            return Some(begin);
        }
        end = begin.checked_sub(1)?;
    }
}

/// The file must not have changed since it was read.
fn unchanged(path: &str, old: Option<&[u8]>) -> Result<()> {
    match old {
        Some(old) if files::read(path)? != old => Err(Error::unavailable(format!(
            "`path`: `{path}` was changed by somebody else meanwhile, and was left as it is: try again"
        ))),
        _ => Ok(()),
    }
}
