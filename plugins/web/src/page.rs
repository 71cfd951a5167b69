//! The page of an answer.

use tandem_html_text::scraper::Selector;
use tandem_html_text::{Page, PageError, Syntax, decode};
use tandem_sdk::prelude::*;
use tandem_web_fetch::fetch::Fetched;
use url::Url;

use crate::limits::{MAX_SELECTOR_BYTES, MAX_SELECTOR_NESTING};

/// Parses an answer that is HTML.
pub(crate) fn parse(fetched: &Fetched) -> Result<Page> {
    let Fetched { url, media_type, .. } = fetched;
    if !is_html(fetched) {
        return Err(Error::other(format!(
            "{url} is not a web page: its type is `{media_type}`; use `web_fetch` with `format` `raw`"
        )));
    }
    let text = decode(&fetched.body, fetched.charset.as_deref());
    of_html(url, &text).map_err(|error| Error::other(format!("{url}: {error}")))
}

/// Parses a page that is at `url`. A `<base>` in it wins.
pub(crate) fn of_html(url: &Url, text: &str) -> std::result::Result<Page, PageError> {
    let page = Page::parse(text, Syntax::Html)?;
    let named = page.first("base[href]").and_then(|base| url.join(base.attr("href")?).ok());
    let base = named.unwrap_or_else(|| url.clone());
    Ok(page.with_links(move |href| base.join(href.trim()).ok().map(String::from)))
}

/// Whether an answer is HTML, by its type or, without one, by its beginning.
pub(crate) fn is_html(fetched: &Fetched) -> bool {
    match fetched.media_type.as_str() {
        "text/html" | "application/xhtml+xml" => true,
        "" => fetched.body.trim_ascii_start().starts_with(b"<"),
        _ => false,
    }
}

/// Reads a CSS selector that a tool was given.
pub(crate) fn selector(argument: &str, css: &str) -> Result<Selector> {
    let nesting = css.bytes().filter(|byte| *byte == b'(').count();
    if css.len() > MAX_SELECTOR_BYTES || nesting > MAX_SELECTOR_NESTING {
        return Err(Error::invalid_arguments(format!(
            "`{argument}` is too long a selector: at most {MAX_SELECTOR_BYTES} bytes and {MAX_SELECTOR_NESTING} brackets"
        )));
    }
    Selector::parse(css).map_err(|e| {
        Error::invalid_arguments(format!(
            "`{argument}` is not a CSS selector: `{css}`: {e}; right would be `table.prices tr`"
        ))
    })
}
