//! What the tool returns: a page of entries, with their texts rendered.

use tandem_html_text::{Style, decode, text};
use tandem_sdk::prelude::*;
use tandem_web_fetch::address;
use tandem_web_fetch::fetch::{self, Fetched};
use url::Url;

use super::model::{Enclosure, Entry, Feed};
use super::raw::{RawEntry, RawFeed, Text};
use super::{json, xml};
use crate::limits::{ENTRY_CHARS, MAX_ANSWER_BYTES, SUMMARY_CHARS};
use crate::{dates, page, pager};

/// What is asked for.
pub(crate) struct Request<'a> {
    pub(crate) content: bool,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
}

pub(crate) fn run(ctx: &Ctx, url: &str, request: &Request<'_>) -> Result<Feed> {
    let fetched = fetch::get(ctx, address::parse("url", url)?)?;
    let feed = read(&fetched)?;
    let total = feed.entries.len();
    let slice = pager::slice(total, request.limit, request.cursor)?;
    let (mut entries, mut bytes) = (Vec::new(), 0);
    for entry in feed.entries.into_iter().take(slice.end).skip(slice.start) {
        ctx.check()?;
        let entry = show(entry, &fetched.url, request.content);
        bytes += entry.size();
        // One entry is always shown, so that pages go on.
        if bytes > MAX_ANSWER_BYTES && !entries.is_empty() {
            break;
        }
        entries.push(entry);
    }
    let end = slice.start + entries.len();
    Ok(Feed {
        url: fetched.url.to_string(),
        format: feed.format,
        title: feed.title.map(|title| line(&title, &fetched.url, SUMMARY_CHARS)).unwrap_or_default(),
        description: feed.description.map(|text| line(&text, &fetched.url, SUMMARY_CHARS)),
        link: feed.link.map(|link| absolute(&fetched.url, &link)),
        language: feed.language.map(|language| language.chars().take(40).collect()),
        updated: feed.updated.map(|date| dates::normal(&date)),
        next_cursor: (end < total).then(|| end.to_string()),
        entries,
        total,
    })
}

fn read(fetched: &Fetched) -> Result<RawFeed> {
    let body = decode(&fetched.body, fetched.charset.as_deref());
    let body = body.trim_start();
    if body.starts_with(['{', '[']) {
        return json::read(body).map_err(|problem| Error::other(format!("{} is {problem}", fetched.url)));
    }
    let html = matches!(fetched.media_type.as_str(), "text/html" | "application/xhtml+xml") || !body.starts_with('<');
    let is_feed = ["<rss", "<feed", "<rdf:RDF", "<atom:feed"].iter().any(|root| body.contains(root));
    if html && !is_feed {
        return Err(not_a_feed(fetched));
    }
    xml::read(fetched.url.as_str(), body)
}

/// The error for a page, with the feeds that it names.
fn not_a_feed(fetched: &Fetched) -> Error {
    /// Feeds that are named.
    const MAX_NAMED: usize = 5;
    let page = page::parse(fetched).ok();
    let selector = page::selector("url", "link[rel~=alternate][href][type]").ok();
    let named: Vec<String> = match (&page, &selector) {
        (Some(page), Some(selector)) => {
            let links = page.html.select(selector).filter(|link| {
                let kind = link.attr("type").unwrap_or_default();
                ["rss", "atom", "feed+json"].iter().any(|feed| kind.contains(feed))
            });
            links.filter_map(|link| Some(page.resolve(link.attr("href")?))).take(MAX_NAMED).collect()
        }
        _ => Vec::new(),
    };
    let url = &fetched.url;
    if named.is_empty() {
        return Error::other(format!("{url} is not a feed, and names none; to read the page use `web_fetch`"));
    }
    Error::other(format!("{url} is not a feed, but a page that names these: {}", named.join(", ")))
}

fn show(entry: RawEntry, base: &Url, with_content: bool) -> Entry {
    let text = entry.summary.as_ref().or(entry.content.as_ref());
    let summary = text.map(|text| line(text, base, SUMMARY_CHARS)).filter(|summary| !summary.is_empty());
    let full = entry.content.as_ref().or(entry.summary.as_ref()).filter(|_| with_content);
    Entry {
        title: entry.title.map(|title| line(&title, base, SUMMARY_CHARS)).unwrap_or_default(),
        url: entry.link.map(|link| absolute(base, &link)),
        id: entry.id.map(|id| id.chars().take(SUMMARY_CHARS).collect()),
        published: entry.published.map(|date| dates::normal(&date)),
        updated: entry.updated.map(|date| dates::normal(&date)),
        authors: entry.authors,
        categories: entry.categories,
        summary,
        content: full.map(|text| render(text, base, true).chars().take(ENTRY_CHARS).collect()),
        enclosures: entry
            .files
            .into_iter()
            .map(|file| Enclosure { url: absolute(base, &file.url), media_type: file.media_type, bytes: file.bytes })
            .collect(),
    }
}

fn absolute(base: &Url, link: &str) -> String {
    base.join(link.trim()).map_or_else(|_| link.trim().to_owned(), String::from)
}

/// A text on one line.
fn line(text: &Text, base: &Url, chars: usize) -> String {
    let rendered = render(text, base, false);
    let words: Vec<&str> = rendered.split_whitespace().collect();
    words.join(" ").chars().take(chars).collect()
}

/// A text as Markdown or without marks. What is nested too deeply has none.
fn render(text: &Text, base: &Url, markdown: bool) -> String {
    if !text.html || !text.text.contains(['<', '&']) {
        return text.text.clone();
    }
    let Ok(page) = page::of_html(base, &text.text) else { return String::new() };
    let Some(body) = page.first("body") else { return String::new() };
    text::write(&page, body, Style { markdown, content_only: false })
}
