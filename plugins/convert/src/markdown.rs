//! Markdown as HTML.

use pulldown_cmark::{Options, Parser};
use tandem_sdk::prelude::*;

use crate::limits::{MAX_MARKDOWN_BYTES, MAX_MARKDOWN_MARKS};

/// CommonMark with tables as HTML. HTML in it is passed on.
pub(crate) fn html(path: &str, markdown: &str) -> Result<String> {
    if markdown.len() > MAX_MARKDOWN_BYTES {
        return Err(Error::invalid_arguments(format!(
            "path: `{path}` has more than {MAX_MARKDOWN_BYTES} bytes of Markdown"
        )));
    }
    let marks = markdown.bytes().filter(|byte| b"\n\r*_[]<>&!`|~\\-+.)".contains(byte)).count();
    if marks > MAX_MARKDOWN_MARKS {
        return Err(Error::invalid_arguments(format!(
            "path: `{path}` has {marks} lines and marks of Markdown; at most {MAX_MARKDOWN_MARKS} are read"
        )));
    }
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, Parser::new_ext(markdown, Options::ENABLE_TABLES));
    Ok(out)
}
