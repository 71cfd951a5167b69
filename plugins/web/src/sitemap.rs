//! `web_sitemap`: the pages that a site names.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use tandem_html_text::decode;
use tandem_sdk::prelude::*;
use tandem_web_fetch::fetch::Fetched;
use tandem_web_fetch::limits::MAX_URL_BYTES;
use tandem_web_fetch::{address, fetch, permission};
use url::Url;

use crate::limits::{MAX_LOCATIONS, MAX_SITEMAP_BYTES};
use crate::xml::{Node, walk};
use crate::{dates, pager};

/// What a sitemap lists.
#[output]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Pages.
    Pages,
    /// Further sitemaps: call the tool again for one of them.
    Sitemaps,
}

/// A page, or a further sitemap.
#[output]
#[derive(Debug)]
pub struct Location {
    /// Where it is.
    pub url: String,
    /// When it was changed last, in UTC, as the site says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub modified: Option<String>,
}

/// A sitemap.
#[output]
#[derive(Debug)]
pub struct Sitemap {
    /// Where it came from, after redirects; robots.txt, where that names the sitemaps.
    pub url: String,
    /// Whether `entries` are `pages` or further `sitemaps`.
    pub kind: Kind,
    /// In the order of the sitemap.
    pub entries: Vec<Location>,
    /// How many there are.
    pub total: usize,
    /// The `cursor` for the rest; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub next_cursor: Option<String>,
}

/// What is asked for.
pub(crate) struct Request<'a> {
    pub(crate) contains: Option<&'a str>,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
}

/// What was read, before a page of it is cut out.
struct Listed {
    url: String,
    kind: Kind,
    entries: Vec<Location>,
}

pub(crate) fn run(ctx: &Ctx, url: &str, request: &Request<'_>) -> Result<Sitemap> {
    let url = address::parse("url", url)?;
    let Listed { url, kind, mut entries } = listed(ctx, url)?;
    if let Some(part) = request.contains {
        entries.retain(|entry| entry.url.contains(part));
    }
    let total = entries.len();
    let slice = pager::slice(total, request.limit, request.cursor)?;
    let entries = entries.into_iter().take(slice.end).skip(slice.start).collect();
    Ok(Sitemap { url, kind, entries, total, next_cursor: slice.next_cursor })
}

/// For the address of a site, what its robots.txt names, or its /sitemap.xml.
fn listed(ctx: &Ctx, mut url: Url) -> Result<Listed> {
    if url.path() == "/" && url.query().is_none() {
        let named = permission::rules(&url)?.sitemaps;
        let robots = url.join("/robots.txt").map_err(|e| Error::other(format!("{url}: {e}")))?;
        url.set_path("/sitemap.xml");
        match named.as_slice() {
            [] => {}
            [only] => url = address::parse("url", only)?,
            _ => {
                let entries = named.into_iter().map(|url| Location { url, modified: None }).collect();
                return Ok(Listed { url: robots.into(), kind: Kind::Sitemaps, entries });
            }
        }
    }
    let fetched = fetch::get_up_to(ctx, url, MAX_SITEMAP_BYTES)?;
    read(&fetched)
}

fn read(fetched: &Fetched) -> Result<Listed> {
    let unpacked;
    let body = if fetched.body.starts_with(&[0x1F, 0x8B]) {
        unpacked = unpack(fetched)?;
        &unpacked
    } else {
        &fetched.body
    };
    let text = decode(body, fetched.charset.as_deref());
    let text = text.trim_start();
    if text.starts_with('<') { xml(&fetched.url, text) } else { lines(&fetched.url, text) }
}

fn unpack(fetched: &Fetched) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    let limit = u64::try_from(MAX_SITEMAP_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(fetched.body.as_slice())
        .take(limit)
        .read_to_end(&mut body)
        .map_err(|error| Error::other(format!("{}: not gzip that can be unpacked: {error}", fetched.url)))?;
    if body.len() > MAX_SITEMAP_BYTES {
        return Err(Error::other(format!(
            "{} unpacks to more than {MAX_SITEMAP_BYTES} bytes, the limit of this tool",
            fetched.url
        )));
    }
    Ok(body)
}

/// A text with an address on each line.
fn lines(url: &Url, text: &str) -> Result<Listed> {
    let mut entries = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !line.starts_with("http://") && !line.starts_with("https://") {
            return Err(Error::other(format!("{url} is not a sitemap: it is neither XML nor a list of URLs")));
        }
        add(&mut entries, url, Location { url: line.to_owned(), modified: None })?;
    }
    Ok(Listed { url: url.to_string(), kind: Kind::Pages, entries })
}

fn xml(url: &Url, text: &str) -> Result<Listed> {
    let (mut kind, mut depth) = (None, 0_usize);
    let (mut entries, mut entry, mut value) = (Vec::new(), (None, None), String::new());
    walk(url.as_str(), text, |node| {
        match node {
            Node::Start { name, .. } => {
                if depth == 0 {
                    kind = Some(kind_of(url, name)?);
                }
                depth += 1;
                value.clear();
            }
            Node::Text { plain, .. } => value.push_str(plain),
            // Pictures and videos of a page have addresses of their own, deeper.
            Node::End { name, .. } => {
                depth = depth.saturating_sub(1);
                match (depth, local(name)) {
                    (2, "loc") => entry.0 = Some(value.trim().to_owned()).filter(|url| !url.is_empty()),
                    (2, "lastmod") => entry.1 = Some(dates::normal(&value)),
                    (1, "url" | "sitemap") => {
                        if let (Some(found), modified) = std::mem::take(&mut entry) {
                            add(&mut entries, url, Location { url: found, modified })?;
                        }
                    }
                    _ => {}
                }
                value.clear();
            }
        }
        Ok(())
    })?;
    let kind = kind.ok_or_else(|| Error::other(format!("{url} is not a sitemap: it has no element")))?;
    Ok(Listed { url: url.to_string(), kind, entries })
}

fn kind_of(url: &Url, root: &str) -> Result<Kind> {
    match local(root) {
        "urlset" => Ok(Kind::Pages),
        "sitemapindex" => Ok(Kind::Sitemaps),
        _ => Err(Error::other(format!(
            "{url} is not a sitemap: its root is `{root}`, not `urlset` or `sitemapindex`; for feeds use `web_feed`, for pages `web_links`"
        ))),
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn add(entries: &mut Vec<Location>, url: &Url, entry: Location) -> Result<()> {
    if entries.len() >= MAX_LOCATIONS {
        return Err(Error::other(format!("{url} lists more than {MAX_LOCATIONS} URLs, which sitemaps.org allows")));
    }
    // Nothing could read a longer one.
    if entry.url.len() <= MAX_URL_BYTES {
        entries.push(entry);
    }
    Ok(())
}
