//! The bounds of requested and granted capabilities, each with its reason.

use std::collections::BTreeSet;

use tandem_document::Findings;
use tandem_types::ByteSize;

use super::forms::Wanted;
use crate::http::Method;

/// Longest one-line text of a manifest, in bytes.
pub(super) const MAX_LINE: usize = 200;

/// Most entries of one kind: what asks for more than that asks for everything.
pub(crate) const MAX_ENTRIES: usize = 64;

/// The cache lives in the host's memory, once per tenant.
const MAX_CACHE: ByteSize = ByteSize::mib(64);

/// The store is on the host's disk, once per tenant.
const MAX_KV: ByteSize = ByteSize::mib(1024);

/// More keys belong in a database.
const MAX_KV_KEYS: u32 = 1_000_000;

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

pub(crate) fn check_cache(max_bytes: ByteSize, findings: &mut Findings) {
    let why = "the cache is in the host's memory, once per tenant";
    findings.range("max-bytes", &max_bytes, &ByteSize::kib(1), &MAX_CACHE, why);
}

pub(crate) fn check_kv(max_bytes: Option<ByteSize>, max_keys: Option<u32>, findings: &mut Findings) {
    if let Some(bytes) = max_bytes {
        let why = "the store is on the host's disk, once per tenant";
        findings.range("max-bytes", &bytes, &ByteSize::kib(1), &MAX_KV, why);
    }
    if let Some(keys) = max_keys {
        findings.range("max-keys", &keys, &1, &MAX_KV_KEYS, "more keys belong in a database");
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
