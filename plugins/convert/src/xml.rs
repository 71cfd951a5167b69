//! Walks XML without recursion; entities are never expanded.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use tandem_sdk::prelude::*;

use crate::limits::MAX_XML_DEPTH;

/// What a walk meets, with names without their prefix.
pub(crate) enum Node<'a> {
    Start(&'a str, &'a BytesStart<'a>),
    End(&'a str),
    Text(&'a str),
}

/// The value of an attribute, by its name without a prefix.
pub(crate) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    value(element, |key| local(key) == name)
}

/// The value of an `id` with a prefix (`r:id`): a relation. One without a prefix is something else.
pub(crate) fn relation(element: &BytesStart<'_>) -> Option<String> {
    value(element, |key| key.contains(':') && local(key) == "id")
}

fn value(element: &BytesStart<'_>, is_it: impl Fn(&str) -> bool) -> Option<String> {
    let found = element.attributes().flatten().find(|attribute| is_it(attribute.key.as_ref()))?;
    Some(unescape(&found.value).ok()?.into_owned())
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
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

/// Calls `visit` for each node in order; one that is cut is an error, and so is text without an element. `what` names the document in errors.
pub(crate) fn walk(what: &str, xml: &str, mut visit: impl FnMut(Node<'_>) -> Result<()>) -> Result<()> {
    let mut reader = Reader::from_str(xml);
    let (mut depth, mut rooted) = (0usize, false);
    loop {
        let at = reader.buffer_position();
        let invalid = |why: &dyn std::fmt::Display| Error::invalid_arguments(format!("path: {what}, byte {at}: {why}"));
        match reader.read_event().map_err(|error| invalid(&error))? {
            Event::Start(element) => {
                (depth, rooted) = (depth + 1, true);
                if depth > MAX_XML_DEPTH {
                    return Err(invalid(&format!("elements are nested more than {MAX_XML_DEPTH} deep")));
                }
                visit(Node::Start(local(element.name().as_ref()), &element))?;
            }
            Event::Empty(element) => {
                rooted = true;
                visit(Node::Start(local(element.name().as_ref()), &element))?;
                visit(Node::End(local(element.name().as_ref())))?;
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                visit(Node::End(local(element.name().as_ref())))?;
            }
            Event::Text(text) => visit(Node::Text(&text))?,
            Event::CData(text) => visit(Node::Text(&text))?,
            Event::GeneralRef(name) => match name.resolve_char_ref().map_err(|error| invalid(&error))? {
                Some(character) => visit(Node::Text(character.encode_utf8(&mut [0; 4])))?,
                None => visit(Node::Text(reference(&name).ok_or_else(|| invalid(&"unknown entity"))?))?,
            },
            Event::DocType(_) => return Err(invalid(&"document type declarations are refused")),
            Event::Eof if depth > 0 => return Err(invalid(&format!("damaged: it ends with {depth} elements open"))),
            Event::Eof if !rooted => return Err(invalid(&"damaged: it has no XML element")),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}
