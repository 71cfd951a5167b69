//! What goes in and out of the tools, and what is stored.

use serde_json::Map;
use tandem_hash_chain::Entry;
use tandem_sdk::prelude::*;

/// How an action ended.
#[data]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    #[default]
    Success,
    /// It was tried and failed.
    Failure,
    /// It was not allowed.
    Denied,
}

/// How grave an event is.
#[data]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Usual.
    #[default]
    Info,
    /// Unusual.
    Warning,
    /// Wrong.
    Error,
    /// In need of somebody now.
    Critical,
}

/// How a report is given.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Fields alone.
    #[default]
    Json,
    /// Fields, and `markdown` for people.
    Markdown,
}

impl Outcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
        }
    }
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// An event, as it is stored: its canonical JSON (sorted keys, no spaces) is what is hashed.
#[data]
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number: 1 for the first, and one more for each that follows.
    pub sequence: u64,
    /// When it was recorded, in UTC.
    pub time: String,
    /// What was done.
    pub action: String,
    /// Who did it, as the caller says.
    pub actor: String,
    /// To what.
    pub resource: String,
    /// What kind of thing that is.
    pub resource_type: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How grave it is.
    pub severity: Severity,
    /// From where, as an address.
    pub source: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Further fields.
    pub details: Map<String, Value>,
    /// The authenticated subject whose call recorded it.
    pub recorded_by: String,
    /// The hash of the event before; zeros for the first.
    pub previous: String,
}

/// An event with its hash.
#[output]
#[derive(Clone, Debug)]
pub struct Hashed {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// SHA-256 of the event's canonical JSON without this field, in hexadecimal.
    pub hash: String,
}

impl Entry for Event {
    const NAME: &'static str = "event";

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn previous(&self) -> &str {
        &self.previous
    }
}

impl From<tandem_hash_chain::Hashed<Event>> for Hashed {
    fn from(found: tandem_hash_chain::Hashed<Event>) -> Self {
        Self { event: found.entry, hash: found.hash }
    }
}

/// What was recorded.
#[output]
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The event's number.
    pub sequence: u64,
    /// When it was recorded, in UTC.
    pub time: String,
    /// The event's hash. Who keeps it can show later that no event up to this one was changed.
    pub hash: String,
}

/// One page of events.
#[output]
#[derive(Debug)]
pub struct Page {
    /// The events, newest first.
    pub events: Vec<Hashed>,
    /// Pass it as `cursor` to go on; absent when all events were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub next_cursor: Option<String>,
}

/// How many events have something in common.
#[output]
#[derive(Debug)]
pub struct Count {
    /// What they have in common.
    pub name: String,
    /// How many there are.
    pub events: u64,
}

/// Whether the whole log is as it was recorded.
#[output]
#[derive(Debug)]
pub struct Chain {
    /// Whether every event is there and has the hash that the next one names.
    pub intact: bool,
    /// How many events were checked.
    pub checked: u64,
    /// The hash of the last event: compare it with one that was kept elsewhere.
    pub last_hash: String,
    /// What is wrong first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub problem: Option<String>,
}

impl From<tandem_hash_chain::Verified> for Chain {
    fn from(found: tandem_hash_chain::Verified) -> Self {
        let (last, problem) = (found.last, found.problem);
        Self { intact: problem.is_none(), checked: last.sequence, last_hash: last.hash, problem }
    }
}

/// A report.
#[output]
#[derive(Debug)]
pub struct Report {
    /// How many events there are in the time asked for.
    pub events: u64,
    /// The most frequent actions.
    pub actions: Vec<Count>,
    /// The most frequent actors.
    pub actors: Vec<Count>,
    /// Outcomes.
    pub outcomes: Vec<Count>,
    /// Severities.
    pub severities: Vec<Count>,
    /// The last events that are grave (`error`, `critical`) or did not succeed, newest first.
    pub notable: Vec<Hashed>,
    /// Whether the whole log is as it was recorded, at any time.
    pub chain: Chain,
    /// The report for people, where `format` is `markdown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub markdown: Option<String>,
}
