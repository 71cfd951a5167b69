//! Why one task waits, and what would end that.

use serde_json::{Map, Value, json};
use tandem_queue::Timestamp;

use super::reason::Reason;
use crate::format::rfc3339;

/// Hosts or tools that one explanation names.
pub(super) const SHOWN: usize = 8;

/// What a worker looks at to see whether a task is for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct TaskNeeds<'a> {
    pub(super) tenant: &'a str,
    pub(super) tool: &'a str,
    pub(super) target: Option<&'a str>,
    pub(super) priority: u8,
}

/// Why a task waits.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub(super) reason: Reason,
    pub(super) remedy: String,
    since: Option<Timestamp>,
    details: Map<String, Value>,
}

impl Wait {
    pub(super) fn new(reason: Reason, remedy: impl Into<String>) -> Self {
        Self { reason, remedy: remedy.into(), since: None, details: Map::new() }
    }

    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn since(self, since: Option<Timestamp>) -> Self {
        Self { since, ..self }
    }

    /// As tools answer it.
    pub(crate) fn into_json(self) -> Value {
        let mut shown = json!({"reason": self.reason, "remedy": self.remedy});
        if let Value::Object(shown) = &mut shown {
            shown.extend(self.since.map(|since| ("since".to_owned(), rfc3339(since).into())));
            if !self.details.is_empty() {
                shown.insert("details".to_owned(), Value::Object(self.details));
            }
        }
        shown
    }
}
