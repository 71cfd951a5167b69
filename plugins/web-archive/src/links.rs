//! `web_archive_links`: the links of the pages of an archive.

use std::collections::HashSet;

use tandem_html_text::{scraper::Selector, text};
use tandem_sdk::prelude::*;

use crate::container::Located;
use crate::message::Message;
use crate::page;
use crate::record::Damage;
use crate::scan::{Scan, Skipped, scan};

/// Characters of the text of a link.
const MAX_TEXT_CHARS: usize = 300;

/// A link.
#[output]
pub(crate) struct Link {
    /// Where it leads, absolute.
    url: String,
    /// Its text.
    text: String,
}

/// The links of a page.
#[output]
pub(crate) struct PageLinks {
    /// Where the page was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    url: Option<String>,
    /// When it was captured, as RFC 3339.
    date: String,
    /// Each address once, in the order of the page, up to `max_links`.
    links: Vec<Link>,
    /// How many there are.
    total: u64,
}

/// The links of pages.
#[output]
pub(crate) struct Links {
    /// In the order of the archive.
    pages: Vec<PageLinks>,
    /// Pages that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<Skipped>,
    /// The `cursor` for the rest; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    next_cursor: Option<String>,
}

fn of(located: &Located, selector: &Selector, max_links: usize) -> Result<Option<PageLinks>, Damage> {
    let record = &located.record;
    let message = Message::of(record)?;
    let (media_type, charset) = message.media_type();
    if !page::is_html(&media_type) {
        return Ok(None);
    }
    if !record.is_whole() {
        return Err(Damage(format!("its {} bytes are more than a page has", record.block_bytes)));
    }
    let page = page::parse(record.url(), &message.body()?, charset.as_deref())?;
    let (mut seen, mut links) = (HashSet::new(), Vec::new());
    for anchor in page.html.select(selector) {
        let url = page.resolve(anchor.attr("href").unwrap_or_default());
        let url = url.split('#').next().unwrap_or_default().to_owned();
        if url.is_empty() || url.starts_with("javascript:") || !seen.insert(url.clone()) {
            continue;
        }
        if links.len() < max_links {
            links.push(Link { url, text: text::plain(anchor).chars().take(MAX_TEXT_CHARS).collect() });
        }
    }
    Ok(Some(PageLinks {
        url: record.url().map(str::to_owned),
        date: record.date().to_owned(),
        links,
        total: seen.len() as u64,
    }))
}

pub(crate) fn run(ctx: &Ctx, request: &Scan<'_>, max_links: u32) -> Result<Links> {
    let selector = Selector::parse("a[href], area[href]").map_err(|error| Error::other(error.to_string()))?;
    let (mut pages, mut skipped) = (Vec::new(), Vec::new());
    let next_cursor = scan(ctx, request, &mut |located| {
        if !matches!(located.record.kind(), "response" | "resource") {
            return Ok(None);
        }
        match of(located, &selector, max_links as usize) {
            Ok(None) => Ok(None),
            Ok(Some(page)) => {
                let bytes = page.links.iter().map(|link| link.url.len() + link.text.len() + 20).sum();
                pages.push(page);
                Ok(Some(bytes))
            }
            Err(Damage(why)) => {
                skipped.push(Skipped::new(located, why));
                Ok(Some(0))
            }
        }
    })?;
    Ok(Links { pages, skipped, next_cursor })
}
