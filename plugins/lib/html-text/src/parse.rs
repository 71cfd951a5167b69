//! Parses HTML within bounds.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use ego_tree::NodeId;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink};
use html5ever::{LocalName, TokenizerResult};
use scraper::{Html, HtmlTreeSink};

use crate::attributes;
use crate::limits::{MAX_DEPTH, PageError};

/// How elements without content are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// As HTML has it: `<p/>` opens a paragraph.
    Html,
    /// As XML has it: `<p/>` is a whole element. For pages of e-books.
    Xhtml,
}

/// Elements that have no end tag.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Elements that have no end tag, or whose end tags may be left out and that do not nest then.
const UNNESTED: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "html", "head", "body", "p", "li", "dd", "dt", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "option",
    "optgroup", "rt", "rp", "a", "button",
];

/// Parses a document.
pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Html, PageError> {
    attributes::check(text)?;
    let builder = TreeBuilder::new(HtmlTreeSink::new(Html::new_document()), TreeBuilderOpts::default());
    let sink = Bounded { builder, syntax, open: RefCell::default(), depth: Cell::new(0), exceeded: Cell::new(false) };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text));
    // A script or a declared encoding hands the control back.
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    let Bounded { builder, exceeded, .. } = tokenizer.sink;
    if exceeded.get() { Err(PageError::Depth) } else { Ok(builder.sink.finish()) }
}

/// Counts open elements before the tree builder sees them: it looks through all of them for many tags.
struct Bounded {
    builder: TreeBuilder<NodeId, HtmlTreeSink>,
    syntax: Syntax,
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

impl Bounded {
    /// Whether a tag is a whole element that HTML would leave open.
    fn is_whole(&self, tag: &Tag) -> bool {
        self.syntax == Syntax::Xhtml
            && tag.self_closing
            && tag.kind == TagKind::StartTag
            && !VOID.contains(&&*tag.name)
            && !self.adjusted_current_node_present_but_not_in_html_namespace()
    }

    /// Passes on a whole element as its two tags. The tokenizer stays as it is: no text of the element follows.
    fn whole(&self, tag: Tag, line: u64) -> TokenSinkResult<NodeId> {
        if !self.exceeded.get() {
            let end = Tag { kind: TagKind::EndTag, self_closing: false, attrs: Vec::new(), ..tag.clone() };
            // What the text of an element is read as: it has none.
            let _ = self.builder.process_token(Token::TagToken(Tag { self_closing: false, ..tag }), line);
            let _ = self.builder.process_token(Token::TagToken(end), line);
        }
        TokenSinkResult::Continue
    }
}

impl TokenSink for Bounded {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        let token = match token {
            Token::TagToken(tag) if self.is_whole(&tag) => return self.whole(tag, line),
            token => token,
        };
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
