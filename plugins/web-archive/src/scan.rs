//! Reads the records of an archive in pages.

use tandem_sdk::prelude::*;

use crate::container::{Archive, Located};
use crate::limits::{MAX_ANSWER_BYTES, PAGE_BYTES};

/// Which records are read.
pub(crate) struct Scan<'a> {
    pub(crate) path: &'a str,
    /// Only records whose address has this text.
    pub(crate) contains: Option<&'a str>,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
}

/// A record that could not be read as it was asked for.
#[output]
pub(crate) struct Skipped {
    /// Where it begins in the archive.
    pub(crate) offset: u64,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) url: Option<String>,
    /// Why.
    pub(crate) reason: String,
}

impl Skipped {
    pub(crate) fn new(located: &Located, reason: impl Into<String>) -> Self {
        Self { offset: located.offset, url: located.record.url().map(str::to_owned), reason: reason.into() }
    }
}

/// Calls `visit` for each record of the page, which tells how many bytes it adds to the answer, if any. Returns the cursor of the next
/// page.
pub(crate) fn scan(
    ctx: &Ctx,
    scan: &Scan<'_>,
    visit: &mut dyn FnMut(&Located) -> Result<Option<usize>>,
) -> Result<Option<String>> {
    let mut archive = Archive::open(scan.path)?;
    if let Some(cursor) = scan.cursor {
        let offset = cursor.parse().map_err(|_| {
            Error::invalid_arguments(format!("cursor: `{cursor}` is not the `next_cursor` of a call before"))
        })?;
        archive.seek("cursor", offset)?;
    }
    let (mut taken, mut bytes) = (0, 0);
    while taken < scan.limit && bytes < MAX_ANSWER_BYTES && archive.expanded() < PAGE_BYTES {
        ctx.check()?;
        ctx.progress(archive.at() as f64, Some(archive.bytes() as f64), "bytes");
        let Some(located) = archive.next()? else { return Ok(None) };
        let url = located.record.url().unwrap_or_default();
        if scan.contains.is_some_and(|part| !url.contains(part)) {
            continue;
        }
        if let Some(added) = visit(&located)? {
            (taken, bytes) = (taken + 1, bytes + added);
        }
    }
    Ok((archive.at() < archive.bytes()).then(|| archive.at().to_string()))
}
