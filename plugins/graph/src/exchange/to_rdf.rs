//! A graph as RDF.
//!
//! An entity is a subject, its type an `rdf:type`, properties are literals, observations `rdfs:comment`, relationships statements between
//! subjects. What is known of a statement (the properties of a relationship, the time of an observation) is about an `rdf:Statement`.

use oxrdf::vocab::{rdf, rdfs, xsd};
use oxrdf::{BlankNode, Literal, NamedNode, NamedOrBlankNode, Term, Triple};
use oxttl::{NTriplesSerializer, TurtleSerializer};
use serde_json::Value;
use tandem_sdk::prelude::*;

use super::items::Item;
use super::names::Names;

/// The type of literals that are JSON.
pub(super) const JSON: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON";
/// The property of a statement about an observation that has its time.
pub(super) const TIME: &str = "at";

/// The statements of an item.
pub(super) fn triples(names: &Names, item: &Item<'_>) -> Vec<Triple> {
    match item {
        Item::Entity(entity) => {
            let subject = names.iri(&entity.name);
            let kind = Triple::new(subject.clone(), rdf::TYPE, names.iri(&entity.kind));
            let properties = entity.properties.iter();
            let properties =
                properties.map(|(name, value)| Triple::new(subject.clone(), names.iri(name), literal(value)));
            std::iter::once(kind).chain(properties).collect()
        }
        Item::Observation(entity, observation) => {
            let text = Literal::new_simple_literal(&observation.text);
            let said = Triple::new(names.iri(&entity.name), rdfs::COMMENT, text);
            let time = Value::from(observation.at);
            about(names, said, &[&entity.name, &observation.text], [(TIME, &time)].into_iter())
        }
        Item::Relationship(key, properties) => {
            let said = Triple::new(names.iri(&key.0), names.iri(&key.1), names.iri(&key.2));
            let properties = properties.iter().map(|(name, value)| (name.as_str(), value));
            about(names, said, &[&key.0, &key.1, &key.2], properties)
        }
    }
}

/// A statement, with statements about it where there are properties. What stands for it has the same name on every page.
fn about<'p>(
    names: &Names,
    said: Triple,
    parts: &[&str],
    properties: impl Iterator<Item = (&'p str, &'p Value)>,
) -> Vec<Triple> {
    let mut properties = properties.peekable();
    if properties.peek().is_none() {
        return vec![said];
    }
    let node = BlankNode::new_unchecked(format!("s{:016x}", hash(parts)));
    let statement = |predicate: NamedNode, object: Term| Triple::new(node.clone(), predicate, object);
    let mut all = vec![
        statement(rdf::TYPE.into_owned(), rdf::STATEMENT.into_owned().into()),
        statement(rdf::SUBJECT.into_owned(), subject(&said.subject)),
        statement(rdf::PREDICATE.into_owned(), said.predicate.clone().into()),
        statement(rdf::OBJECT.into_owned(), said.object.clone()),
    ];
    all.extend(properties.map(|(name, value)| statement(names.iri(name), literal(value).into())));
    all.insert(0, said);
    all
}

fn subject(subject: &NamedOrBlankNode) -> Term {
    match subject {
        NamedOrBlankNode::NamedNode(node) => node.clone().into(),
        NamedOrBlankNode::BlankNode(node) => node.clone().into(),
    }
}

/// FNV-1a: the same on every machine and in every version.
pub(super) fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain(std::iter::once(0xff)));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A value as a literal; lists and objects as `rdf:JSON`.
fn literal(value: &Value) -> Literal {
    match value {
        Value::String(text) => Literal::new_simple_literal(text),
        Value::Bool(truth) => Literal::new_typed_literal(truth.to_string(), xsd::BOOLEAN),
        Value::Number(number) if number.is_f64() => Literal::new_typed_literal(number.to_string(), xsd::DOUBLE),
        Value::Number(number) => Literal::new_typed_literal(number.to_string(), xsd::INTEGER),
        other => Literal::new_typed_literal(other.to_string(), NamedNode::new_unchecked(JSON)),
    }
}

/// How long an item is as N-Triples.
pub(super) fn length(names: &Names, item: &Item<'_>) -> usize {
    triples(names, item).iter().map(|triple| triple.to_string().len() + 3).sum()
}

pub(super) fn n_triples(names: &Names, items: &[Item<'_>]) -> Result<String> {
    let mut serializer = NTriplesSerializer::new().for_writer(Vec::new());
    for triple in items.iter().flat_map(|item| triples(names, item)) {
        serializer.serialize_triple(&triple).map_err(Error::other)?;
    }
    String::from_utf8(serializer.finish()).map_err(Error::other)
}

pub(super) fn turtle(names: &Names, items: &[Item<'_>]) -> Result<String> {
    let mut serializer = TurtleSerializer::new();
    for (prefix, iri) in prefixes(names) {
        serializer = serializer.with_prefix(prefix, iri).map_err(Error::other)?;
    }
    let mut serializer = serializer.for_writer(Vec::new());
    for triple in items.iter().flat_map(|item| triples(names, item)) {
        serializer.serialize_triple(&triple).map_err(Error::other)?;
    }
    String::from_utf8(serializer.finish().map_err(Error::other)?).map_err(Error::other)
}

/// The prefixes of documents; the empty one is that of names.
pub(super) fn prefixes(names: &Names) -> [(&'static str, &str); 4] {
    [
        ("", names.base()),
        ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
        ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
        ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ]
}
