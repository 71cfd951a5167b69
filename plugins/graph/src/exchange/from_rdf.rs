//! RDF as a graph.

use std::collections::{BTreeMap, HashMap};

use oxjsonld::JsonLdParser;
use oxrdf::vocab::{rdf, rdfs, xsd};
use oxrdf::{GraphName, Literal, NamedOrBlankNode, Quad, Term, Triple};
use oxttl::{NTriplesParser, TurtleParser, TurtleSyntaxError};
use serde_json::Value;
use tandem_sdk::prelude::*;

use super::draft::Draft;
use super::names::Names;
use super::to_rdf::{JSON, TIME, hash};
use crate::graph::shortened;
use crate::limits::{MAX_CONTEXTS_BYTES, MAX_JSON_LD_DEPTH};
use crate::model::{Observation, Properties};
use crate::neighbours::Steps;

/// The property of an entity of several types that has those after the first.
const MORE_TYPES: &str = "types";

pub(super) fn n_triples(ctx: &Ctx, names: &Names, text: &str) -> Result<Draft> {
    draft(ctx, names, text, NTriplesParser::new().for_slice(text).map(|triple| triple.map_err(|error| syntax(&error))))
}

pub(super) fn turtle(ctx: &Ctx, names: &Names, text: &str) -> Result<Draft> {
    let parser = TurtleParser::new().with_base_iri(names.base()).map_err(Error::other)?;
    draft(ctx, names, text, parser.for_slice(text).map(|triple| triple.map_err(|error| syntax(&error))))
}

pub(super) fn json_ld(ctx: &Ctx, names: &Names, text: &str) -> Result<Draft> {
    if depth(text) > MAX_JSON_LD_DEPTH {
        return Err(Error::invalid_arguments(format!(
            "`text` nests deeper than {MAX_JSON_LD_DEPTH} levels: give flattened JSON-LD"
        )));
    }
    if text.len() > MAX_CONTEXTS_BYTES && has_contexts(text) {
        return Err(Error::invalid_arguments(format!(
            "`text` has several `@context` and {} bytes; with more than one the bound is {MAX_CONTEXTS_BYTES}: give one at the beginning",
            text.len()
        )));
    }
    let parser = JsonLdParser::new().with_base_iri(names.base()).map_err(Error::other)?;
    let triples = parser.for_slice(text).map(|quad| match quad {
        Ok(Quad { subject, predicate, object, graph_name: GraphName::DefaultGraph }) => {
            Ok(Triple { subject, predicate, object })
        }
        Ok(quad) => Err(Error::invalid_arguments(format!(
            "`text` has the named graph `{}`: import its contents without the name",
            shortened(&quad.graph_name.to_string())
        ))),
        Err(error) => {
            let at = error.location().map(|at| format!(", line {}, column {}", at.start.line + 1, at.start.column + 1));
            Err(Error::invalid_arguments(format!("`text`{}: {error}", at.unwrap_or_default())))
        }
    });
    draft(ctx, names, text, triples)
}

fn syntax(error: &TurtleSyntaxError) -> Error {
    let at = error.location().start;
    Error::invalid_arguments(format!("`text`, line {}, column {}: {}", at.line + 1, at.column + 1, error.message()))
}

/// Whether JSON-LD has more than one context, or may have: letters that nobody escapes are.
fn has_contexts(text: &str) -> bool {
    text.matches("@context").nth(1).is_some()
        || ["\\u004", "\\u006", "\\u007"].iter().any(|escape| text.contains(escape))
}

/// How deep a text nests braces and brackets, whatever they mean.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// A statement about a statement.
#[derive(Default)]
struct About {
    subject: Option<String>,
    predicate: Option<String>,
    object: Option<Term>,
    properties: Properties,
}

fn draft(ctx: &Ctx, names: &Names, text: &str, triples: impl Iterator<Item = Result<Triple>>) -> Result<Draft> {
    let mut draft = Draft::default();
    let mut steps = Steps::new(ctx);
    let mut all = Vec::new();
    for triple in triples {
        draft.count()?;
        steps.step()?;
        all.push(triple?);
    }
    let mut reader = Reader { names, document: hash(&[text]), blanks: HashMap::new() };
    let mut abouts: BTreeMap<String, About> = BTreeMap::new();
    for triple in &all {
        if triple.predicate.as_ref() == rdf::TYPE && triple.object == Term::from(rdf::STATEMENT.into_owned()) {
            abouts.entry(triple.subject.to_string()).or_default();
        }
    }
    for Triple { subject, predicate, object } in all {
        steps.step()?;
        match abouts.get_mut(&subject.to_string()) {
            Some(about) => reader.about(about, predicate.as_str(), object),
            None => reader.statement(&mut draft, &subject, predicate.as_str(), object)?,
        }
    }
    for about in abouts.into_values() {
        reader.attach(&mut draft, about)?;
    }
    Ok(draft)
}

struct Reader<'n> {
    names: &'n Names,
    document: u64,
    blanks: HashMap<String, usize>,
}

impl Reader<'_> {
    /// The name of a node without one: the same when the document is imported again, and that of no other document.
    fn blank(&mut self, id: &str) -> String {
        let next = self.blanks.len();
        let at = *self.blanks.entry(id.to_owned()).or_insert(next);
        format!("_:{:016x}-{at}", self.document)
    }

    fn subject(&mut self, subject: &NamedOrBlankNode) -> String {
        match subject {
            NamedOrBlankNode::NamedNode(node) => self.names.name(node.as_str()),
            NamedOrBlankNode::BlankNode(node) => self.blank(node.as_str()),
        }
    }

    /// The name of an object that is not a literal.
    fn object(&mut self, object: &Term) -> Option<String> {
        match object {
            Term::NamedNode(node) => Some(self.names.name(node.as_str())),
            Term::BlankNode(node) => Some(self.blank(node.as_str())),
            Term::Literal(_) => None,
        }
    }

    fn statement(
        &mut self,
        draft: &mut Draft,
        subject: &NamedOrBlankNode,
        predicate: &str,
        object: Term,
    ) -> Result<()> {
        let name = self.subject(subject);
        match (predicate, self.object(&object), object) {
            (predicate, Some(kind), _) if predicate == rdf::TYPE.as_str() => {
                let entity = draft.entity(&name);
                match &entity.kind {
                    None => entity.kind = Some(kind),
                    Some(first) if *first != kind => entity.value(&name, MORE_TYPES.to_owned(), Value::from(kind))?,
                    Some(_) => {}
                }
            }
            (predicate, Some(to), _) => {
                draft.relationship((name, self.names.name(predicate), to));
            }
            (predicate, None, Term::Literal(text)) if predicate == rdfs::COMMENT.as_str() => {
                draft.entity(&name).observe(&name, Observation { text: text.value().to_owned(), at: 0 })?;
            }
            (predicate, None, Term::Literal(literal)) => {
                draft.entity(&name).value(&name, self.names.name(predicate), value(&literal))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn about(&mut self, about: &mut About, predicate: &str, object: Term) {
        match predicate {
            p if p == rdf::TYPE.as_str() => {}
            p if p == rdf::SUBJECT.as_str() => about.subject = self.object(&object),
            p if p == rdf::PREDICATE.as_str() => {
                about.predicate = if let Term::NamedNode(node) = object { Some(node.into_string()) } else { None };
            }
            p if p == rdf::OBJECT.as_str() => about.object = Some(object),
            p => {
                let value = match &object {
                    Term::Literal(literal) => value(literal),
                    other => Value::from(self.object(other)),
                };
                about.properties.insert(self.names.name(p), value);
            }
        }
    }

    /// Gives what is said about a statement to what it says.
    fn attach(&mut self, draft: &mut Draft, about: About) -> Result<()> {
        let About { subject: Some(name), predicate: Some(predicate), object: Some(object), properties } = about else {
            return Err(Error::invalid_arguments(
                "`text` has an `rdf:Statement` without one of `rdf:subject`, `rdf:predicate` and `rdf:object`",
            ));
        };
        let kind = self.names.name(&predicate);
        let missing = |to: &str| {
            Error::invalid_arguments(format!(
                "`text` says something about `{} {} {}`, which it does not say: add that statement",
                shortened(&name),
                shortened(&kind),
                shortened(to)
            ))
        };
        match (self.object(&object), &object) {
            (Some(to), _) => {
                let key = (name.clone(), kind.clone(), to.clone());
                draft.relationships.get_mut(&key).ok_or_else(|| missing(&to))?.extend(properties);
            }
            (None, Term::Literal(text)) if predicate == rdfs::COMMENT.as_str() => {
                let time = properties.get(TIME).and_then(Value::as_u64).unwrap_or_default();
                let observations = draft.entities.get_mut(&name).map(|entity| entity.observations.iter_mut());
                let said = observations.and_then(|mut all| all.find(|said| said.text == text.value()));
                said.ok_or_else(|| missing(text.value()))?.at = time;
            }
            // What is said about a property has no place in a graph.
            _ => {}
        }
        Ok(())
    }
}

/// A literal as a value.
fn value(literal: &Literal) -> Value {
    let (text, datatype) = (literal.value(), literal.datatype());
    let as_text = || Value::from(text);
    let local = datatype.as_str().strip_prefix("http://www.w3.org/2001/XMLSchema#").unwrap_or_default();
    if datatype.as_str() == JSON {
        return serde_json::from_str(text).unwrap_or_else(|_| as_text());
    }
    if datatype == xsd::BOOLEAN {
        return match text {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => as_text(),
        };
    }
    match local {
        "integer" | "int" | "long" | "short" | "byte" | "nonNegativeInteger" | "positiveInteger"
        | "nonPositiveInteger" | "negativeInteger" | "unsignedInt" | "unsignedLong" | "unsignedShort"
        | "unsignedByte" => {
            let digits = text.strip_prefix('+').unwrap_or(text);
            let signed = digits.parse::<i64>().map(Value::from);
            signed.or_else(|_| digits.parse::<u64>().map(Value::from)).unwrap_or_else(|_| as_text())
        }
        "double" | "float" | "decimal" => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map_or_else(as_text, Value::from)
        }
        _ => as_text(),
    }
}
