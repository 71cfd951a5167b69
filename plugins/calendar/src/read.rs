//! `calendar_read`: from a file or text to a page of entries.

use jiff::{Timestamp, tz::TimeZone};
use tandem_sdk::{Ctx, Error, Result, input, output};
use tandem_zoned::zones;

use crate::{
    agenda::agenda,
    clock::Clock,
    cursor::Cursor,
    entry::{Entry, Writer},
    expansion::Expansion,
    files,
    issues::Issues,
    item::{Item, Kind},
    limits::{MAX_QUERY_BYTES, MAX_TEXT_BYTES},
    parse::{self, Calendar},
    slots::{Occurrence, Slot, slot},
    window::Window,
    zone_rules,
};

/// Which components of a calendar.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Components {
    /// Events.
    #[default]
    Events,
    /// To-dos.
    Todos,
    /// Both.
    All,
}

/// How entries are returned.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// As `entries`.
    #[default]
    Json,
    /// As `agenda`, a text for people.
    Markdown,
}

/// A page of a calendar.
#[output]
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// The calendar's name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The time zone of this result.
    zone: String,
    /// The start of the range, which is in it; absent where series are not expanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// The end of the range, which is not in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// Entries in the range, on all pages.
    total: u64,
    /// Components of the file that were asked for: events and series, whether they are in the range or not.
    in_file: u64,
    /// The entries by their start; what has no date comes last. Empty where `format` is `markdown`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entries: Vec<Entry>,
    /// The entries as Markdown, day by day.
    #[serde(skip_serializing_if = "Option::is_none")]
    agenda: Option<String>,
    /// Problems of the file, the first 20: lines that were left out, zones that are unknown, series that could not be expanded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    issues: Vec<String>,
    /// How many further problems there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    more_issues: Option<u64>,
    /// Pass it as `cursor`, with the other arguments unchanged, to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What is asked for.
pub(crate) struct Request<'a> {
    pub(crate) path: Option<&'a str>,
    pub(crate) text: Option<&'a str>,
    pub(crate) after: Option<&'a str>,
    pub(crate) before: Option<&'a str>,
    pub(crate) zone: Option<&'a str>,
    pub(crate) expand: bool,
    pub(crate) components: Components,
    pub(crate) query: Option<&'a str>,
    pub(crate) details: bool,
    pub(crate) format: Format,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
}

pub(crate) fn run(ctx: &Ctx, request: &Request<'_>) -> Result<Page> {
    if !request.expand && (request.after.is_some() || request.before.is_some()) {
        return Err(Error::invalid_arguments(
            "`after` and `before` go only with `expand` = true: series have no range",
        ));
    }
    let wanted = Wanted::new(request)?;
    let cursor = request.cursor.map(Cursor::parse).transpose()?;
    let mut calendar = load(ctx, request)?;
    let zone = zone(request, &mut calendar)?;
    let zones = zone_rules::resolve(&calendar.zones, &calendar.definitions, &mut calendar.issues);
    let clock = Clock::new(zones, zone);
    let window = match (request.expand, &cursor) {
        (false, _) => None,
        (true, Some(Cursor { window: Some(window), .. })) => Some(*window),
        (true, _) => Some(Window::new(request.after, request.before, &clock.zone)?),
    };
    let Calendar { items, mut issues, name, .. } = calendar;
    let mut found = match window {
        Some(window) => Expansion::new(ctx, &clock, &items, window, &mut issues).run(|item| wanted.has(item))?,
        None => stored(&clock, &items, &wanted, &mut issues),
    };
    found.sort_by_key(|occurrence| order(&clock, occurrence));
    let total = found.len();
    let offset = cursor.map_or(Ok(0), |cursor| cursor.offset_in(total))?;
    let page: Vec<Occurrence> =
        found.into_iter().skip(offset).take(usize::try_from(request.limit).unwrap_or(usize::MAX)).collect();
    let next = offset + page.len();
    let next_cursor = (next < total).then(|| Cursor { offset: next, total, window }.to_string());
    let entries = || page.iter().filter_map(|occurrence| Some((items.get(occurrence.item)?, occurrence)));
    let writer = Writer { clock: &clock, details: request.details, rules: !request.expand };
    let (entries, agenda) = match request.format {
        Format::Json => (entries().map(|(item, occurrence)| writer.entry(item, occurrence)).collect(), None),
        Format::Markdown => (Vec::new(), Some(agenda(&clock, entries()))),
    };
    let time = |at: Timestamp| tandem_zoned::moment::time(&at.to_zoned(clock.zone.clone()));
    Ok(Page {
        name,
        zone: zones::name(&clock.zone),
        after: window.map(|window| time(window.after)),
        before: window.map(|window| time(window.before)),
        total: count(total),
        in_file: count(items.iter().filter(|item| wanted.has(item)).count()),
        entries,
        agenda,
        issues: issues.listed,
        more_issues: Some(issues.more).filter(|more| *more > 0),
        next_cursor,
    })
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn load(ctx: &Ctx, request: &Request<'_>) -> Result<Calendar> {
    match (request.path, request.text) {
        (Some(path), None) => {
            let bytes = files::read(path)?;
            parse::parse(ctx, &bytes).map_err(|error| error.context(format!("`path`: {path}")))
        }
        (None, Some(text)) if text.len() > MAX_TEXT_BYTES => Err(Error::invalid_arguments(format!(
            "`text` has more than {MAX_TEXT_BYTES} bytes: put it into a file and give its `path`"
        ))),
        (None, Some(text)) => parse::parse(ctx, text.as_bytes()).map_err(|error| error.context("`text`")),
        _ => Err(Error::invalid_arguments("give either `path`, as `calendars/team.ics`, or `text`")),
    }
}

/// The zone of the result: as asked for, that of the calendar, or UTC.
fn zone(request: &Request<'_>, calendar: &mut Calendar) -> Result<TimeZone> {
    if let Some(zone) = request.zone {
        return zones::find("zone", zone);
    }
    let Some(name) = calendar.zone.as_deref() else { return Ok(TimeZone::UTC) };
    Ok(zones::find("X-WR-TIMEZONE", name).unwrap_or_else(|error| {
        calendar.issues.say(format!("{error}; UTC was taken"));
        TimeZone::UTC
    }))
}

/// Which items are asked for.
struct Wanted {
    components: Components,
    query: Option<String>,
}

impl Wanted {
    fn new(request: &Request<'_>) -> Result<Self> {
        if request.query.is_some_and(|query| query.trim().is_empty() || query.len() > MAX_QUERY_BYTES) {
            return Err(Error::invalid_arguments(format!("`query` has 1 to {MAX_QUERY_BYTES} bytes, as `stand-up`")));
        }
        let query = request.query.map(|query| query.trim().to_lowercase());
        Ok(Self { components: request.components, query })
    }

    fn has(&self, item: &Item) -> bool {
        let kind = match self.components {
            Components::Events => item.kind == Kind::Event,
            Components::Todos => item.kind == Kind::Todo,
            Components::All => true,
        };
        let texts = [&item.summary, &item.location, &item.details.description];
        let named = |query: &String| texts.into_iter().flatten().any(|text| text.to_lowercase().contains(query));
        kind && self.query.as_ref().is_none_or(named)
    }
}

/// The items as the file has them, series not expanded.
fn stored(clock: &Clock, items: &[Item], wanted: &Wanted, issues: &mut Issues) -> Vec<Occurrence> {
    let wanted = items.iter().enumerate().filter(|(_, item)| wanted.has(item));
    wanted
        .map(|(index, item)| Occurrence {
            item: index,
            slot: slot(clock, item, issues),
            original: item.recurrence_id.and_then(|id| clock.count(id)),
        })
        .collect()
}

/// By start, and whole days before what begins with them.
fn order(clock: &Clock, occurrence: &Occurrence) -> (Timestamp, bool, usize) {
    match occurrence.slot {
        Slot::Days(first, _) => (clock.begin(first).unwrap_or(Timestamp::MAX), false, occurrence.item),
        Slot::Times(start, _) => (start, true, occurrence.item),
        Slot::None => (Timestamp::MAX, true, occurrence.item),
    }
}
