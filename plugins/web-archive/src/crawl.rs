//! `web_archive_search` and `web_archive_get`: Common Crawl.

use serde::Deserialize;
use tandem_sdk::prelude::*;
use tandem_web_fetch::{address, request};
use url::Url;

use crate::cdxj::{Capture, Entry};
use crate::container::{Located, member};
use crate::limits::MAX_MEMBER_BYTES;
use crate::page::Format;
use crate::record::Damage;
use crate::remote::{self, Scope};
use crate::text;

const INDEXES: &str = "https://index.commoncrawl.org/collinfo.json";
const INDEX: &str = "https://index.commoncrawl.org/";
const DATA: &str = "https://data.commoncrawl.org/";
/// Captures of one address among which the nearest is looked for.
const CANDIDATES: u32 = 1000;

/// A crawl of Common Crawl.
#[output]
#[derive(Deserialize)]
pub(crate) struct Crawl {
    /// Its identifier, as `CC-MAIN-2026-05`.
    pub(crate) id: String,
    /// What it is called.
    #[serde(default)]
    name: String,
}

/// Captures of Common Crawl, or its crawls.
#[output]
pub(crate) struct Found {
    /// The crawl that was searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    crawl: Option<String>,
    /// The captures.
    captures: Vec<Capture>,
    /// The crawls, the newest first, where no `url` was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    crawls: Vec<Crawl>,
    /// Whether there are more than `limit`: narrow the search by `from`, `to` or `scope`.
    more: bool,
}

/// What is searched for.
pub(crate) struct Search<'a> {
    pub(crate) url: Option<&'a str>,
    pub(crate) crawl: Option<&'a str>,
    pub(crate) scope: Option<Scope>,
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
    pub(crate) limit: u32,
}

/// A capture that was read.
#[output]
pub(crate) struct PageText {
    /// Where the page was.
    pub(crate) url: String,
    /// When it was captured, as RFC 3339.
    pub(crate) date: String,
    /// Its media type.
    pub(crate) media_type: String,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) title: Option<String>,
    /// Its text, from `start` on.
    pub(crate) content: String,
    /// Characters of the whole text.
    pub(crate) total_chars: u64,
    /// The `start` for the rest; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub(crate) next_start: Option<u64>,
}

/// A part of a text: where it begins and how long it is, in characters.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(crate) start: u32,
    pub(crate) max_length: u32,
}

impl Part {
    /// This part of a text, its length, and where the next one begins.
    pub(crate) fn of(self, text: &str) -> Result<(String, u64, Option<u64>)> {
        let (start, total) = (u64::from(self.start), text.chars().count() as u64);
        if start > 0 && start >= total {
            return Err(Error::invalid_arguments(format!(
                "start: {start} is beyond the end: the text has {total} characters"
            )));
        }
        let end = start + u64::from(self.max_length);
        let part = text.chars().skip(self.start as usize).take(self.max_length as usize).collect();
        Ok((part, total, (end < total).then_some(end)))
    }
}

fn crawls(ctx: &Ctx) -> Result<Vec<Crawl>> {
    let answer = remote::ask(ctx, remote::get(INDEXES)?)?;
    let answer = answer.ok_or_else(|| Error::unavailable(format!("{INDEXES} is not there; try again later")))?;
    let crawls: Vec<Crawl> = answer.json()?;
    if crawls.is_empty() { Err(Error::unavailable(format!("{INDEXES} names no crawl"))) } else { Ok(crawls) }
}

/// The crawl that is meant: the newest unless named.
fn choose(ctx: &Ctx, crawl: Option<&str>) -> Result<String> {
    let Some(crawl) = crawl else {
        return crawls(ctx)?.into_iter().next().map(|crawl| crawl.id).ok_or_else(|| Error::other("no crawl"));
    };
    let valid = crawl.starts_with("CC-MAIN-") && crawl.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !valid {
        return Err(Error::invalid_arguments(format!(
            "crawl: `{crawl}` is not a crawl; right would be `CC-MAIN-2026-05`; without `url` they are listed"
        )));
    }
    Ok(crawl.to_owned())
}

fn captures(ctx: &Ctx, crawl: &str, search: &Search<'_>, url: &str) -> Result<Vec<Entry>> {
    let at = format!("{INDEX}{crawl}-index");
    let mut request = remote::get(&at)?.query("url", url).query("output", "json").query("limit", search.limit);
    request = request.query("matchType", Scope::of(search.scope, url).name());
    for (name, time) in [("from", search.from), ("to", search.to)] {
        if let Some(time) = time {
            request = request.query(name, crate::stamp::parse(name, time)?);
        }
    }
    // Without a capture it answers with 404.
    let Some(answer) = remote::ask(ctx, request)? else { return Ok(Vec::new()) };
    remote::entries(&at, &answer)
}

pub(crate) fn search(ctx: &Ctx, search: &Search<'_>) -> Result<Found> {
    let limit = search.limit as usize;
    let Some(url) = search.url else {
        let mut crawls = crawls(ctx)?;
        let more = crawls.len() > limit;
        crawls.truncate(limit);
        return Ok(Found { crawl: None, captures: Vec::new(), crawls, more });
    };
    for (name, time) in [("from", search.from), ("to", search.to)] {
        time.map(|time| crate::stamp::parse(name, time)).transpose()?;
    }
    let crawl = choose(ctx, search.crawl)?;
    let captures = captures(ctx, &crawl, search, url)?;
    let more = captures.len() >= limit;
    let captures = captures.into_iter().take(limit).map(Entry::into_capture).collect();
    Ok(Found { crawl: Some(crawl), captures, crawls: Vec::new(), more })
}

/// The record that an entry names, by a request for its bytes alone.
fn record(ctx: &Ctx, entry: &Entry) -> Result<Located> {
    let (Some(name), Some(offset), Some(length)) = (&entry.filename, entry.offset(), entry.length()) else {
        return Err(Error::other(format!("the index names no archive for {}", entry.url)));
    };
    if length == 0 || length > MAX_MEMBER_BYTES || name.contains("..") {
        return Err(Error::other(format!(
            "the record of {} has {length} bytes; 1 to {MAX_MEMBER_BYTES} are read",
            entry.url
        )));
    }
    let url = Url::parse(DATA).and_then(|data| data.join(name.trim_start_matches('/'))).map_err(Error::other)?;
    ctx.check()?;
    let range = format!("bytes={offset}-{}", offset.saturating_add(length - 1));
    let request = request::request("GET", &url).header("range", range).max_bytes(length as usize);
    let response = request.send().map_err(|error| request::failed(&url, &error))?;
    if response.status != 206 {
        tandem_web_fetch::fetch::succeeded(&url, response.status)?;
        return Err(Error::unavailable(format!(
            "{url} answered with status {} to a request for a part",
            response.status
        )));
    }
    let (record, _) = member(&mut response.body.as_slice())
        .map_err(|Damage(why)| Error::other(format!("{url}, record at offset {offset}: {why}")))?;
    Ok(Located { offset, length, record })
}

pub(crate) fn get(
    ctx: &Ctx,
    url: &str,
    crawl: Option<&str>,
    timestamp: Option<&str>,
    format: Format,
    part: Part,
) -> Result<PageText> {
    let url = address::parse("url", url)?;
    let timestamp = timestamp.map(|time| crate::stamp::parse("timestamp", time)).transpose()?;
    let crawl = choose(ctx, crawl)?;
    let all = Search { url: None, crawl: None, scope: Some(Scope::Exact), from: None, to: None, limit: CANDIDATES };
    let mut entries = captures(ctx, &crawl, &all, url.as_str())?;
    entries.retain(|entry| entry.status() == Some(200));
    let entry = remote::nearest(entries, timestamp.as_deref()).ok_or_else(|| {
        Error::not_found(format!("{crawl} has no capture of {url} with status 200; search other crawls by `crawl`"))
    })?;
    let located = record(ctx, &entry)?;
    let damaged = |why: &str| Error::other(format!("the record of {url} in {crawl}: {why}"));
    let text = text::of(&located, format, usize::MAX).map_err(|Damage(why)| damaged(&why))?;
    let text = text.ok_or_else(|| damaged("it is not text"))?;
    let (content, total_chars, next_start) = part.of(&text.text)?;
    Ok(PageText {
        url: text.url.unwrap_or_else(|| url.to_string()),
        date: text.date,
        media_type: text.media_type,
        title: text.title,
        content,
        total_chars,
        next_start,
    })
}
