//! A graph as compact JSON-LD.

use oxrdf::vocab::{rdf, xsd};
use oxrdf::{Literal, NamedNode, Term};
use serde_json::{Map, Value, json};
use tandem_sdk::prelude::*;

use super::items::Item;
use super::names::Names;
use super::to_rdf::{prefixes, triples};

/// Integers up to here are the same as numbers of JavaScript, which readers may keep them as.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// The document of some items: an object for each subject.
pub(super) fn write(names: &Names, items: &[Item<'_>]) -> Result<String> {
    let mut nodes: Vec<Map<String, Value>> = Vec::new();
    for triple in items.iter().flat_map(|item| triples(names, item)) {
        let id = match &triple.subject {
            oxrdf::NamedOrBlankNode::NamedNode(node) => node.as_str().to_owned(),
            oxrdf::NamedOrBlankNode::BlankNode(node) => format!("_:{}", node.as_str()),
        };
        // The statements of a subject follow each other, but for those about a statement in between.
        let recent = nodes.len().saturating_sub(RECENT);
        let found = nodes.iter().skip(recent).rposition(|node| node.get("@id").is_some_and(|other| *other == *id));
        let at = found.map_or(nodes.len(), |found| recent + found);
        if found.is_none() {
            nodes.push(Map::from_iter([("@id".to_owned(), Value::from(id))]));
        }
        let Some(node) = nodes.get_mut(at) else { continue };
        match (&triple.object, triple.predicate.as_ref() == rdf::TYPE) {
            (Term::NamedNode(kind), true) => put(node, "@type".to_owned(), Value::from(short(names, kind))),
            (object, _) => put(node, short(names, &triple.predicate), value(names, object)),
        }
    }
    let mut context = Map::new();
    for (prefix, iri) in prefixes(names) {
        context.insert(if prefix.is_empty() { "@vocab" } else { prefix }.to_owned(), Value::from(iri));
    }
    Ok(serde_json::to_string(&json!({ "@context": context, "@graph": nodes }))?)
}

/// Objects that are looked through for that of a subject. An object may be split: readers put its parts together.
const RECENT: usize = 64;

fn put(node: &mut Map<String, Value>, key: String, value: Value) {
    match node.get_mut(&key) {
        None => {
            node.insert(key, value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(other) => *other = json!([other.take(), value]),
    }
}

/// An IRI as a term, or with a prefix, or as it is.
fn short(names: &Names, iri: &NamedNode) -> String {
    let simple = |rest: &&str| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    for (prefix, of) in prefixes(names) {
        if let Some(rest) = iri.as_str().strip_prefix(of).filter(simple) {
            // A term that is named as a prefix would be read as it.
            let is_prefix = prefixes(names).iter().any(|(other, _)| *other == rest);
            return match prefix {
                "" if is_prefix => continue,
                "" => rest.to_owned(),
                _ => format!("{prefix}:{rest}"),
            };
        }
    }
    iri.as_str().to_owned()
}

fn value(names: &Names, term: &Term) -> Value {
    match term {
        Term::NamedNode(node) => json!({ "@id": node.as_str() }),
        Term::BlankNode(node) => json!({ "@id": format!("_:{}", node.as_str()) }),
        Term::Literal(literal) => plain(literal).unwrap_or_else(|| {
            let datatype = literal.datatype().into_owned();
            json!({ "@value": literal.value(), "@type": short(names, &datatype) })
        }),
    }
}

/// A literal as a value of JSON that readers take for the same literal.
fn plain(literal: &Literal) -> Option<Value> {
    let datatype = literal.datatype();
    if datatype == xsd::STRING {
        return Some(Value::from(literal.value()));
    }
    if datatype == xsd::BOOLEAN {
        return literal.value().parse::<bool>().ok().map(Value::from);
    }
    let integer = literal.value().parse::<i64>().ok().filter(|_| datatype == xsd::INTEGER);
    integer.filter(|integer| integer.unsigned_abs() <= MAX_SAFE).map(Value::from)
}
