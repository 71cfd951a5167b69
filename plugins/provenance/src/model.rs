//! What goes out of the tools, and what is stored.

use serde_json::Map;
use tandem_hash_chain::Entry;
use tandem_sdk::prelude::*;

/// A record, as it is stored: its canonical JSON (sorted keys, no spaces) is what is hashed.
#[data]
#[derive(Clone, Debug)]
pub struct Record {
    /// Its number: 1 for the first, and one more for each that follows.
    pub sequence: u64,
    /// When it was recorded, in UTC.
    pub time: String,
    /// The entity that was made or changed.
    pub entity: String,
    /// SHA-256 of the entity's content, in hexadecimal; empty when it was not given.
    pub content_sha256: String,
    /// What made it.
    pub activity: String,
    /// The entities that it was made of.
    pub inputs: Vec<String>,
    /// Who or what did it, as the caller says.
    pub agent: String,
    /// The parameters of the activity.
    pub parameters: Map<String, Value>,
    /// A sentence for people.
    pub description: String,
    /// The authenticated subject whose call recorded it.
    pub recorded_by: String,
    /// The hash of the record before; zeros for the first.
    pub previous: String,
}

/// A record with its hash.
#[output]
#[derive(Clone, Debug)]
pub struct Hashed {
    /// The record.
    #[serde(flatten)]
    pub record: Record,
    /// SHA-256 of the record's canonical JSON without this field, in hexadecimal.
    pub hash: String,
}

impl Entry for Record {
    const NAME: &'static str = "record";

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn previous(&self) -> &str {
        &self.previous
    }
}

impl From<tandem_hash_chain::Hashed<Record>> for Hashed {
    fn from(found: tandem_hash_chain::Hashed<Record>) -> Self {
        Self { record: found.entry, hash: found.hash }
    }
}

/// What was recorded.
#[output]
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The record's number.
    pub sequence: u64,
    /// When it was recorded, in UTC.
    pub time: String,
    /// The record's hash. Who keeps it can show later that no record up to this one was changed.
    pub hash: String,
}

/// Which way lineage goes.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To what the entity was made of.
    #[default]
    Sources,
    /// To what was made of the entity.
    Derived,
}

/// An entity of a lineage.
#[output]
#[derive(Clone, Debug)]
pub struct Step {
    /// The entity.
    pub entity: String,
    /// How many activities it is away; 0 for the entity that was asked for.
    pub depth: u32,
}

/// Where an entity comes from, or what comes of it.
#[output]
#[derive(Debug)]
pub struct Lineage {
    /// The entities, nearest first.
    pub entities: Vec<Step>,
    /// The records that link them, oldest first.
    pub records: Vec<Hashed>,
    /// Whether there is more beyond `depth`, or than an answer takes.
    pub truncated: bool,
}

/// Whether all records are as they were recorded.
#[output]
#[derive(Debug)]
pub struct Chain {
    /// Whether every record is there and has the hash that the next one names.
    pub intact: bool,
    /// How many records were checked.
    pub checked: u64,
    /// The hash of the last record: compare it with one that was kept elsewhere.
    pub last_hash: String,
    /// What is wrong first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub problem: Option<String>,
    /// Whether the last record of `entity` has this `content_sha256`; only where both were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub content_matches: Option<bool>,
}

impl From<tandem_hash_chain::Verified> for Chain {
    fn from(found: tandem_hash_chain::Verified) -> Self {
        let (last, problem) = (found.last, found.problem);
        Self { intact: problem.is_none(), checked: last.sequence, last_hash: last.hash, problem, content_matches: None }
    }
}

/// A document of provenance.
#[output]
#[derive(Debug)]
pub struct Export {
    /// W3C PROV-JSON.
    pub document: Map<String, Value>,
    /// How many records it has.
    pub records: u64,
}
