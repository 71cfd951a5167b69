//! What is recorded, and how long each part may be.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tandem_package::Sha256Digest;
use tandem_types::canonical_json;

/// Longest text of a record, in bytes: a path or a host fits. What a guest asks for must not fill the log.
pub const MAX_TEXT: usize = 256;
/// Most denials and most used capabilities of one call; a guest can ask without end.
pub const MAX_DENIALS: usize = 16;
/// Most details of an event.
pub const MAX_DETAILS: usize = 32;
/// Longest detail of an event, in bytes: the reason for refusing a plugin fits.
const MAX_DETAIL: usize = 1024;

/// One entry of the log. Its JSON has the `kind` `call`, `event`, `checkpoint` or `gap`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum AuditRecord {
    /// A call that ended.
    Call(CallRecord),
    /// Something that the host or its operator did.
    Event(EventRecord),
    /// Older records were dropped here. Only the store writes it.
    Checkpoint(Checkpoint),
    /// Records are missing here that could not be written. Only the store writes it.
    Gap(Gap),
}

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The request's id, as in logs.
    pub request_id: String,
    /// On whose account.
    pub tenant: String,
    /// Who asked: the subject of a token, or the name of a key.
    pub subject: String,
    /// The category.
    pub category: String,
    /// The tool, by its public name.
    pub tool: String,
    /// Where it ran: `general`, `reactor` or `upstream`.
    pub lane: String,
    /// SHA-256 of the canonical JSON of the arguments: they can be proven, not read.
    #[serde(with = "hex_bytes")]
    pub arguments: [u8; 32],
    /// The capabilities that it used, by name.
    pub used: Vec<String>,
    /// What it asked for and was refused; the first [`MAX_DENIALS`].
    pub denied: Vec<Denial>,
    /// The limit that stopped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// How it ended: the status word of the metrics, or `not_found`.
    pub outcome: String,
    /// How long it took; whole microseconds are kept.
    #[serde(rename = "duration_us", with = "micros")]
    pub duration: Duration,
}

/// One refused use of a capability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// The capability's name, as `fs`.
    pub capability: String,
    /// What was asked for: a path, a host; never a secret.
    pub what: String,
}

/// Something that the host or its operator did: `grant.changed`, `key.issued`, `key.revoked`, `plugin.loaded`,
/// `plugin.reloaded`, `plugin.unloaded`, `plugin.refused`, `plugin.recompiled`, `plugin.rolled-back`,
/// `configuration.reloaded`, `clock.stepped`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// What happened.
    pub event: String,
    /// Who did it: `host`, or `uid:1000`.
    pub actor: String,
    /// Whom it concerns, if it is one tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What else there is to say. Never a secret.
    pub details: BTreeMap<String, String>,
}

impl EventRecord {
    /// An event of the host itself.
    #[must_use]
    pub fn of_host(event: &str) -> Self {
        Self { event: event.to_owned(), actor: "host".to_owned(), tenant: None, details: BTreeMap::new() }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// The proof that what is missing before `first` was dropped by the store itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The first record that was kept.
    pub first: u64,
    /// The hash of the last one that was not.
    #[serde(with = "hex_bytes")]
    pub previous: [u8; 32],
    /// How many were dropped.
    pub dropped: u64,
}

/// Records that could not be written, as to a full disk. The first record after them that could be says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// How many.
    pub lost: u64,
    /// When the first of them was lost, in milliseconds since 1970.
    pub since: u64,
    /// When the last of them was lost.
    pub until: u64,
}

impl From<CallRecord> for AuditRecord {
    fn from(record: CallRecord) -> Self {
        Self::Call(record)
    }
}

impl From<EventRecord> for AuditRecord {
    fn from(record: EventRecord) -> Self {
        Self::Event(record)
    }
}

impl AuditRecord {
    /// The canonical JSON, with everything cut to its bound.
    pub(super) fn body(mut self) -> String {
        match &mut self {
            Self::Call(call) => call.cut(),
            Self::Event(event) => event.cut(),
            Self::Checkpoint(_) | Self::Gap(_) => {}
        }
        // Canonical JSON is text.
        String::from_utf8(canonical_json(&self)).unwrap_or_default()
    }
}

impl CallRecord {
    /// What stands for arguments in a record.
    #[must_use]
    pub fn digest(arguments: &serde_json::Value) -> [u8; 32] {
        *Sha256Digest::of(&canonical_json(arguments)).as_bytes()
    }

    fn cut(&mut self) {
        let texts = [
            &mut self.request_id,
            &mut self.tenant,
            &mut self.subject,
            &mut self.category,
            &mut self.tool,
            &mut self.lane,
            &mut self.outcome,
        ];
        texts.into_iter().chain(&mut self.limit).for_each(|text| cut(text, MAX_TEXT));
        self.used.truncate(MAX_DENIALS);
        self.used.iter_mut().for_each(|text| cut(text, MAX_TEXT));
        self.denied.truncate(MAX_DENIALS);
        for denial in &mut self.denied {
            cut(&mut denial.capability, MAX_TEXT);
            cut(&mut denial.what, MAX_TEXT);
        }
    }
}

impl EventRecord {
    fn cut(&mut self) {
        cut(&mut self.event, MAX_TEXT);
        cut(&mut self.actor, MAX_TEXT);
        if let Some(tenant) = &mut self.tenant {
            cut(tenant, MAX_TEXT);
        }
        while self.details.len() > MAX_DETAILS {
            self.details.pop_last();
        }
        self.details.values_mut().for_each(|text| cut(text, MAX_DETAIL));
    }
}

fn cut(text: &mut String, max: usize) {
    text.truncate(text.floor_char_boundary(max));
}

mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(String::deserialize(deserializer)?, &mut bytes).map_err(D::Error::custom)?;
        Ok(bytes)
    }
}

mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_micros)
    }
}
