//! The text of an archived page.

use tandem_html_text::{Page, Style, Syntax, decode, text};
use tandem_sdk::prelude::*;
use url::Url;

use crate::limits::{MAX_PAGE_BYTES, MAX_TAGS};
use crate::record::Damage;

/// How a text is written.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Markdown with headings, links, lists and tables.
    #[default]
    Markdown,
    /// Text without marks.
    Text,
}

/// Title and text of a body.
pub(crate) struct Written {
    pub(crate) title: Option<String>,
    pub(crate) text: String,
}

pub(crate) fn is_html(media_type: &str) -> bool {
    matches!(media_type, "text/html" | "application/xhtml+xml")
}

/// Whether a media type is one of text.
pub(crate) fn is_text(media_type: &str) -> bool {
    is_html(media_type)
        || media_type.starts_with("text/")
        || media_type.ends_with("json")
        || media_type.ends_with("xml")
        || media_type.ends_with("javascript")
}

/// Parses a body that is HTML.
pub(crate) fn parse(url: Option<&str>, body: &[u8], charset: Option<&str>) -> Result<Page, Damage> {
    let html = decode(body, charset);
    if html.len() > MAX_PAGE_BYTES * 2 {
        return Err(Damage(format!("its page has more than {MAX_PAGE_BYTES} bytes")));
    }
    let tags = html.bytes().filter(|byte| *byte == b'<').count();
    if tags > MAX_TAGS {
        return Err(Damage(format!("its page has {tags} tags; at most {MAX_TAGS} are read")));
    }
    let page = Page::parse(&html, Syntax::Html)?;
    let Some(url) = url.and_then(|url| Url::parse(url).ok()) else { return Ok(page) };
    let named = page.first("base[href]").and_then(|base| url.join(base.attr("href")?).ok());
    let base = named.unwrap_or(url);
    Ok(page.with_links(move |href| base.join(href.trim()).ok().map(String::from)))
}

/// The text of a body: its main part if it is HTML.
pub(crate) fn write(
    url: Option<&str>,
    media_type: &str,
    charset: Option<&str>,
    body: &[u8],
    format: Format,
) -> Result<Written, Damage> {
    if !is_html(media_type) {
        return Ok(Written { title: None, text: decode(body, charset) });
    }
    let page = parse(url, body, charset)?;
    let style = Style { markdown: format == Format::Markdown, content_only: true };
    let text = text::content(&page).map(|element| text::write(&page, element, style)).unwrap_or_default();
    Ok(Written { title: text::title(&page), text })
}
