//! What was found in a plugin, and how bad it is.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// A host refuses it.
    Error,
    /// It fails, or is cut, somewhere.
    Warning,
    /// Worth a look.
    Note,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// Where: a part of the file or the manifest, or a tool and a JSON Pointer into its schema.
    pub(super) place: String,
    pub(super) message: String,
    /// What to do about it.
    pub(super) remedy: String,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

/// More than anybody reads. Stops a schema of thousands of wrong places from filling a terminal.
const MAX_FINDINGS: usize = 200;

impl Findings {
    pub(super) fn add(
        &mut self,
        severity: Severity,
        place: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let found = Finding { severity, place: place.into(), message: message.into(), remedy: remedy.into() };
        // A definition that is referred to in several places is looked at as often.
        if self.0.len() < MAX_FINDINGS && !self.0.contains(&found) {
            self.0.push(found);
        }
    }

    pub(super) fn error(&mut self, place: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Error, place, message, remedy);
    }

    pub(super) fn warning(&mut self, place: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Warning, place, message, remedy);
    }

    pub(super) fn note(&mut self, place: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Note, place, message, remedy);
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|finding| finding.severity == severity).count()
    }
}
