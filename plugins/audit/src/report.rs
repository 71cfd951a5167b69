//! Reports.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use tandem_sdk::prelude::*;

use crate::limits::{MAX_COUNTS, MAX_NAMES, MAX_NOTABLE};
use crate::model::{Count, Event, Format, Hashed, Outcome, Report, Severity};
use crate::query::Query;

#[derive(Default)]
struct Counts(BTreeMap<String, u64>);

impl Counts {
    fn add(&mut self, name: &str) {
        if let Some(count) = self.0.get_mut(name) {
            *count += 1;
            return;
        }
        let name = if self.0.len() < MAX_NAMES { name } else { "(others)" };
        *self.0.entry(name.to_owned()).or_default() += 1;
    }

    /// The most frequent first; of equals by name.
    fn list(self) -> Vec<Count> {
        let mut counts: Vec<Count> = self.0.into_iter().map(|(name, events)| Count { name, events }).collect();
        counts.sort_by_key(|count| std::cmp::Reverse(count.events));
        counts.truncate(MAX_COUNTS);
        counts
    }
}

/// Reports on the events of a time.
pub(crate) fn run(ctx: &Ctx, query: &Query, format: Format) -> Result<Report> {
    let (mut actions, mut actors) = (Counts::default(), Counts::default());
    let (mut outcomes, mut severities) = (Counts::default(), Counts::default());
    let (mut events, mut notable) = (0, VecDeque::new());
    let chain = tandem_hash_chain::verify::<Event>(ctx, |found| {
        let event = &found.entry;
        if !query.is_in_time(event) {
            return;
        }
        events += 1;
        actions.add(&event.action);
        actors.add(&event.actor);
        outcomes.add(event.outcome.name());
        severities.add(event.severity.name());
        if event.severity >= Severity::Error || event.outcome != Outcome::Success {
            notable.push_front(Hashed::from(found));
            notable.truncate(MAX_NOTABLE);
        }
    })?;
    let mut report = Report {
        events,
        actions: actions.list(),
        actors: actors.list(),
        outcomes: outcomes.list(),
        severities: severities.list(),
        notable: notable.into(),
        chain: chain.into(),
        markdown: None,
    };
    if format == Format::Markdown {
        report.markdown = Some(markdown(&report, query));
    }
    Ok(report)
}

/// Text that stays within a cell of a table.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn markdown(report: &Report, query: &Query) -> String {
    let mut text = String::from("# Audit report\n\n");
    let since = query.since.as_deref().unwrap_or("the first event");
    let until = query.until.as_deref().unwrap_or("the last");
    let chain = match &report.chain.problem {
        None => format!("intact, {} events checked, last hash `{}`", report.chain.checked, report.chain.last_hash),
        Some(problem) => format!("**broken**: {problem}"),
    };
    // Writing to a string does not fail.
    let _ = writeln!(text, "{} events from {since} to {until}. Chain of hashes: {chain}.", report.events);
    let lists = [
        ("Action", &report.actions),
        ("Actor", &report.actors),
        ("Outcome", &report.outcomes),
        ("Severity", &report.severities),
    ];
    for (title, counts) in lists.into_iter().filter(|(_, counts)| !counts.is_empty()) {
        let _ = writeln!(text, "\n| {title} | Events |\n|---|---|");
        for count in counts {
            let _ = writeln!(text, "| {} | {} |", cell(&count.name), count.events);
        }
    }
    if !report.notable.is_empty() {
        let _ = writeln!(text, "\n| Notable event | Time | Action | Actor | Resource | Outcome | Severity |");
        let _ = writeln!(text, "|---|---|---|---|---|---|---|");
    }
    for found in &report.notable {
        let event = &found.event;
        let (action, actor, resource) = (cell(&event.action), cell(&event.actor), cell(&event.resource));
        let (outcome, severity) = (event.outcome.name(), event.severity.name());
        let _ = writeln!(
            text,
            "| {} | {} | {action} | {actor} | {resource} | {outcome} | {severity} |",
            event.sequence, event.time
        );
    }
    text
}
