//! The bounds of requested and granted capabilities, each with its reason.

use std::collections::BTreeSet;

use tandem_document::Findings;

use crate::{http::Method, plugin::Wanted};

/// Longest one-line text of a manifest, in bytes.
pub(crate) const MAX_LINE: usize = 200;

/// Most entries of one kind: what asks for more than that asks for everything.
pub(crate) const MAX_ENTRIES: usize = 64;

pub(crate) fn check_reason(reason: Option<&String>, findings: &mut Findings) {
    if let Some(reason) = reason {
        findings.line("reason", reason, MAX_LINE);
    }
}

pub(crate) fn check_http(port: Option<u16>, methods: Option<&BTreeSet<Method>>, findings: &mut Findings) {
    if port == Some(0) {
        findings.report("port", "port 0 cannot be connected to");
    }
    if methods.is_some_and(BTreeSet::is_empty) {
        findings.report("methods", "an empty list allows nothing; leave the key out to allow every method");
    }
}

/// Reports names that come twice: the second could be taken for the first.
pub(crate) fn check_unique<'a>(key: &str, names: impl Iterator<Item = &'a str>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            findings.report(key, format!("`{name}` comes twice; write one entry for it"));
        }
    }
}

/// Checks a list of names with reasons.
pub(crate) fn check_wanted<T>(key: &str, wanted: &[Wanted<T>], name: fn(&T) -> &str, findings: &mut Findings) {
    findings.at_most(key, wanted.len(), MAX_ENTRIES);
    findings.each(key, wanted, |findings, entry| check_reason(entry.reason.as_ref(), findings));
    check_unique(key, wanted.iter().map(|entry| name(&entry.name)), findings);
}
