//! XML as a value: attributes as `@name`, text beside elements as `#text`, elements of the same name as an array.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::Map;
use tandem_sdk::prelude::*;

use crate::bounded::short;
use crate::limits::MAX_LEVELS;

/// An element whose end has not come yet.
#[derive(Default)]
struct Open {
    name: String,
    members: Map<String, Value>,
    text: String,
}

impl Open {
    fn add(&mut self, name: String, value: Value) {
        match self.members.get_mut(&name) {
            None => drop(self.members.insert(name, value)),
            Some(Value::Array(items)) => items.push(value),
            Some(other) => {
                let first = other.take();
                *other = Value::Array(vec![first, value]);
            }
        }
    }

    fn value(mut self) -> Value {
        let text = self.text.trim();
        match (self.members.is_empty(), text.is_empty()) {
            (true, true) => Value::Null,
            (true, false) => Value::String(text.to_owned()),
            (false, true) => Value::Object(self.members),
            (false, false) => {
                let text = text.to_owned();
                self.members.insert("#text".to_owned(), Value::String(text));
                Value::Object(self.members)
            }
        }
    }
}

pub(crate) fn read(text: &str) -> Result<Value> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Open::default()];
    loop {
        let event = reader.read_event();
        let at = reader.buffer_position();
        let wrong =
            |problem: &dyn std::fmt::Display| Error::invalid_arguments(format!("XML at byte {at}: {}", short(problem)));
        match event.map_err(|error| wrong(&error))? {
            Event::Start(start) => {
                if open.len() > MAX_LEVELS {
                    return Err(wrong(&format!("nested deeper than {MAX_LEVELS} elements")));
                }
                open.push(begin(&start).map_err(|problem| wrong(&problem))?);
            }
            Event::Empty(start) => {
                let element = begin(&start).map_err(|problem| wrong(&problem))?;
                close(&mut open, element);
            }
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(&mut open, element);
                }
            }
            Event::Text(part) => {
                append(&mut open, &part.xml10_content());
            }
            Event::CData(part) => append(&mut open, &part.xml10_content()),
            Event::GeneralRef(reference) => {
                let text = resolve(&reference)
                    .ok_or_else(|| wrong(&format!("unknown entity `&{};`: entities are not expanded", &*reference)))?;
                append(&mut open, &text);
            }
            Event::DocType(_) => {
                return Err(wrong(
                    &"document type declarations are refused, as entities in them can multiply: remove it",
                ));
            }
            Event::Eof if open.len() == 1 => break,
            Event::Eof => return Err(wrong(&"the text ends before an element does")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    let Some(root) = open.pop().filter(|root| !root.members.is_empty()) else {
        return Err(Error::invalid_arguments("the XML has no element"));
    };
    if !root.text.trim().is_empty() || root.members.len() > 1 || root.members.values().any(Value::is_array) {
        return Err(Error::invalid_arguments("the XML has more than one root element, or text outside of it"));
    }
    Ok(Value::Object(root.members))
}

fn append(open: &mut [Open], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn close(open: &mut [Open], mut element: Open) {
    let name = std::mem::take(&mut element.name);
    if let Some(parent) = open.last_mut() {
        parent.add(name, element.value());
    }
}

fn begin(start: &BytesStart<'_>) -> Result<Open, String> {
    let name = start.name().as_ref().to_owned();
    let mut element = Open { name, ..Open::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let name = format!("@{}", attribute.key.as_ref());
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|error| error.to_string())?.into_owned();
        element.members.insert(name, Value::String(value));
    }
    Ok(element)
}

/// A character reference, or one of the five entities that XML has itself.
fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character.to_string()),
        _ => quick_xml::escape::resolve_predefined_entity(reference).map(str::to_owned),
    }
}
