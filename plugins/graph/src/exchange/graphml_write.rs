//! A graph as GraphML.

use std::collections::BTreeMap;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde_json::{Value, json};
use tandem_sdk::prelude::*;

use super::items::Item;
use crate::graph::{Key, shortened};
use crate::model::{Entity, Observation, Properties};

/// What marks a key whose values are JSON.
pub(super) const JSON: &str = "JSON";

/// How the values of a property are written.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Boolean,
    Long,
    Double,
    Text,
    Json,
}

impl Kind {
    fn of(value: &Value) -> Self {
        match value {
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_i64() => Self::Long,
            Value::Number(number) if number.is_f64() => Self::Double,
            Value::String(_) => Self::Text,
            _ => Self::Json,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Long => "long",
            Self::Double => "double",
            Self::Text | Self::Json => "string",
        }
    }

    fn write(self, value: &Value) -> String {
        match value {
            Value::String(text) if self == Self::Text => text.clone(),
            other => other.to_string(),
        }
    }
}

/// A node of the document. Ends of relationships are nodes too, with a name alone.
#[derive(Default)]
struct Node<'g> {
    id: usize,
    entity: Option<&'g Entity>,
    observations: Vec<&'g Observation>,
}

type Kinds<'g> = BTreeMap<&'g str, Kind>;

/// The document of some items.
pub(super) fn write(items: &[Item<'_>]) -> Result<String> {
    let (nodes, edges) = collect(items);
    let entities = nodes.values().filter_map(|node| node.entity);
    let node_kinds = kinds(entities.flat_map(|entity| &entity.properties));
    let edge_kinds = kinds(edges.iter().flat_map(|(_, properties)| *properties));
    let mut xml = Writer::new(Vec::new());
    let written = xml
        .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
        .and_then(|()| document(&mut xml, &nodes, &edges, &node_kinds, &edge_kinds));
    written.map_err(Error::other)?;
    let text = String::from_utf8(xml.into_inner()).map_err(Error::other)?;
    if let Some(bad) = text.chars().find(|c| !is_xml(*c)) {
        let around = items.iter().find_map(|item| name_with(item, bad)).unwrap_or_default();
        return Err(Error::invalid_arguments(format!(
            "`format`: entity `{}` has the character U+{:04X}, which XML cannot hold: use `json-ld`",
            shortened(around),
            u32::from(bad)
        )));
    }
    Ok(text)
}

/// Whether XML 1.0 has a character.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// The entity of an item that has a character.
fn name_with<'g>(item: &Item<'g>, c: char) -> Option<&'g str> {
    let has = |properties: &Properties| {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        properties.iter().any(|(name, value)| name.contains(c) || text(value).contains(c))
    };
    let (name, has) = match item {
        Item::Entity(entity) => {
            (&entity.name, entity.name.contains(c) || entity.kind.contains(c) || has(&entity.properties))
        }
        Item::Observation(entity, observation) => (&entity.name, observation.text.contains(c)),
        Item::Relationship(key, properties) => {
            let (from, kind, to) = key;
            (from, [from, kind, to].iter().any(|part| part.contains(c)) || has(properties))
        }
    };
    has.then_some(name.as_str())
}

type Edges<'g> = Vec<(&'g Key, &'g Properties)>;

fn collect<'g>(items: &[Item<'g>]) -> (BTreeMap<&'g str, Node<'g>>, Edges<'g>) {
    let mut nodes: BTreeMap<&str, Node<'_>> = BTreeMap::new();
    let mut edges = Vec::new();
    for item in items {
        match item {
            Item::Entity(entity) => nodes.entry(&entity.name).or_default().entity = Some(entity),
            Item::Observation(entity, observation) => {
                nodes.entry(&entity.name).or_default().observations.push(observation);
            }
            Item::Relationship(key, properties) => {
                nodes.entry(&key.0).or_default();
                nodes.entry(&key.2).or_default();
                edges.push((*key, *properties));
            }
        }
    }
    for (id, node) in nodes.values_mut().enumerate() {
        node.id = id;
    }
    (nodes, edges)
}

fn kinds<'g>(properties: impl Iterator<Item = (&'g String, &'g Value)>) -> Kinds<'g> {
    let mut kinds = Kinds::new();
    for (name, value) in properties {
        let kind = Kind::of(value);
        kinds
            .entry(name)
            .and_modify(|other| {
                if *other != kind {
                    *other = Kind::Json
                }
            })
            .or_insert(kind);
    }
    kinds
}

type Xml = Writer<Vec<u8>>;

fn document(
    xml: &mut Xml,
    nodes: &BTreeMap<&str, Node<'_>>,
    edges: &Edges<'_>,
    node_kinds: &Kinds<'_>,
    edge_kinds: &Kinds<'_>,
) -> std::io::Result<()> {
    let root = xml.create_element("graphml").with_attribute(("xmlns", "http://graphml.graphdrawing.org/xmlns"));
    root.write_inner_content(|xml| {
        key(xml, "name", "node", "name", Kind::Text)?;
        key(xml, "type", "node", "type", Kind::Text)?;
        key(xml, "observations", "node", "observations", Kind::Json)?;
        key(xml, "relation", "edge", "type", Kind::Text)?;
        for (at, (name, kind)) in node_kinds.iter().enumerate() {
            key(xml, &format!("p{at}"), "node", name, *kind)?;
        }
        for (at, (name, kind)) in edge_kinds.iter().enumerate() {
            key(xml, &format!("q{at}"), "edge", name, *kind)?;
        }
        let graph = xml.create_element("graph").with_attribute(("edgedefault", "directed"));
        graph.write_inner_content(|xml| {
            for (name, node) in nodes {
                write_node(xml, name, node, node_kinds)?;
            }
            let id = |name: &str| format!("n{}", nodes.get(name).map_or(0, |node| node.id));
            for (key, properties) in edges {
                let edge = xml.create_element("edge");
                let edge = edge.with_attribute(("source", id(&key.0).as_str()));
                edge.with_attribute(("target", id(&key.2).as_str())).write_inner_content(|xml| {
                    data(xml, "relation", &key.1)?;
                    write_properties(xml, "q", properties, edge_kinds)
                })?;
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

fn key(xml: &mut Xml, id: &str, of: &str, name: &str, kind: Kind) -> std::io::Result<()> {
    let element = xml.create_element("key").with_attributes([
        ("id", id),
        ("for", of),
        ("attr.name", name),
        ("attr.type", kind.name()),
    ]);
    if kind == Kind::Json {
        element
            .write_inner_content(|xml| xml.create_element("desc").write_text_content(BytesText::new(JSON)).map(drop))?;
    } else {
        element.write_empty()?;
    }
    Ok(())
}

fn write_node(xml: &mut Xml, name: &str, node: &Node<'_>, kinds: &Kinds<'_>) -> std::io::Result<()> {
    let element = xml.create_element("node").with_attribute(("id", format!("n{}", node.id).as_str()));
    element.write_inner_content(|xml| {
        data(xml, "name", name)?;
        if let Some(entity) = node.entity {
            data(xml, "type", &entity.kind)?;
            write_properties(xml, "p", &entity.properties, kinds)?;
        }
        if !node.observations.is_empty() {
            let all = node.observations.iter().map(|said| json!({ "text": said.text, "at": said.at }));
            data(xml, "observations", &Value::from_iter(all).to_string())?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_properties(xml: &mut Xml, prefix: &str, properties: &Properties, kinds: &Kinds<'_>) -> std::io::Result<()> {
    for (at, (name, kind)) in kinds.iter().enumerate() {
        if let Some(value) = properties.get(*name) {
            data(xml, &format!("{prefix}{at}"), &kind.write(value))?;
        }
    }
    Ok(())
}

fn data(xml: &mut Xml, key: &str, text: &str) -> std::io::Result<()> {
    xml.create_element("data").with_attribute(("key", key)).write_text_content(BytesText::new(text))?;
    Ok(())
}
