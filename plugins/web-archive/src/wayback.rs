//! `web_archive_wayback`: the Wayback Machine of the Internet Archive.

use tandem_sdk::prelude::*;
use tandem_web_fetch::limits::MAX_PAGE_BYTES;
use tandem_web_fetch::{address, fetch, request};
use url::Url;

use crate::cdxj::{Capture, Entry};
use crate::crawl::{PageText, Part};
use crate::page::{self, Format};
use crate::record::Damage;
use crate::remote::{self, Scope};
use crate::stamp;

const CAPTURES: &str = "https://web.archive.org/cdx/search/cdx";
const PAGES: &str = "https://web.archive.org/web/";
/// The fields of a capture that are asked for, in this order.
const FIELDS: &str = "timestamp,original,mimetype,statuscode,digest,length";

/// What the Wayback Machine has: captures, or the text of one.
#[output]
pub(crate) struct Wayback {
    /// The captures, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    captures: Vec<Capture>,
    /// Whether there are more than `limit`: narrow the search by `from`, `to` or `scope`.
    more: bool,
    /// The page, where it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PageText")]
    page: Option<PageText>,
}

/// What is searched for.
pub(crate) struct Search<'a> {
    pub(crate) url: &'a str,
    pub(crate) scope: Option<Scope>,
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
    pub(crate) limit: u32,
}

pub(crate) fn captures(ctx: &Ctx, search: &Search<'_>) -> Result<Wayback> {
    let mut request = remote::get(CAPTURES)?.query("url", search.url).query("output", "json").query("fl", FIELDS);
    request = request.query("limit", search.limit).query("matchType", Scope::of(search.scope, search.url).name());
    for (name, time) in [("from", search.from), ("to", search.to)] {
        if let Some(time) = time {
            request = request.query(name, stamp::parse(name, time)?);
        }
    }
    let rows: Vec<Vec<String>> = match remote::ask(ctx, request)? {
        Some(answer) if !answer.body.trim_ascii().is_empty() => answer.json()?,
        _ => Vec::new(),
    };
    // The first row names the fields.
    let captures: Vec<Capture> = rows.into_iter().skip(1).filter_map(capture).collect();
    Ok(Wayback { more: captures.len() >= search.limit as usize, captures, page: None })
}

fn capture(row: Vec<String>) -> Option<Capture> {
    let mut fields = row.into_iter();
    let (timestamp, url) = (fields.next()?, fields.next()?);
    let mut known = || fields.next().filter(|value| value != "-");
    let (mime, status, digest, length) = (known(), known(), known(), known());
    Some(Entry { url, mime, status, digest, length, timestamp, ..Entry::default() }.into_capture())
}

/// The text of the capture nearest to a time, or of the newest.
pub(crate) fn page(ctx: &Ctx, url: &str, timestamp: Option<&str>, format: Format, part: Part) -> Result<Wayback> {
    let url = address::parse("url", url)?;
    let wanted = match timestamp {
        Some(time) => stamp::parse("timestamp", time)?,
        None => stamp::digits(&stamp::now()?),
    };
    // `id_`: the page as it was, without the links and frames of the archive.
    let mut visited = vec![Url::parse(&format!("{PAGES}{wanted}id_/{url}")).map_err(Error::other)?];
    let (at, response) = loop {
        ctx.check()?;
        let Some(at) = visited.last().cloned() else { return Err(Error::other("no URL")) };
        let request = request::request("GET", &at).max_bytes(MAX_PAGE_BYTES);
        let response = request.send().map_err(|error| request::failed(&at, &error))?;
        match request::target(&at, &response.headers).filter(|_| (300..400).contains(&response.status)) {
            Some(next) if next.host_str() == at.host_str() => fetch::follow(&mut visited, next)?,
            Some(next) => return Err(Error::other(format!("{at} redirects to {next}, which is not in the archive"))),
            None => break (at, response),
        }
    };
    if response.status == 404 {
        return Err(Error::not_found(format!("the Wayback Machine has no capture of {url}")));
    }
    let fetched = fetch::answered(at, response)?;
    let failed = |why: &str| Error::other(format!("{}: {why}", fetched.url));
    if !page::is_text(&fetched.media_type) {
        return Err(failed(&format!("it is not text: its type is `{}`", fetched.media_type)));
    }
    let charset = fetched.charset.as_deref();
    let written = page::write(Some(url.as_str()), &fetched.media_type, charset, &fetched.body, format)
        .map_err(|Damage(why)| failed(&why))?;
    let (content, total_chars, next_start) = part.of(&written.text)?;
    // The address of a capture has its time.
    let date = stamp::digits(fetched.url.path().trim_start_matches("/web/").split("id_").next().unwrap_or_default());
    let date = stamp::date(&date);
    let (media_type, title) = (fetched.media_type, written.title);
    let page = PageText { url: url.to_string(), date, media_type, title, content, total_chars, next_start };
    Ok(Wayback { captures: Vec::new(), more: false, page: Some(page) })
}
