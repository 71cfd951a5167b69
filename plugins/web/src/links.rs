//! `web_links`: the links of a page.

use std::collections::HashSet;

use tandem_html_text::scraper::{ElementRef, Selector};
use tandem_html_text::text;
use tandem_sdk::prelude::*;
use tandem_web_fetch::{address, fetch};
use url::Url;

use crate::{page, pager};

/// Which links are listed.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// All.
    #[default]
    All,
    /// Those to the host of the page.
    Internal,
    /// Those to other hosts.
    External,
}

/// A link.
#[output]
#[derive(Debug)]
pub struct Link {
    /// Where it leads, absolute.
    pub url: String,
    /// Its text, or the description of its picture.
    pub text: String,
    /// Whether it leads to another host.
    pub external: bool,
    /// What the page says of it, as `nofollow`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub rel: Option<String>,
}

/// Links of a page.
#[output]
#[derive(Debug)]
pub struct Links {
    /// Where the page came from, after redirects.
    pub url: String,
    /// In the order of the page, each address once.
    pub links: Vec<Link>,
    /// How many there are.
    pub total: usize,
    /// The `cursor` for the rest; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub next_cursor: Option<String>,
}

/// What is asked for.
pub(crate) struct Request<'a> {
    pub(crate) scope: Scope,
    pub(crate) contains: Option<&'a str>,
    pub(crate) selector: Option<&'a str>,
    pub(crate) limit: u32,
    pub(crate) cursor: Option<&'a str>,
}

pub(crate) fn run(ctx: &Ctx, url: &str, request: &Request<'_>) -> Result<Links> {
    let url = address::parse("url", url)?;
    let within = request.selector.map(|css| page::selector("selector", css)).transpose()?;
    let anchors = page::selector("selector", "a[href], area[href]")?;
    let fetched = fetch::get(ctx, url)?;
    let page = page::parse(&fetched)?;
    let (mut seen, mut links) = (HashSet::new(), Vec::new());
    for anchor in page.html.select(&anchors) {
        let inside =
            |within| anchor.ancestors().filter_map(ElementRef::wrap).any(|outer| Selector::matches(within, &outer));
        if within.as_ref().is_some_and(|within| !within.matches(&anchor) && !inside(within)) {
            continue;
        }
        let Some(mut target) = anchor.attr("href").and_then(|href| Url::parse(&page.resolve(href)).ok()) else {
            continue;
        };
        if !matches!(target.scheme(), "http" | "https" | "mailto" | "tel" | "ftp") {
            continue;
        }
        target.set_fragment(None);
        let external = target.host_str() != fetched.url.host_str();
        let wanted = match request.scope {
            Scope::All => true,
            Scope::Internal => !external,
            Scope::External => external,
        };
        if !wanted || request.contains.is_some_and(|part| !target.as_str().contains(part)) {
            continue;
        }
        let target = String::from(target);
        if seen.insert(target.clone()) {
            links.push((target, anchor, external));
        }
    }
    let slice = pager::slice(links.len(), request.limit, request.cursor)?;
    let shown = links.iter().take(slice.end).skip(slice.start);
    let links_shown = shown.map(|(url, anchor, external)| Link {
        url: url.clone(),
        text: label(*anchor),
        external: *external,
        rel: anchor.attr("rel").map(str::to_owned),
    });
    Ok(Links {
        url: fetched.url.to_string(),
        links: links_shown.collect(),
        total: links.len(),
        next_cursor: slice.next_cursor,
    })
}

/// The text of a link; that of a picture, or the title, if it has none.
fn label(anchor: ElementRef<'_>) -> String {
    let text = text::plain(anchor);
    if !text.is_empty() {
        return text.chars().take(300).collect();
    }
    let picture = anchor.descendent_elements().find_map(|inner| inner.attr("alt"));
    let label = picture.or_else(|| anchor.attr("aria-label")).or_else(|| anchor.attr("title")).unwrap_or_default();
    label.trim().chars().take(300).collect()
}
