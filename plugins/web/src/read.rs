//! `web_fetch`: a page as Markdown, text, HTML or as it came.

use tandem_html_text::{Page, Style, decode, text};
use tandem_sdk::prelude::*;
use tandem_web_fetch::address;
use tandem_web_fetch::fetch::{self, Fetched};

use crate::page;

/// How a page is returned.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Markdown with headings, links, lists and tables.
    #[default]
    Markdown,
    /// Text without marks.
    Text,
    /// HTML of the part.
    Html,
    /// The answer as it came, decoded to text; for JSON, XML and plain text.
    Raw,
}

/// What of a page is returned.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The content without navigation, header, footer and sidebars.
    #[default]
    Main,
    /// The whole body.
    All,
}

/// A page.
#[output]
#[derive(Debug)]
pub struct Document {
    /// Where it came from, after redirects.
    pub url: String,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub title: Option<String>,
    /// Its media type, as the server says.
    pub content_type: String,
    /// The text, from `start` on.
    pub content: String,
    /// Characters of the whole text.
    pub total_length: usize,
    /// The `start` for the rest; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize")]
    pub next_start: Option<usize>,
}

/// What is asked for.
pub(crate) struct Request<'a> {
    pub(crate) format: Format,
    pub(crate) part: Part,
    pub(crate) selector: Option<&'a str>,
    pub(crate) start: u32,
    pub(crate) max_length: u32,
}

pub(crate) fn run(ctx: &Ctx, url: &str, request: &Request<'_>) -> Result<Document> {
    let url = address::parse("url", url)?;
    // Wrong arguments cost no request.
    request.selector.map(|css| page::selector("selector", css)).transpose()?;
    let fetched = fetch::get(ctx, url)?;
    document(&fetched, request)
}

/// The part of an answer that is asked for.
pub(crate) fn document(fetched: &Fetched, request: &Request<'_>) -> Result<Document> {
    let (title, text) = if request.format == Format::Raw || is_plain(fetched) {
        refuse_binary(fetched)?;
        (None, decode(&fetched.body, fetched.charset.as_deref()))
    } else {
        let page = page::parse(fetched)?;
        (text::title(&page), render(&page, fetched, request)?)
    };
    let total_length = text.chars().count();
    let start = usize::try_from(request.start).unwrap_or(usize::MAX);
    if start > 0 && start >= total_length {
        return Err(Error::invalid_arguments(format!(
            "`start` {start} is beyond the end: the text has {total_length} characters"
        )));
    }
    let length = usize::try_from(request.max_length).unwrap_or(usize::MAX);
    let end = start.saturating_add(length);
    Ok(Document {
        url: fetched.url.to_string(),
        title,
        content_type: fetched.media_type.clone(),
        content: text.chars().skip(start).take(length).collect(),
        total_length,
        next_start: (end < total_length).then_some(end),
    })
}

fn render(page: &Page, fetched: &Fetched, request: &Request<'_>) -> Result<String> {
    let main = request.part == Part::Main;
    let element = match request.selector {
        Some(css) => {
            let selector = page::selector("selector", css)?;
            Some(page.html.select(&selector).next().ok_or_else(|| {
                Error::not_found(format!("{} has no element that matches `selector` `{css}`", fetched.url))
            })?)
        }
        None if main => text::content(page),
        None => page.first("body").or_else(|| page.first("html")),
    };
    let Some(element) = element else { return Ok(String::new()) };
    let style =
        Style { markdown: request.format == Format::Markdown, content_only: main && request.selector.is_none() };
    Ok(match request.format {
        Format::Html => element.html(),
        _ => text::write(page, element, style),
    })
}

/// Whether an answer is text that needs no rendering.
fn is_plain(fetched: &Fetched) -> bool {
    let media_type = fetched.media_type.as_str();
    !page::is_html(fetched)
        && (media_type.starts_with("text/")
            || media_type.ends_with("json")
            || media_type.ends_with("xml")
            || media_type.ends_with("javascript"))
}

fn refuse_binary(fetched: &Fetched) -> Result<()> {
    let utf16 = fetched.body.starts_with(&[0xFF, 0xFE]) || fetched.body.starts_with(&[0xFE, 0xFF]);
    if fetched.body.iter().take(8192).any(|byte| *byte == 0) && !utf16 {
        return Err(Error::other(format!("{} is not text: its type is `{}`", fetched.url, fetched.media_type)));
    }
    Ok(())
}
