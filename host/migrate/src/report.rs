//! What became of each key.

use serde::Serialize;

/// What became of each key, in the order of the input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One for each key.
    pub keys: Vec<Entry>,
}

impl Report {
    /// Keys that no rule knows.
    pub fn unknown(&self) -> impl Iterator<Item = &Entry> {
        self.keys.iter().filter(|entry| matches!(entry.outcome, Outcome::Unknown { .. }))
    }
}

/// What became of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The older key, dotted, or the variable.
    pub key: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It is written.
    Mapped {
        /// The key here.
        to: String,
        /// The value here, as TOML.
        value: String,
        /// What of it is not carried over, or differs here.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// This host does so without a setting, or has the same default.
    Default {
        /// What it does.
        note: String,
    },
    /// Another key of the input, which counts for more, sets the same here.
    Overridden {
        /// That key.
        by: String,
        /// The key here.
        to: String,
    },
    /// It is not written.
    NotCarried {
        /// Why, and what to do instead.
        note: String,
    },
    /// The older host is not known to read it.
    Unknown {
        /// The known key that was probably meant.
        #[serde(skip_serializing_if = "Option::is_none")]
        nearest: Option<String>,
    },
}
