//! GraphML as a graph.

use std::collections::HashMap;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::Value;
use tandem_sdk::prelude::*;

use super::draft::Draft;
use super::graphml_write::JSON;
use crate::graph::shortened;
use crate::limits::{MAX_PROPERTY_DEPTH, MAX_XML_DEPTH};
use crate::model::Observation;
use crate::neighbours::Steps;

/// The type of an edge that has none.
const NO_TYPE: &str = "RELATED_TO";

/// A key of the document: which property it is, and how its values are read.
#[derive(Default)]
struct Key {
    name: String,
    kind: String,
    json: bool,
}

/// A node or an edge with its data, by the names of properties.
struct Thing {
    /// The identifier of a node, or those of the ends of an edge.
    ids: (String, Option<String>),
    data: Vec<(String, Value)>,
}

/// Where in the document the reader is.
#[derive(Default)]
struct State {
    keys: HashMap<String, Key>,
    /// The key that is being read.
    key: Option<String>,
    /// The key of the data that is being read.
    data: Option<String>,
    /// How deep below the element whose text is read.
    inner: usize,
    /// Whether there were elements in the data that is being read.
    is_drawn: bool,
    text: String,
    thing: Option<Thing>,
    nodes: Vec<Thing>,
    edges: Vec<Thing>,
    graphs: usize,
    /// The elements that are open.
    open: usize,
    is_graphml: bool,
}

fn error(at: u64, text: impl std::fmt::Display) -> Error {
    Error::invalid_arguments(format!("`text`, byte {at}: {text}"))
}

pub(super) fn read(ctx: &Ctx, text: &str) -> Result<Draft> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut state = State::default();
    let mut draft = Draft::default();
    let mut steps = Steps::new(ctx);
    loop {
        steps.step()?;
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|e| error(reader.error_position(), e))?;
        match event {
            Event::Start(tag) => state.start(&tag, &mut draft).map_err(|text| error(at, text))?,
            Event::Empty(tag) => {
                let ended = state.start(&tag, &mut draft).and_then(|()| state.end(tag.local_name().as_ref()));
                ended.map_err(|text| error(at, text))?;
            }
            Event::End(tag) => state.end(tag.local_name().as_ref()).map_err(|text| error(at, text))?,
            Event::Text(part) => state.text(&part.xml10_content()),
            Event::CData(part) => state.text(&part.xml10_content()),
            Event::GeneralRef(reference) => {
                let text = resolve(&reference).map_err(|text| error(at, text))?;
                state.text(&text);
            }
            Event::DocType(_) => return Err(error(at, "a document type is not read: leave `<!DOCTYPE …>` out")),
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
    if !state.is_graphml || state.open > 0 {
        return Err(error(text.len() as u64, "the document is not GraphML, or ends too early"));
    }
    finish(state, draft)
}

/// What a reference stands for: `&amp;` and the like, and characters by number.
fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(c) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(c.to_string());
    }
    let known = quick_xml::escape::resolve_predefined_entity(reference);
    known.map(str::to_owned).ok_or_else(|| format!("there is no entity `&{};`", shortened(reference)))
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let found = tag.try_get_attribute(name).map_err(|error| error.to_string())?;
    let value = found.map(|found| found.normalized_value(XmlVersion::Implicit1_0));
    value.transpose().map(|value| value.map(|value| value.into_owned())).map_err(|error| error.to_string())
}

fn needed(tag: &BytesStart<'_>, name: &str) -> Result<String, String> {
    attribute(tag, name)?.ok_or_else(|| format!("`<{}>` has no `{name}`", shortened(tag.local_name().as_ref())))
}

impl State {
    fn start(&mut self, tag: &BytesStart<'_>, draft: &mut Draft) -> Result<(), String> {
        self.open += 1;
        if self.open > MAX_XML_DEPTH {
            return Err(format!("elements nest deeper than {MAX_XML_DEPTH} levels"));
        }
        if self.data.is_some() {
            self.inner += 1;
            self.is_drawn = true;
            return Ok(());
        }
        let too_many = |error: Error| error.to_string();
        match tag.local_name().as_ref() {
            "graphml" => self.is_graphml = self.open == 1,
            "key" => {
                let id = needed(tag, "id")?;
                let name = attribute(tag, "attr.name")?.unwrap_or_else(|| id.clone());
                let kind = attribute(tag, "attr.type")?.unwrap_or_else(|| "string".to_owned());
                self.keys.insert(id.clone(), Key { name, kind, json: false });
                self.key = Some(id);
            }
            "desc" => self.text.clear(),
            "graph" => {
                self.graphs += 1;
                if self.graphs > 1 {
                    return Err("there is a second or nested graph: give one".to_owned());
                }
            }
            "node" => {
                draft.count().map_err(too_many)?;
                self.thing = Some(Thing { ids: (needed(tag, "id")?, None), data: Vec::new() });
            }
            "edge" => {
                draft.count().map_err(too_many)?;
                let ids = (needed(tag, "source")?, Some(needed(tag, "target")?));
                let label = attribute(tag, "label")?.map(|label| ("label".to_owned(), Value::from(label)));
                self.thing = Some(Thing { ids, data: label.into_iter().collect() });
            }
            "data" if self.thing.is_some() => {
                draft.count().map_err(too_many)?;
                self.data = Some(needed(tag, "key")?);
                self.is_drawn = false;
                self.text.clear();
            }
            "hyperedge" | "port" => return Err("hyperedges and ports are not read: use edges between nodes".to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, part: &str) {
        if self.inner == 0 && (self.data.is_some() || self.key.is_some()) {
            self.text.push_str(part);
        }
    }

    fn end(&mut self, name: &str) -> Result<(), String> {
        self.open = self.open.saturating_sub(1);
        if self.inner > 0 {
            self.inner -= 1;
            return Ok(());
        }
        match name {
            "desc" => {
                let key = self.key.as_ref().and_then(|id| self.keys.get_mut(id));
                if let Some(key) = key.filter(|_| self.text == JSON) {
                    key.json = true;
                }
            }
            "key" => self.key = None,
            "data" => {
                if let (Some(id), Some(thing)) = (self.data.take(), self.thing.as_mut()) {
                    let key = self.keys.get(&id).ok_or_else(|| format!("there is no key `{}`", shortened(&id)))?;
                    // What a program wrote about how it draws is no value.
                    if !self.is_drawn {
                        thing.data.push((key.name.clone(), key.value(&self.text)?));
                    }
                }
            }
            "node" => self.nodes.extend(self.thing.take()),
            "edge" => self.edges.extend(self.thing.take()),
            _ => {}
        }
        Ok(())
    }
}

impl Key {
    fn value(&self, text: &str) -> Result<Value, String> {
        let wrong = || format!("`{}` of `{}` is not of the type {}", shortened(text), shortened(&self.name), self.kind);
        if self.json {
            return serde_json::from_str(text)
                .ok()
                .filter(|value| tandem_json_depth::is_within(value, MAX_PROPERTY_DEPTH))
                .ok_or_else(|| format!("a value of `{}` is not JSON, or too deep", shortened(&self.name)));
        }
        let trimmed = text.trim();
        match self.kind.as_str() {
            "boolean" => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(Value::Bool(true)),
                "false" | "0" => Ok(Value::Bool(false)),
                _ => Err(wrong()),
            },
            "int" | "long" => trimmed.parse::<i64>().map(Value::from).map_err(|_| wrong()),
            "float" | "double" => {
                trimmed.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from).ok_or_else(wrong)
            }
            _ => Ok(Value::from(text)),
        }
    }
}

impl Thing {
    /// Takes the text of a property out.
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.data.iter().position(|(other, value)| other == name && value.is_string())?;
        match self.data.remove(at).1 {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

fn finish(state: State, mut draft: Draft) -> Result<Draft> {
    let mut names = HashMap::new();
    for mut node in state.nodes {
        let name = node.take("name").unwrap_or_else(|| node.ids.0.clone());
        let kind = node.take("type");
        let entity = draft.entity(&name);
        entity.kind = kind.or(entity.kind.take());
        for (property, value) in node.data {
            match (property.as_str(), value) {
                ("observations", Value::Array(items)) => {
                    for item in items {
                        entity.observe(&name, observation(&name, item)?)?;
                    }
                }
                ("observations", Value::String(text)) => entity.observe(&name, Observation { text, at: 0 })?,
                (_, value) => entity.value(&name, property, value)?,
            }
        }
        names.insert(node.ids.0, name);
    }
    for mut edge in state.edges {
        let kind = edge.take("type").or_else(|| edge.take("label")).unwrap_or_else(|| NO_TYPE.to_owned());
        let end = |id: &str| {
            let name = names.get(id).cloned();
            name.ok_or_else(|| Error::invalid_arguments(format!("`text`: an edge has no node `{}`", shortened(id))))
        };
        let key = (end(&edge.ids.0)?, kind, end(edge.ids.1.as_deref().unwrap_or_default())?);
        draft.relationship(key).extend(edge.data);
    }
    Ok(draft)
}

/// An observation as it is exported, or a text.
fn observation(name: &str, item: Value) -> Result<Observation> {
    let at = item.get("at").and_then(Value::as_u64).unwrap_or_default();
    let text = item.get("text").unwrap_or(&item).as_str().map(str::to_owned);
    let text = text.ok_or_else(|| {
        Error::invalid_arguments(format!("`text`: an observation of `{}` is not a text", shortened(name)))
    })?;
    Ok(Observation { text, at })
}
