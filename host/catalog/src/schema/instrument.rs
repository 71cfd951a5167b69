//! Schemas as they are compiled: with the keyword that counts steps before everything else, and, to tell what is wrong, with
//! alternatives narrowed to the one that was meant.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{
    choices, expected,
    parts::{Part, Parts},
    steps::KEYWORD,
    text::cut,
};

/// Keywords whose value is a schema.
const ONE: [&str; 12] = [
    "additionalProperties",
    "propertyNames",
    "items",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contentSchema",
    "additionalItems",
];
/// Those of which only whether the value fits is of interest: they are never narrowed.
const TESTS: [&str; 4] = ["propertyNames", "contains", "not", "if"];
/// Keywords whose value is a list of schemas.
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose values are schemas by name.
const BY_NAME: [&str; 4] = ["properties", "patternProperties", "dependentSchemas", "dependencies"];
/// Keywords that only say where a schema is; references are resolved here.
const PLACES: [&str; 9] =
    ["$schema", "$id", "$anchor", "$dynamicAnchor", "$defs", "definitions", "$vocabulary", KEYWORD, expected::KEYWORD];
/// Keywords that take no longer than it takes to read the value, and apply no other schema. What has only these is paid for by
/// the schema that applies it.
const CHEAP: [&str; 24] = [
    "type",
    "title",
    "description",
    "default",
    "examples",
    "$comment",
    "deprecated",
    "readOnly",
    "writeOnly",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "format",
    "contentEncoding",
    "contentMediaType",
];
/// Keywords and names in a schema of which all violations are listed. Without references and with no more of these, a
/// small value breaks it in no more than some ten thousand places.
const PLAIN: usize = 256;

/// The schema, with steps counted.
pub(super) fn exact(schema: &Value) -> Result<Value, String> {
    Instrument::new(schema, false).whole()
}

/// The schema, with steps counted, and narrowed: each list of alternatives is replaced by the one that the value was meant
/// for. It refuses what the schema refuses, save for a few alternatives that cannot be told apart.
pub(super) fn outline(schema: &Value) -> Result<Value, String> {
    // What is below a narrowed alternative is not seen by `unevaluated…`, which would be wrong about what fits.
    if has(schema, &|key, _| matches!(key, "unevaluatedProperties" | "unevaluatedItems")) {
        return Err("alternatives cannot be narrowed".to_owned());
    }
    Instrument::new(schema, true).whole()
}

struct Instrument<'a> {
    root: &'a Value,
    narrows: bool,
    /// Targets of references, and their names.
    named: HashMap<(*const Value, Part), String>,
    waiting: Vec<(&'a Value, Part, String)>,
}

impl<'a> Parts<'a> for Instrument<'a> {
    fn part(&mut self, target: &'a Value, part: Part) -> Value {
        let next = format!("target-{}", self.named.len());
        let name = self.named.entry((std::ptr::from_ref(target), part)).or_insert_with(|| {
            self.waiting.push((target, part, next.clone()));
            next
        });
        json!({"$ref": format!("#/$defs/{name}")})
    }

    fn target(&self, reference: &str) -> Result<&'a Value, String> {
        let root = self.root.get("$id").and_then(Value::as_str).unwrap_or_default().trim_end_matches('#');
        let fragment = match reference.split_once('#') {
            Some((base, fragment)) if base.is_empty() || base == root => fragment,
            None if reference == root => "",
            _ => return Err(format!("`$ref` reaches outside of the schema: {}", cut(reference.to_owned()))),
        };
        if fragment.is_empty() {
            return Ok(self.root);
        }
        let pointer = percent_decoded(fragment);
        let target = if pointer.starts_with('/') { self.root.pointer(&pointer) } else { anchored(self.root, &pointer) };
        let target = target.filter(|target| target.is_object() || target.is_boolean());
        target.ok_or_else(|| format!("`$ref` points to no schema: {}", cut(reference.to_owned())))
    }
}

impl<'a> Instrument<'a> {
    fn new(root: &'a Value, narrows: bool) -> Self {
        Self { root, narrows, named: HashMap::new(), waiting: Vec::new() }
    }

    fn whole(mut self) -> Result<Value, String> {
        if self.root.as_object().is_some_and(|root| root.values().any(|value| has(value, &is_id))) {
            return Err("an `$id` stands below the root; put the schema into `$defs` and refer to it there".to_owned());
        }
        let mut root = self.subschema(self.root, self.narrows)?;
        let mut targets = Map::new();
        while let Some((target, part, name)) = self.waiting.pop() {
            let schema = match (part, target) {
                (Part::Alternatives(key), Value::Array(schemas)) => {
                    json!({KEYWORD: [schemas.len(), 0], key: self.list(schemas, false)?})
                }
                _ => self.subschema(target, part == Part::Narrowed)?,
            };
            targets.insert(name, schema);
        }
        if let Value::Object(root) = &mut root {
            root.insert("$defs".to_owned(), Value::Object(targets));
        }
        Ok(root)
    }

    fn list(&mut self, schemas: &'a [Value], narrows: bool) -> Result<Value, String> {
        schemas.iter().map(|schema| self.subschema(schema, narrows)).collect()
    }

    fn subschema(&mut self, schema: &'a Value, narrows: bool) -> Result<Value, String> {
        let Value::Object(keywords) = schema else { return Ok(schema.clone()) };
        let (mut out, mut narrowed) = (Map::new(), Vec::new());
        for (key, value) in keywords {
            let key = key.as_str();
            let value = match (key, value) {
                _ if PLACES.contains(&key) => continue,
                ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(reference)) => {
                    out.insert("$ref".to_owned(), self.reference(reference, narrows)?.into());
                    continue;
                }
                (_, Value::Object(schemas)) if BY_NAME.contains(&key) => {
                    let schemas =
                        schemas.iter().map(|(name, schema)| Ok((name.clone(), self.subschema(schema, narrows)?)));
                    Value::Object(schemas.collect::<Result<_, String>>()?)
                }
                ("anyOf", Value::Array(schemas)) if narrows => {
                    narrowed.push(choices::narrowed(self, "anyOf", value, schemas));
                    continue;
                }
                ("oneOf", Value::Array(schemas)) if narrows => {
                    narrowed.push(choices::narrowed(self, "oneOf", value, schemas));
                    continue;
                }
                (_, Value::Array(schemas)) if LISTS.contains(&key) => self.list(schemas, narrows)?,
                ("additionalProperties", Value::Bool(false))
                    if narrows && !keywords.contains_key("patternProperties") =>
                {
                    out.insert(expected::KEYWORD.to_owned(), expected::members(keywords));
                    continue;
                }
                _ if ONE.contains(&key) => self.subschema(value, narrows && !TESTS.contains(&key))?,
                _ => value.clone(),
            };
            out.insert(key.to_owned(), value);
        }
        if !keywords.keys().any(|key| !CHEAP.contains(&key.as_str())) {
            return Ok(Value::Object(out));
        }
        // The library looks at a schema's own keywords in an order of its own, but at these in theirs.
        let all = [json!({KEYWORD: cost(keywords)}), Value::Object(out)];
        Ok(json!({"allOf": all.into_iter().chain(narrowed).collect::<Vec<_>>()}))
    }

    /// Where the target of a reference stands in what is compiled.
    fn reference(&mut self, reference: &str, narrows: bool) -> Result<String, String> {
        let target = self.target(reference)?;
        if std::ptr::eq(target, self.root) && narrows == self.narrows {
            return Ok("#".to_owned());
        }
        let part = self.part(target, if narrows { Part::Narrowed } else { Part::Exact });
        Ok(part.get("$ref").and_then(Value::as_str).unwrap_or_default().to_owned())
    }
}

fn is_id(key: &str, value: &Value) -> bool {
    key == "$id" && value.is_string()
}

/// The schema that calls itself so.
fn anchored<'a>(schema: &'a Value, anchor: &str) -> Option<&'a Value> {
    match schema {
        Value::Object(keywords) => {
            let own = |key: &str| keywords.get(key).and_then(Value::as_str) == Some(anchor);
            if own("$anchor") || own("$dynamicAnchor") {
                return Some(schema);
            }
            keywords.values().find_map(|value| anchored(value, anchor))
        }
        Value::Array(values) => values.iter().find_map(|value| anchored(value, anchor)),
        _ => None,
    }
}

/// Steps of one look, and for each member of the value.
fn cost(keywords: &Map<String, Value>) -> [usize; 2] {
    let entries = |key: &str| match keywords.get(key) {
        Some(Value::Array(values)) => values.len(),
        Some(Value::Object(members)) => members.len(),
        _ => 0,
    };
    let listed = keywords.keys().filter(|key| !PLACES.contains(&key.as_str()));
    let base = 1 + listed.map(|key| 1 + entries(key)).sum::<usize>();
    [base, 1 + entries("patternProperties") + usize::from(keywords.contains_key("uniqueItems"))]
}

/// Whether any keyword or name, at any depth, is so.
fn has(schema: &Value, is: &impl Fn(&str, &Value) -> bool) -> bool {
    match schema {
        Value::Object(keywords) => keywords.iter().any(|(key, value)| is(key, value) || has(value, is)),
        Value::Array(values) => values.iter().any(|value| has(value, is)),
        _ => false,
    }
}

fn size(schema: &Value) -> usize {
    match schema {
        Value::Object(keywords) => keywords.values().map(|value| 1 + size(value)).sum(),
        Value::Array(values) => values.iter().map(|value| 1 + size(value)).sum(),
        _ => 0,
    }
}

/// Whether a small value can break the schema in few places only.
pub(super) fn is_plain(schema: &Value) -> bool {
    let refers =
        |key: &str, value: &Value| matches!(key, "$ref" | "$dynamicRef" | "$recursiveRef") && value.is_string();
    size(schema) <= PLAIN && !has(schema, &refers)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2).and_then(|hex| hex::decode(hex).ok())).flatten();
        match escaped.as_deref() {
            Some([byte]) => {
                bytes.push(*byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
