//! Elements as text or Markdown, walked without recursion.

use ego_tree::iter::Edge;
use scraper::node::Element;
use scraper::{ElementRef, Node};

use crate::page::Page;
use crate::render::Writer;

/// What people do not read.
const HIDDEN: &[&str] = &[
    "head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas", "audio", "video",
    "select", "textarea", "button", "dialog",
];

/// What stands around the content of a page.
const AROUND: &[&str] = &["nav", "header", "footer", "aside", "form"];

/// How an element is written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// With marks for headings, links, lists and so on.
    pub markdown: bool,
    /// Without navigation, header, footer, sidebars and forms.
    pub content_only: bool,
}

/// The text of an element on one line.
#[must_use]
pub fn plain(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    for part in element.text() {
        for word in part.split_whitespace() {
            // A word may be cut by elements: a space stands only where the source has one.
            let joined = !part.starts_with(char::is_whitespace) && part.trim_start().starts_with(word);
            if !text.is_empty() && !text.ends_with(' ') && !joined {
                text.push(' ');
            }
            text.push_str(word);
        }
        if part.ends_with(char::is_whitespace) && !text.is_empty() && !text.ends_with(' ') {
            text.push(' ');
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The element that holds the content of a page: `<main>`, a lone `<article>`, or the body.
#[must_use]
pub fn content(page: &Page) -> Option<ElementRef<'_>> {
    page.first("main, [role=main]")
        .or_else(|| page.first("article:only-of-type"))
        .or_else(|| page.first("body"))
        .or_else(|| page.first("html"))
}

/// An element as text or Markdown.
#[must_use]
pub fn write(page: &Page, element: ElementRef<'_>, style: Style) -> String {
    let mut writer = Writer::new(page, style.markdown);
    // The outermost element that is left out, while the walk is in it.
    let mut skipped = None;
    for edge in element.traverse() {
        match edge {
            Edge::Open(node) if skipped.is_none() => match node.value() {
                Node::Text(text) => writer.text(text),
                Node::Element(inner) if node.id() != element.id() && is_left_out(inner, style) => {
                    skipped = Some(node.id());
                }
                Node::Element(inner) => writer.open(inner),
                _ => {}
            },
            Edge::Close(node) if skipped == Some(node.id()) => skipped = None,
            Edge::Close(node) if skipped.is_none() => {
                if let Node::Element(inner) = node.value() {
                    writer.close(inner);
                }
            }
            _ => {}
        }
    }
    writer.finish()
}

fn is_left_out(element: &Element, style: Style) -> bool {
    let name = element.name();
    HIDDEN.contains(&name)
        || element.attr("hidden").is_some()
        || element.attr("aria-hidden") == Some("true")
        || (style.content_only && AROUND.contains(&name))
}

/// The page's title.
#[must_use]
pub fn title(page: &Page) -> Option<String> {
    let title = plain(page.first("title")?);
    (!title.is_empty()).then_some(title)
}
