//! Schemas of OpenAPI 3.0 and 3.1 as the part of JSON Schema 2020-12 that clients and model APIs take.
//!
//! References are resolved into their place. What recurs, or is deeper than the detail that is asked for, becomes an open object or list:
//! a value that the API takes is never refused by what was cut. `allOf` is merged, `oneOf` becomes `anyOf`, lists of types become a
//! choice, `readOnly` members are left out, patterns go into descriptions.

use serde_json::{Map, Value, json};

use crate::{
    document::{At, Document},
    limits::{MAX_CHOICES, MAX_ENUM, MAX_VISITS},
    text::cut,
};

/// How much of a schema is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detail {
    /// Levels of objects and lists.
    pub(crate) depth: usize,
    /// Bytes of a description.
    pub(crate) description: usize,
}

/// From all that a strict mode takes to what is always small.
pub(crate) const DETAILS: [Detail; 6] = [
    Detail { depth: 5, description: 200 },
    Detail { depth: 4, description: 120 },
    Detail { depth: 3, description: 80 },
    Detail { depth: 3, description: 0 },
    Detail { depth: 2, description: 0 },
    Detail { depth: 1, description: 0 },
];

/// Keywords that are kept as they are, where their value is of this kind.
const NUMBERS: [&str; 5] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const COUNTS: [&str; 4] = ["minLength", "maxLength", "minItems", "maxItems"];

/// Whole numbers beyond this are not the same in all clients.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

pub(crate) struct Converter<'d> {
    document: &'d Document,
    detail: Detail,
    visits: usize,
    /// References that are being resolved: what comes again recurs.
    open: Vec<String>,
}

impl<'d> Converter<'d> {
    pub(crate) fn new(document: &'d Document, detail: Detail) -> Self {
        Self { document, detail, visits: 0, open: Vec::new() }
    }

    /// A schema in the portable form.
    ///
    /// # Errors
    /// A reference to another document or to nothing, with where it is.
    pub(crate) fn convert(&mut self, at: &At<'d>) -> Result<Value, (String, String)> {
        self.schema(at, 0).map(Value::Object)
    }

    fn schema(&mut self, at: &At<'d>, depth: usize) -> Result<Map<String, Value>, (String, String)> {
        self.visits += 1;
        let Some(keys) = at.value.as_object() else { return Ok(Map::new()) };
        // Before references: a chain of them is as deep as the document is long.
        if self.visits > MAX_VISITS {
            return Ok(self.open_form(at));
        }
        if let Some(target) = keys.get("$ref").and_then(Value::as_str) {
            let found = self.document.target(target).map_err(|problem| (at.pointer.clone(), problem))?;
            if self.open.contains(&found.pointer) {
                return Ok(self.open_form(&found));
            }
            self.open.push(found.pointer.clone());
            let converted = self.schema(&found, depth);
            self.open.pop();
            let mut converted = converted?;
            // 3.1 lets a description stand beside a reference.
            if let Some(description) = self.description(at) {
                converted.insert("description".to_owned(), description);
            }
            return Ok(converted);
        }
        if depth >= self.detail.depth {
            return Ok(self.open_form(at));
        }
        let mut out = self.plain(at);
        self.members(at, depth, &mut out)?;
        self.items(at, depth, &mut out)?;
        self.merged(at, depth, &mut out)?;
        self.choices(at, depth, &mut out)?;
        self.types(keys, &mut out);
        Ok(out)
    }

    /// What is said of a value without what is in it.
    fn open_form(&self, at: &At<'d>) -> Map<String, Value> {
        let mut out = Map::new();
        let is_object = at.value.get("properties").is_some() || at.value.get("type") == Some(&json!("object"));
        if let Some(kind) = at.value.get("type").and_then(Value::as_str).or(is_object.then_some("object")) {
            out.insert("type".to_owned(), json!(kind));
            if kind == "array" {
                out.insert("items".to_owned(), json!({}));
            }
        }
        if let Some(description) = self.description(at) {
            out.insert("description".to_owned(), description);
        }
        out
    }

    fn description(&self, at: &At<'d>) -> Option<Value> {
        let mut text = cut(at.text("description").or_else(|| at.text("title"))?, self.detail.description);
        if let Some(pattern) = at.text("pattern").filter(|pattern| pattern.len() <= 60 && self.detail.description > 0) {
            text.push_str(&format!(" (pattern: {pattern})"));
        }
        (!text.is_empty()).then_some(Value::String(text))
    }

    /// Keywords without schemas in them.
    fn plain(&self, at: &At<'d>) -> Map<String, Value> {
        let (keys, mut out) = (at.value, Map::new());
        if let Some(description) = self.description(at) {
            out.insert("description".to_owned(), description);
        }
        for key in NUMBERS {
            if let Some(value) = keys.get(key).filter(|value| value.as_f64().is_some_and(|v| v.abs() <= MAX_EXACT)) {
                out.insert(key.to_owned(), value.clone());
            }
        }
        if out.get("multipleOf").and_then(Value::as_f64).is_some_and(|step| step <= 0.0) {
            out.remove("multipleOf");
        }
        // 3.0: a flag beside the bound.
        for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
            if at.flag(flag)
                && let Some(value) = out.remove(bound)
            {
                out.insert(flag.to_owned(), value);
            }
        }
        for key in COUNTS {
            if let Some(value) = keys.get(key).filter(|value| value.is_u64()) {
                out.insert(key.to_owned(), value.clone());
            }
        }
        if let Some(format) = at.text("format").filter(|format| format.len() <= 32) {
            out.insert("format".to_owned(), json!(format));
        }
        if let Some(value) =
            keys.get("default").filter(|value| !value.is_object() && !value.is_array() && !value.is_null())
        {
            out.insert("default".to_owned(), value.clone());
        }
        let values = match (keys.get("enum").and_then(Value::as_array), keys.get("const")) {
            (Some(values), _) => values.iter().filter(|value| !value.is_null()).cloned().collect(),
            (None, Some(value)) => vec![value.clone()],
            (None, None) => Vec::new(),
        };
        if (1..=MAX_ENUM).contains(&values.len()) && !values.iter().any(|value| value.is_array() || value.is_object()) {
            out.insert("enum".to_owned(), Value::Array(values));
        }
        out
    }

    fn members(&mut self, at: &At<'d>, depth: usize, out: &mut Map<String, Value>) -> Result<(), (String, String)> {
        let mut required: Vec<Value> = at
            .value
            .get("required")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
            .into_iter()
            .filter(Value::is_string)
            .collect();
        let (mut properties, mut is_whole) = (Map::new(), true);
        for (name, property) in at.member("properties").iter().flat_map(At::members) {
            let resolved =
                self.document.resolve(property.clone()).map_err(|problem| (property.pointer.clone(), problem))?;
            // What the server sets; and names that model APIs refuse: an object that needs one stays open.
            if property.flag("readOnly") || resolved.flag("readOnly") {
                required.retain(|required| required != name);
                continue;
            }
            if !is_plain_name(name) {
                is_whole = false;
                continue;
            }
            let converted = self.schema(&property, depth + 1)?;
            properties.insert(name.to_owned(), Value::Object(converted));
        }
        if !properties.is_empty() {
            required.retain(|name| name.as_str().is_some_and(|name| properties.contains_key(name)));
            out.insert("properties".to_owned(), Value::Object(properties));
            if !required.is_empty() {
                out.insert("required".to_owned(), Value::Array(required));
            }
        }
        match at.member("additionalProperties") {
            Some(more) if more.value == &Value::Bool(false) && is_whole => {
                out.insert("additionalProperties".to_owned(), json!(false));
            }
            Some(more) if more.value.is_object() && is_whole => {
                let converted = self.schema(&more, depth + 1)?;
                out.insert("additionalProperties".to_owned(), Value::Object(converted));
            }
            _ => {}
        }
        Ok(())
    }

    fn items(&mut self, at: &At<'d>, depth: usize, out: &mut Map<String, Value>) -> Result<(), (String, String)> {
        if let Some(items) = at.member("items") {
            let converted = self.schema(&items, depth + 1)?;
            out.insert("items".to_owned(), Value::Object(converted));
        }
        Ok(())
    }

    /// `allOf`: the members of all, in one object.
    fn merged(&mut self, at: &At<'d>, depth: usize, out: &mut Map<String, Value>) -> Result<(), (String, String)> {
        for part in at.member("allOf").iter().flat_map(At::items) {
            let part = self.schema(&part, depth)?;
            for (key, value) in part {
                match (out.get_mut(&key), value) {
                    (Some(Value::Object(ours)), Value::Object(theirs)) if key == "properties" => {
                        for (name, property) in theirs {
                            ours.entry(name).or_insert(property);
                        }
                    }
                    (Some(Value::Array(ours)), Value::Array(theirs)) if key == "required" => {
                        for name in theirs {
                            if !ours.contains(&name) {
                                ours.push(name);
                            }
                        }
                    }
                    (Some(_), _) => {}
                    // Closed parts would exclude each other.
                    (None, _) if key == "additionalProperties" => {}
                    (None, value) => drop(out.insert(key, value)),
                }
            }
            out.remove("additionalProperties");
        }
        Ok(())
    }

    fn choices(&mut self, at: &At<'d>, depth: usize, out: &mut Map<String, Value>) -> Result<(), (String, String)> {
        let mut choices = Vec::new();
        for list in ["oneOf", "anyOf"].into_iter().filter_map(|key| at.member(key)) {
            for choice in list.items() {
                let converted = self.schema(&choice, depth)?;
                if converted.get("type") != Some(&json!("null")) && choices.len() < MAX_CHOICES + 1 {
                    choices.push(Value::Object(converted));
                }
            }
        }
        match choices.len() {
            0 => {}
            1 => {
                for (key, value) in choices.pop().and_then(|choice| choice.as_object().cloned()).into_iter().flatten() {
                    out.entry(key).or_insert(value);
                }
            }
            // Too many to show, so none may be refused.
            more if more > MAX_CHOICES => {}
            _ => drop(out.insert("anyOf".to_owned(), Value::Array(choices))),
        }
        Ok(())
    }

    fn types(&self, keys: &Map<String, Value>, out: &mut Map<String, Value>) {
        let nullable = keys.get("nullable").and_then(Value::as_bool) == Some(true);
        let listed: Vec<&str> = match keys.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let null = nullable || listed.contains(&"null");
        let kinds: Vec<&str> = listed.into_iter().filter(|kind| is_type(kind)).collect();
        match kinds.as_slice() {
            [] => {
                if out.contains_key("properties") {
                    out.entry("type").or_insert(json!("object"));
                } else if out.contains_key("items") {
                    out.entry("type").or_insert(json!("array"));
                }
            }
            [kind] => drop(out.insert("type".to_owned(), json!(kind))),
            // Of several types only the types are kept: a keyword of one is not for another.
            several if !out.contains_key("anyOf") => {
                let one = |kind: &&str| {
                    if **kind == *"array" { json!({ "type": kind, "items": {} }) } else { json!({ "type": kind }) }
                };
                out.retain(|key, _| key == "description");
                out.insert("anyOf".to_owned(), several.iter().map(one).collect());
            }
            _ => {}
        }
        if out.get("type") == Some(&json!("array")) {
            out.entry("items").or_insert(json!({}));
        }
        if null && out.contains_key("type") && !out.contains_key("anyOf") {
            let description = out.remove("description");
            let value = std::mem::take(out);
            out.extend(description.map(|description| ("description".to_owned(), description)));
            out.insert("anyOf".to_owned(), json!([value, { "type": "null" }]));
        }
    }
}

fn is_type(kind: &str) -> bool {
    matches!(kind, "string" | "number" | "integer" | "boolean" | "array" | "object")
}

/// A name of a property that model APIs take.
pub(crate) fn is_plain_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}
