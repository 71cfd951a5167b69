//! Keys and files that are not to be trusted any more, whoever signed what with them before.

use std::collections::BTreeMap;

use serde::Deserialize;
use tandem_document::{Check, Findings, ManifestErrors, Tree, read};
use tandem_package::{KeyId, Sha256Digest};

/// Most entries of one list: a longer one belongs to a service that is asked.
const MAX_REVOKED: usize = 10_000;

/// Longest reason, in bytes.
const MAX_REASON: usize = 512;

/// What is revoked, each with the reason.
///
/// ```toml
/// [keys]
/// "0123456789abcdef" = "the laptop that held it was stolen"
/// [files]
/// "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" = "sends data to its author"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Revoked {
    /// Key ids: nothing that such a key signed is loaded, whenever it signed it.
    pub keys: BTreeMap<KeyId, String>,
    /// Digests of plugin files.
    pub files: BTreeMap<Sha256Digest, String>,
}

impl Revoked {
    /// Reads a list; `label` is what errors call it.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place. A list with an error must not be taken for an empty one.
    pub fn parse(label: &str, text: &str) -> Result<Self, ManifestErrors> {
        read(&Tree::parse(label, text, |_| false))
    }

    /// Adds another list.
    pub fn add(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.files.extend(other.files);
    }
}

impl Check for Revoked {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("keys", self.keys.len(), MAX_REVOKED);
        findings.at_most("files", self.files.len(), MAX_REVOKED);
        findings.within("keys", |findings| {
            self.keys.iter().for_each(|(id, reason)| check_reason(&id.to_string(), reason, findings));
        });
        findings.within("files", |findings| {
            self.files.iter().for_each(|(digest, reason)| check_reason(&digest.to_string(), reason, findings));
        });
    }
}

fn check_reason(key: &str, reason: &str, findings: &mut Findings) {
    findings.line(key, reason, MAX_REASON);
    if reason.trim().is_empty() {
        findings.report(key, "empty; write why, for whoever finds the plugin refused");
    }
}
