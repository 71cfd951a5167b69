//! The blocks of a Markdown text.

use std::rc::Rc;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_BLOCK_DEPTH, MAX_TABLE_COLUMNS},
};

/// Text in one style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) style: Style,
    pub(crate) link: Option<Rc<str>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    pub(crate) code: bool,
}

/// A line break in a [`Span`].
pub(crate) const BREAK: char = '\n';

#[derive(Debug)]
pub(crate) enum Block {
    Heading(usize, Vec<Span>),
    Paragraph(Vec<Span>),
    Code(String),
    /// The number of the first item, and the items.
    List(Option<u64>, Vec<Vec<Block>>),
    Quote(Vec<Block>),
    /// Rows of cells; the first is the head.
    Table(Vec<Vec<Vec<Span>>>),
    Rule,
}

/// Reads a text.
pub(crate) fn parse(markdown: &str) -> Result<Vec<Block>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    let mut reader = Reader { events: Parser::new_ext(markdown, options) };
    reader.blocks(0)
}

struct Reader<'a> {
    events: Parser<'a>,
}

impl Reader<'_> {
    /// The blocks up to the end of the one that holds them.
    fn blocks(&mut self, depth: usize) -> Result<Vec<Block>> {
        if depth > MAX_BLOCK_DEPTH {
            return Err(Fault::Limit(format!(
                "the Markdown has lists or quotes more than {MAX_BLOCK_DEPTH} levels inside of each other, the bound of a text"
            )));
        }
        let mut blocks = Vec::new();
        // Items of a list without blank lines have text without a paragraph.
        let mut loose = Vec::new();
        while let Some(event) = self.events.next() {
            let block = match event {
                Event::Start(Tag::Heading { level, .. }) => Block::Heading(number(level), self.spans()),
                Event::Start(Tag::Paragraph) => Block::Paragraph(self.spans()),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) | Tag::HtmlBlock) => {
                    Block::Code(self.raw())
                }
                Event::Start(Tag::List(first)) => Block::List(first, self.items(depth)?),
                Event::Start(Tag::BlockQuote(_)) => Block::Quote(self.blocks(depth + 1)?),
                Event::Start(Tag::Table(_)) => Block::Table(self.rows()?),
                Event::Rule => Block::Rule,
                Event::End(TagEnd::Item | TagEnd::BlockQuote(_)) => break,
                inline => {
                    self.inline(inline, &mut loose);
                    continue;
                }
            };
            if !loose.is_empty() {
                blocks.push(Block::Paragraph(std::mem::take(&mut loose)));
            }
            blocks.push(block);
        }
        if !loose.is_empty() {
            blocks.push(Block::Paragraph(loose));
        }
        Ok(blocks)
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Vec<Block>>> {
        let mut items = Vec::new();
        while let Some(event) = self.events.next() {
            match event {
                Event::Start(Tag::Item) => items.push(self.blocks(depth + 1)?),
                Event::End(TagEnd::List(_)) => break,
                _ => {}
            }
        }
        Ok(items)
    }

    fn rows(&mut self) -> Result<Vec<Vec<Vec<Span>>>> {
        let mut rows: Vec<Vec<Vec<Span>>> = Vec::new();
        while let Some(event) = self.events.next() {
            match event {
                Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
                Event::Start(Tag::TableCell) => {
                    let cell = self.spans();
                    if let Some(row) = rows.last_mut() {
                        row.push(cell);
                    }
                }
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        if rows.first().is_some_and(|head| head.len() > MAX_TABLE_COLUMNS) {
            return Err(Fault::Limit(format!(
                "a table has more than {MAX_TABLE_COLUMNS} columns, the bound of a table"
            )));
        }
        Ok(rows)
    }

    /// The text up to the end of the block that holds it.
    fn spans(&mut self) -> Vec<Span> {
        let mut spans = Vec::new();
        while let Some(event) = self.events.next() {
            match event {
                Event::End(TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::TableCell) => break,
                event => self.inline(event, &mut spans),
            }
        }
        spans
    }

    /// One event of a line; a tag with all that is in it.
    fn inline(&mut self, event: Event<'_>, spans: &mut Vec<Span>) {
        let mut open: Vec<(Style, Option<Rc<str>>)> = vec![(Style::default(), None)];
        let mut next = Some(event);
        while let Some(event) = next {
            let (style, link) = open.last().cloned().unwrap_or_default();
            let mut push = |text: String, style: Style| spans.push(Span { text, style, link: link.clone() });
            match event {
                Event::Text(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                    push(text.into_string(), style)
                }
                Event::Code(text) => push(text.into_string(), Style { code: true, ..style }),
                Event::InlineHtml(html) if html.starts_with("<br") => push(BREAK.to_string(), style),
                Event::SoftBreak => push(" ".into(), style),
                Event::HardBreak => push(BREAK.to_string(), style),
                Event::TaskListMarker(done) => push(if done { "[x] " } else { "[ ] " }.into(), style),
                Event::Start(Tag::Strong) => open.push((Style { bold: true, ..style }, link)),
                Event::Start(Tag::Emphasis) => open.push((Style { italic: true, ..style }, link)),
                Event::Start(Tag::Link { dest_url, .. }) => open.push((style, Some(Rc::from(&*dest_url)))),
                Event::Start(_) => open.push((style, link)),
                Event::End(_) => {
                    open.pop();
                }
                _ => {}
            }
            // Only the first event is there where nothing was opened.
            next = if open.len() > 1 { self.events.next() } else { None };
        }
    }

    fn raw(&mut self) -> String {
        let mut text = String::new();
        for event in self.events.by_ref() {
            match event {
                Event::Text(part) | Event::Html(part) => text.push_str(&part),
                Event::End(TagEnd::CodeBlock | TagEnd::HtmlBlock) => break,
                _ => {}
            }
        }
        text
    }
}

fn number(level: HeadingLevel) -> usize {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
