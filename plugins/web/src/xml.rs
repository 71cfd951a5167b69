//! Walks XML without recursion. Entities that a document declares are never expanded: a document that declares some is refused.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use tandem_sdk::prelude::*;

use crate::limits::MAX_XML_DEPTH;

/// What a walk meets. Names have their prefixes.
pub(crate) enum Node<'a> {
    /// An element begins; `empty` is `<x/>`, whose end follows.
    Start {
        name: &'a str,
        element: &'a BytesStart<'a>,
        empty: bool,
    },
    End {
        name: &'a str,
        empty: bool,
    },
    /// `plain` is what is meant, `source` what is written.
    Text {
        plain: &'a str,
        source: &'a str,
    },
}

/// The value of an attribute, by its name with its prefix.
pub(crate) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|attribute| attribute.key.as_ref() == name)?;
    // What is no entity of XML stays as it is written.
    Some(unescape(&found.value).map_or_else(|_| found.value.to_string(), |value| value.into_owned()))
}

fn reference(name: &str) -> Option<&'static str> {
    Some(match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return None,
    })
}

/// Calls `visit` for each node in order. `what` names the document in errors.
pub(crate) fn walk(what: &str, xml: &str, mut visit: impl FnMut(Node<'_>) -> Result<()>) -> Result<()> {
    let mut reader = Reader::from_str(xml);
    let mut depth = 0_usize;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let line = || xml.get(..at).map_or(0, |before| before.matches('\n').count()) + 1;
        let invalid = |why: &dyn std::fmt::Display| Error::other(format!("{what}, line {}: {why}", line()));
        match reader.read_event().map_err(|error| invalid(&error))? {
            Event::Start(element) => {
                depth += 1;
                if depth > MAX_XML_DEPTH {
                    return Err(invalid(&format!("more than {MAX_XML_DEPTH} elements are open in each other")));
                }
                visit(Node::Start { name: element.name().as_ref(), element: &element, empty: false })?;
            }
            Event::Empty(element) => {
                visit(Node::Start { name: element.name().as_ref(), element: &element, empty: true })?;
                visit(Node::End { name: element.name().as_ref(), empty: true })?;
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                visit(Node::End { name: element.name().as_ref(), empty: false })?;
            }
            Event::Text(text) => visit(Node::Text { plain: &text, source: &text })?,
            Event::CData(text) => visit(Node::Text { plain: &text, source: &text })?,
            Event::GeneralRef(name) => {
                let source = format!("&{};", &*name);
                let character = name.resolve_char_ref().map_err(|error| invalid(&error))?;
                let mut bytes = [0; 4];
                let plain = match character {
                    Some(character) => &*character.encode_utf8(&mut bytes),
                    // Names of HTML are read where the text is read as HTML.
                    None => reference(&name).unwrap_or(&source),
                };
                visit(Node::Text { plain, source: &source })?;
            }
            Event::DocType(declaration) if declaration.contains('[') => {
                return Err(invalid(&"the document type declares entities, which are not expanded"));
            }
            Event::Eof if depth > 0 => return Err(invalid(&"the document ends within an element")),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}
