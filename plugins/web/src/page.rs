//! A parsed HTML page: bounded in depth, walked without recursion.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use ego_tree::NodeId;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink};
use html5ever::{LocalName, TokenizerResult};
use scraper::{ElementRef, Html, HtmlTreeSink, Selector};
use tandem_sdk::prelude::*;
use url::Url;

use crate::charset;
use crate::fetch::Fetched;
use crate::limits::{MAX_DEPTH, MAX_SELECTOR_BYTES, MAX_SELECTOR_NESTING};

/// Elements that have no end tag, or whose end tags may be left out and that do not nest then.
const UNNESTED: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "html", "head", "body", "p", "li", "dd", "dt", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "option",
    "optgroup", "rt", "rp", "a", "button",
];

/// A page.
pub(crate) struct Page {
    /// Against which its links are resolved.
    pub(crate) base: Url,
    pub(crate) html: Html,
}

impl Page {
    /// Parses an answer that is HTML.
    pub(crate) fn parse(fetched: &Fetched) -> Result<Self> {
        let Fetched { url, media_type, .. } = fetched;
        if !is_html(fetched) {
            return Err(Error::other(format!(
                "{url} is not a web page: its type is `{media_type}`; use `web_fetch` with `format` `raw`"
            )));
        }
        let text = charset::decode(&fetched.body, fetched.charset.as_deref());
        let html = parse(&text).ok_or_else(|| {
            Error::other(format!(
                "{url}: more than {MAX_DEPTH} elements are open in each other; no browser shows such a page"
            ))
        })?;
        let mut page = Self { base: url.clone(), html };
        if let Some(base) = page.first("base[href]").and_then(|base| url.join(base.attr("href")?).ok()) {
            page.base = base;
        }
        Ok(page)
    }

    /// A page of a text that is HTML; none if it is nested too deeply.
    pub(crate) fn of_html(base: &Url, text: &str) -> Option<Self> {
        Some(Self { base: base.clone(), html: parse(text)? })
    }

    /// The first element that a selector of our own finds.
    pub(crate) fn first(&self, css: &str) -> Option<ElementRef<'_>> {
        let selector = Selector::parse(css).ok()?;
        self.html.select(&selector).next()
    }

    /// An absolute URL of an attribute; what is none stays as it is.
    pub(crate) fn resolve(&self, href: &str) -> String {
        self.base.join(href.trim()).map_or_else(|_| href.to_owned(), String::from)
    }
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

/// Parses a document; none if it is nested too deeply.
fn parse(text: &str) -> Option<Html> {
    let builder = TreeBuilder::new(HtmlTreeSink::new(Html::new_document()), TreeBuilderOpts::default());
    let sink = Bounded { builder, open: RefCell::default(), depth: Cell::new(0), exceeded: Cell::new(false) };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text));
    // A script or a declared encoding hands the control back.
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    let Bounded { builder, exceeded, .. } = tokenizer.sink;
    (!exceeded.get()).then(|| builder.sink.finish())
}

/// Counts open elements before the tree builder sees them: it looks through all of them for many tags.
struct Bounded {
    builder: TreeBuilder<NodeId, HtmlTreeSink>,
    open: RefCell<HashMap<LocalName, usize>>,
    depth: Cell<usize>,
    exceeded: Cell<bool>,
}

impl Bounded {
    fn count(&self, kind: TagKind, name: &LocalName) {
        if UNNESTED.contains(&&**name) {
            return;
        }
        let mut open = self.open.borrow_mut();
        let count = open.entry(name.clone()).or_default();
        match kind {
            TagKind::StartTag => {
                *count += 1;
                self.depth.set(self.depth.get() + 1);
            }
            TagKind::EndTag if *count > 0 => {
                *count -= 1;
                self.depth.set(self.depth.get().saturating_sub(1));
            }
            TagKind::EndTag => {}
        }
        if self.depth.get() > MAX_DEPTH {
            self.exceeded.set(true);
        }
    }
}

impl TokenSink for Bounded {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        if let Token::TagToken(tag) = &token
            // `<x/>` is a whole element in SVG and MathML only.
            && !(tag.self_closing && self.adjusted_current_node_present_but_not_in_html_namespace())
        {
            self.count(tag.kind, &tag.name);
        }
        if self.exceeded.get() {
            return TokenSinkResult::Continue;
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        if !self.exceeded.get() {
            self.builder.end();
        }
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        !self.exceeded.get() && self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}
