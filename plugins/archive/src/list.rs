//! What is in an archive.

use std::io::Read;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    check::{Checker, Problem},
    entry::{Item, Kind, Visitor},
    fault::{Fault, Result},
    format::Format,
    meter::Meter,
    pattern::Patterns,
    source::{Archive, Purpose},
};

/// An entry.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Entry {
    /// Its name as the archive has it.
    name: String,
    /// What it is.
    kind: Kind,
    /// Its length in bytes, as stated; absent where the format does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Its bytes in the archive; absent in a tar.
    #[serde(skip_serializing_if = "Option::is_none")]
    packed_bytes: Option<u64>,
    /// When it was changed; in a zip without time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// Where a link leads; absent in a zip.
    #[serde(skip_serializing_if = "Option::is_none")]
    link_to: Option<String>,
    /// Why it is not extracted, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// A page of the entries.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Listing {
    /// The archive's format.
    format: Format,
    /// The entries of the page, in the archive's order.
    entries: Vec<Entry>,
    /// Entries that match, on all pages.
    total_entries: u64,
    /// Their bytes as stated.
    total_bytes: u64,
    /// How many of them have a `problem`.
    unsafe_entries: u64,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

struct Lister {
    include: Patterns,
    checker: Checker,
    skip: u64,
    limit: usize,
    page: Listing,
}

/// Lists the entries from `cursor` on.
pub(crate) fn list(
    path: &str,
    include: Vec<String>,
    limit: u32,
    cursor: Option<&str>,
    meter: &Meter<'_>,
) -> Result<Listing> {
    let skip = cursor.map_or(Ok(0), |cursor| {
        cursor.parse().map_err(|_| Fault::Argument("`cursor` is not one that `next_cursor` gave".into()))
    })?;
    let include = Patterns::new("include", include)?;
    let archive = Archive::open(path, meter)?;
    let page = Listing {
        format: archive.format,
        entries: Vec::new(),
        total_entries: 0,
        total_bytes: 0,
        unsafe_entries: 0,
        next_cursor: None,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut lister = Lister { include, checker: Checker::default(), skip, limit, page };
    archive.walk(Purpose::Names, &mut lister)?;
    lister.include.all_used("include")?;
    let Lister { mut page, .. } = lister;
    let end = skip.saturating_add(page.entries.len() as u64);
    page.next_cursor = (end < page.total_entries).then(|| end.to_string());
    Ok(page)
}

impl Visitor for Lister {
    fn visit(&mut self, item: &Item, _: &mut dyn Read) -> Result<()> {
        let checked = self.checker.check(item)?;
        let name = checked.as_ref().map_or(item.name.as_str(), String::as_str);
        if !self.include.is_empty() && !self.include.matches(name) {
            return Ok(());
        }
        let page = &mut self.page;
        let index = page.total_entries;
        page.total_entries += 1;
        page.total_bytes = page.total_bytes.saturating_add(item.bytes.unwrap_or(0));
        page.unsafe_entries += u64::from(checked.is_err());
        if index >= self.skip && page.entries.len() < self.limit {
            page.entries.push(Entry {
                name: item.name.clone(),
                kind: item.kind,
                bytes: item.bytes.filter(|_| item.kind == Kind::File),
                packed_bytes: item.packed_bytes.filter(|_| item.kind == Kind::File),
                modified: item.modified.clone(),
                link_to: item.link_to.clone(),
                problem: checked.err(),
            });
        }
        Ok(())
    }
}
