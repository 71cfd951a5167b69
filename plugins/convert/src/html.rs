//! HTML as Markdown or text.

use tandem_html_text::{Page, Style, Syntax, text};
use tandem_sdk::prelude::*;

use crate::limits::{MAX_HTML_BYTES, MAX_HTML_TAGS};

/// A page as Markdown or text. `what` names it in errors.
pub(crate) fn render(what: &str, html: &str, syntax: Syntax, markdown: bool) -> Result<String> {
    let invalid = |why: &dyn std::fmt::Display| Error::invalid_arguments(format!("path: {what}: {why}"));
    if html.len() > MAX_HTML_BYTES {
        return Err(invalid(&format!("more than {MAX_HTML_BYTES} bytes of HTML")));
    }
    let tags = html.bytes().filter(|byte| *byte == b'<').count();
    if tags > MAX_HTML_TAGS {
        return Err(invalid(&format!("{tags} tags of HTML; at most {MAX_HTML_TAGS} are read")));
    }
    let page = Page::parse(html, syntax).map_err(|error| invalid(&error))?;
    let Some(body) = page.first("body").or_else(|| page.first("html")) else { return Ok(String::new()) };
    let mut written = text::write(&page, body, Style { markdown, content_only: false });
    if !written.is_empty() {
        written.push('\n');
    }
    Ok(written)
}
