//! A page of entries for people: Markdown, day by day.

use std::fmt::Write;

use jiff::{Timestamp, Zoned};
use tandem_zoned::moment::weekday;

use crate::{
    clock::Clock,
    item::Item,
    slots::{Occurrence, Slot},
};

/// The agenda of occurrences in their order.
pub(crate) fn agenda<'a>(clock: &Clock, entries: impl Iterator<Item = (&'a Item, &'a Occurrence)>) -> String {
    let (mut text, mut last) = (String::new(), String::new());
    for (item, occurrence) in entries {
        let (heading, when) = when(clock, occurrence.slot);
        if heading != last {
            let gap = if text.is_empty() { "" } else { "\n" };
            // Writing to a string does not fail.
            let _ = writeln!(text, "{gap}## {heading}\n");
            last = heading;
        }
        let _ = writeln!(text, "- {when}{}", named(item));
    }
    text
}

/// The day, and the time on it.
fn when(clock: &Clock, slot: Slot) -> (String, String) {
    let local = |at: Timestamp| at.to_zoned(clock.zone.clone());
    match slot {
        Slot::Days(first, end) => {
            let heading = format!("{}, {}", weekday(first.weekday()), first.strftime("%-d %B %Y"));
            let last = end.yesterday().unwrap_or(first);
            (heading, if last > first { format!("all day to {last}: ") } else { "all day: ".to_owned() })
        }
        Slot::Times(start, end) => {
            let (start, end) = (local(start), local(end));
            let heading = format!("{}, {}", weekday(start.weekday()), start.strftime("%-d %B %Y"));
            (heading, between(&start, &end))
        }
        Slot::None => ("No date".to_owned(), String::new()),
    }
}

fn between(start: &Zoned, end: &Zoned) -> String {
    let begin = start.strftime("%H:%M");
    if start == end {
        return format!("{begin} ");
    }
    let format = if start.date() == end.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    format!("{begin}–{} ", end.strftime(format))
}

fn named(item: &Item) -> String {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut named = item.summary.as_deref().map_or_else(|| "(no title)".to_owned(), line);
    if let Some(location) = item.location.as_deref() {
        named.push_str(&format!(" ({})", line(location)));
    }
    if let Some(status @ ("cancelled" | "tentative" | "completed")) = item.status.as_deref() {
        named.push_str(&format!(" [{status}]"));
    }
    named
}
