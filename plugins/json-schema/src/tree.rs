//! The subschemas of a schema: which stand in which, and what references name.

use std::collections::HashMap;

use serde_json::Map;
use tandem_sdk::prelude::*;

/// Keywords whose subschemas apply to the same value.
const SAME_VALUE: [&str; 9] =
    ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];
/// Keywords whose subschemas apply to a part of the value.
const PARTS: [&str; 11] = [
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "contentSchema",
];
/// Keywords whose value is an object of subschemas by name.
const MAPS: [&str; 4] = ["dependentSchemas", "dependencies", "properties", "patternProperties"];
/// Keywords that name a subschema elsewhere.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// The schemas of schemas, which the validator brings.
const BUILT_IN: [&str; 2] = ["https://json-schema.org/draft", "http://json-schema.org/draft"];

/// A schema with its names.
pub(crate) struct Tree<'a> {
    pub(crate) root: &'a Value,
    ids: HashMap<&'a str, &'a Value>,
    anchors: HashMap<&'a str, Vec<&'a Value>>,
    pub(crate) patterns: usize,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        let mut tree = Self { root, ids: HashMap::new(), anchors: HashMap::new(), patterns: 0 };
        let mut open = vec![root];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(members) => {
                    tree.add_names(value, members);
                    open.extend(members.values());
                }
                _ => {}
            }
        }
        tree
    }

    fn add_names(&mut self, value: &'a Value, members: &'a Map<String, Value>) {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        for id in ["$id", "id"].into_iter().filter_map(text) {
            match id.strip_prefix('#') {
                Some(anchor) => self.anchors.entry(anchor).or_default().push(value),
                None => drop(self.ids.insert(id.trim_end_matches('#'), value)),
            }
        }
        for anchor in ["$anchor", "$dynamicAnchor"].into_iter().filter_map(text) {
            self.anchors.entry(anchor).or_default().push(value);
        }
        self.patterns += usize::from(text("pattern").is_some());
        self.patterns += members.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len);
    }

    /// What a reference names; nothing for the schemas that the validator brings.
    fn find(&self, reference: &str) -> Result<Vec<&'a Value>> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let bases: Vec<&Value> = if base.is_empty() {
            // A pointer begins at the nearest `$id`: each is taken, which is never too few.
            std::iter::once(self.root).chain(self.ids.values().copied()).collect()
        } else if BUILT_IN.iter().any(|known| base.starts_with(known)) {
            return Ok(Vec::new());
        } else {
            let is_it = |id: &&str| *id == base || id.ends_with(&format!("/{}", base.trim_start_matches(['.', '/'])));
            self.ids.iter().filter(|(id, _)| is_it(id)).map(|(_, value)| *value).collect()
        };
        if bases.is_empty() {
            return Err(Error::invalid_arguments(format!(
                "the schema refers to `{reference}`, which is another document: only references within the schema are followed; \
                 put it under `$defs`, with its `$id`"
            )));
        }
        let found: Vec<&Value> = match fragment {
            "" if base.is_empty() => vec![self.root],
            "" => bases,
            pointer if pointer.starts_with('/') => {
                let pointer = decoded(pointer);
                bases.iter().filter_map(|base| base.pointer(&pointer)).collect()
            }
            anchor => self.anchors.get(anchor).cloned().unwrap_or_default(),
        };
        if found.is_empty() {
            return Err(Error::invalid_arguments(format!(
                "the schema refers to `{reference}`, which it does not have"
            )));
        }
        Ok(found)
    }

    /// The subschemas that apply to the same value as `schema`.
    pub(crate) fn same_value(&self, schema: &'a Value) -> Result<Vec<&'a Value>> {
        let Value::Object(members) = schema else { return Ok(Vec::new()) };
        let mut found = below(members, &SAME_VALUE);
        for keyword in REFERENCES {
            if let Some(reference) = members.get(keyword).and_then(Value::as_str) {
                found.extend(self.find(reference)?);
            }
        }
        Ok(found)
    }

    /// The subschemas that apply to parts of the value.
    pub(crate) fn parts(&self, schema: &'a Value) -> Vec<&'a Value> {
        schema.as_object().map_or_else(Vec::new, |members| below(members, &PARTS))
    }
}

/// The subschemas of some keywords.
fn below<'a>(members: &'a Map<String, Value>, keywords: &[&str]) -> Vec<&'a Value> {
    let mut found = Vec::new();
    for keyword in keywords {
        match members.get(*keyword) {
            Some(Value::Array(schemas)) => found.extend(schemas),
            Some(Value::Object(schemas)) if MAPS.contains(keyword) => found.extend(schemas.values()),
            Some(schema) => found.push(schema),
            None => {}
        }
    }
    found.retain(|schema| schema.is_object() || schema.is_boolean());
    found
}

/// A pointer of a URI with its `%20` read.
fn decoded(pointer: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = pointer;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        match after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend(rest.bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}
