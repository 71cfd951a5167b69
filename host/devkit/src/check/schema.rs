//! The part of JSON Schema that real clients take.
//!
//! Hosts take all of JSON Schema 2020-12. Clients pass schemas on to model APIs, which take less: Anthropic's refuses choices at the
//! top and names of properties with other signs; OpenAI's strict mode has bounds on depth and number; Gemini's takes neither
//! references that recur nor lists of types, and wants `items`. What none of these take is a warning, what one of them does not is a note.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::findings::Findings;

/// OpenAI's structured outputs: levels of objects, properties in all, values of all enumerations.
const DEPTH: usize = 5;
const PROPERTIES: usize = 100;
const VALUES: usize = 500;
/// As for a tool's description.
const DESCRIPTION: usize = 1024;
/// Walked at most: a schema of a package is bounded, but references go round.
const WALK: usize = 32;

/// Keywords of 2020-12 that most clients pass over or refuse, and what to write instead.
const RARE: [(&str, &str); 14] = [
    ("patternProperties", "name the properties, or take a list of key and value"),
    ("propertyNames", "say it in the description"),
    ("dependentSchemas", "check it in the tool"),
    ("dependentRequired", "check it in the tool"),
    ("unevaluatedProperties", "use additionalProperties"),
    ("unevaluatedItems", "use items"),
    ("contains", "check it in the tool"),
    ("prefixItems", "use an object with named properties"),
    ("if", "check it in the tool"),
    ("not", "check it in the tool"),
    ("$dynamicRef", "use $ref"),
    ("$anchor", "use $defs"),
    ("contentMediaType", "say it in the description"),
    ("contentSchema", "say it in the description"),
];

struct Walk<'a> {
    root: &'a Value,
    place: &'a str,
    findings: &'a mut Findings,
    properties: usize,
    values: usize,
    deepest: usize,
    input: bool,
}

/// Lints a tool's input schema. `place` is where it stands.
pub(super) fn input(place: &str, schema: &Value, findings: &mut Findings) {
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        findings.error(
            place,
            "an input schema must say `\"type\": \"object\"` (MCP)",
            "take the arguments as an object",
        );
    }
    for choice in ["anyOf", "oneOf", "allOf", "enum", "not"].into_iter().filter(|choice| schema.get(choice).is_some()) {
        let message = format!("`{choice}` at the top is refused by model APIs");
        findings.warning(place, message, "put it into a property, or make several tools");
    }
    walk(place, schema, true, findings);
}

/// Lints a tool's output schema.
pub(super) fn output(place: &str, schema: &Value, findings: &mut Findings) {
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        findings.error(
            place,
            "an output schema must say `\"type\": \"object\"` (MCP)",
            "answer an object, as `{ \"result\": … }`",
        );
    }
    walk(place, schema, false, findings);
}

fn walk(place: &str, schema: &Value, input: bool, findings: &mut Findings) {
    let mut walk = Walk { root: schema, place, findings: &mut *findings, properties: 0, values: 0, deepest: 0, input };
    walk.schema("", schema, 0, &BTreeSet::new());
    let Walk { properties, values, deepest, .. } = walk;
    let over = [
        ("levels of objects", deepest, DEPTH, "flatten it"),
        ("properties", properties, PROPERTIES, "split the tool"),
        ("enumerated values", values, VALUES, "take a string, and check it in the tool"),
    ];
    for (what, found, most, remedy) in over.into_iter().filter(|(_, found, most, _)| found > most) {
        findings.note(place, format!("{found} {what}; strict modes take {most}"), remedy);
    }
}

impl Walk<'_> {
    fn at(&self, pointer: &str) -> String {
        format!("{}{pointer}", self.place)
    }

    fn schema(&mut self, pointer: &str, schema: &Value, depth: usize, seen: &BTreeSet<String>) {
        if pointer.matches('/').count() > WALK * 2 || depth > WALK {
            return;
        }
        let Some(keys) = schema.as_object() else {
            if schema.is_boolean() && !pointer.ends_with("/additionalProperties") {
                let place = self.at(pointer);
                self.findings.note(
                    place,
                    "a schema that is only true or false",
                    "write `{}`, or say what the value is",
                );
            }
            return;
        };
        self.keywords(pointer, keys);
        self.reference(pointer, keys, depth, seen);
        self.kind(pointer, keys);
        if let Some(properties) = keys.get("properties").and_then(Value::as_object) {
            self.deepest = self.deepest.max(depth + 1);
            self.properties += properties.len();
            for (name, property) in properties {
                let pointer = format!("{pointer}/properties/{}", name.replace('~', "~0").replace('/', "~1"));
                self.property(&pointer, name, property);
                self.schema(&pointer, property, depth + 1, seen);
            }
        }
        for key in ["items", "additionalProperties"] {
            if let Some(next) = keys.get(key) {
                self.schema(&format!("{pointer}/{key}"), next, depth, seen);
            }
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            for (index, next) in keys.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
                self.schema(&format!("{pointer}/{key}/{index}"), next, depth, seen);
            }
        }
    }

    fn keywords(&mut self, pointer: &str, keys: &Map<String, Value>) {
        for (keyword, remedy) in RARE.iter().filter(|(keyword, _)| keys.contains_key(*keyword)) {
            let place = self.at(pointer);
            self.findings.warning(place, format!("`{keyword}` is passed over or refused by most clients"), *remedy);
        }
        self.values += keys.get("enum").and_then(Value::as_array).map_or(0, Vec::len);
        for bound in ["minimum", "maximum", "default", "const"] {
            let exact =
                keys.get(bound).and_then(Value::as_f64).is_none_or(|number| number.abs() <= 9_007_199_254_740_992.0);
            if !exact {
                let place = self.at(pointer);
                let message = format!("`{bound}` is not a number that JavaScript has exactly");
                self.findings.note(place, message, "keep within 2^53, or leave the bound out");
            }
        }
    }

    fn reference(&mut self, pointer: &str, keys: &Map<String, Value>, depth: usize, seen: &BTreeSet<String>) {
        let Some(target) = keys.get("$ref").and_then(Value::as_str) else { return };
        let place = self.at(pointer);
        let Some(inside) = target.strip_prefix('#') else {
            self.findings.error(
                place,
                format!("`$ref` to `{target}`, which is outside; hosts fetch nothing"),
                "put it under `$defs`",
            );
            return;
        };
        if seen.contains(target) {
            let message = format!("`{target}` refers to itself, which some model APIs refuse");
            self.findings.warning(place, message, "bound the depth, or take the inner part as JSON text");
            return;
        }
        let Some(next) = self.root.pointer(inside) else {
            self.findings.error(place, format!("`$ref` to `{target}`, which is not there"), "define it under `$defs`");
            return;
        };
        let mut seen = seen.clone();
        seen.insert(target.to_owned());
        self.schema(&format!("/{}", inside.trim_start_matches('/')), next, depth, &seen);
    }

    fn kind(&mut self, pointer: &str, keys: &Map<String, Value>) {
        let place = self.at(pointer);
        let kinds = keys.get("type").and_then(Value::as_array);
        let several = kinds.is_some_and(|kinds| kinds.iter().filter(|kind| *kind != "null").count() > 1);
        if several {
            self.findings.warning(place.clone(), "several types at once; some clients take the first", "use anyOf");
        } else if kinds.is_some() {
            self.findings.note(
                place.clone(),
                "a list of types; some model APIs want one",
                "leave `null` out: what is not required may be left out",
            );
        }
        let array = keys.get("type").and_then(Value::as_str) == Some("array");
        if array && !keys.contains_key("items") && !keys.contains_key("prefixItems") {
            self.findings.warning(
                place,
                "a list without `items`, which some model APIs refuse",
                "say what is in the list",
            );
        }
    }

    fn property(&mut self, pointer: &str, name: &str, property: &Value) {
        let place = self.at(pointer);
        let plain = (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        if self.input && !plain {
            let message = "the name has characters or a length that model APIs refuse";
            self.findings.warning(place.clone(), message, "write 1 to 64 letters, digits, `_`, `.` or `-`");
        }
        let description = property.get("description").and_then(Value::as_str).unwrap_or("");
        if description.chars().count() > DESCRIPTION {
            self.findings.warning(
                place,
                format!("the description is longer than {DESCRIPTION} characters"),
                "shorten it",
            );
        } else if self.input && description.trim().is_empty() && property.get("$ref").is_none() {
            self.findings.note(place, "it has no description", "say what it is: a model fills it in by that");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::findings::Severity;

    fn found(schema: &Value) -> Vec<(Severity, String)> {
        let mut findings = Findings::default();
        input("t", schema, &mut findings);
        findings
            .0
            .into_iter()
            .map(|finding| (finding.severity, format!("{}: {}", finding.place, finding.message)))
            .collect()
    }

    #[test]
    fn what_every_client_takes_is_not_remarked_on() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
            "required": ["text"],
            "properties": {
                "text": { "type": "string", "description": "The text.", "maxLength": 10, "pattern": "^a" },
                "tags": { "type": "array", "description": "Tags.", "items": { "type": "string", "enum": ["a", "b"] } },
                "place": { "$ref": "#/$defs/place" },
            },
            "$defs": { "place": { "type": "object", "properties": { "x": { "type": "number", "description": "X." } } } },
        });
        assert_eq!(found(&schema), []);
    }

    #[test]
    fn what_some_client_refuses_is_named_with_its_place() {
        let property = |schema: Value| json!({ "type": "object", "properties": { "p": schema } });
        let with = |mut schema: Value| {
            schema["description"] = json!("It.");
            property(schema)
        };
        for (schema, severity, told) in [
            (json!({ "type": "string" }), Severity::Error, "t: an input schema"),
            (json!({ "type": "object", "oneOf": [] }), Severity::Warning, "t: `oneOf` at the top"),
            (with(json!({ "$ref": "https://x/y" })), Severity::Error, "t/properties/p: `$ref` to"),
            (with(json!({ "$ref": "#/$defs/none" })), Severity::Error, "which is not there"),
            (with(json!({ "$ref": "#/properties/p" })), Severity::Warning, "refers to itself"),
            (with(json!({ "type": "array" })), Severity::Warning, "t/properties/p: a list without `items`"),
            (with(json!({ "type": ["string", "integer"] })), Severity::Warning, "several types"),
            (with(json!({ "type": ["string", "null"] })), Severity::Note, "a list of types"),
            (with(json!({ "not": {} })), Severity::Warning, "`not` is passed over"),
            (with(json!({ "type": "integer", "maximum": 1e300 })), Severity::Note, "`maximum` is not a number"),
            (property(json!({ "type": "string" })), Severity::Note, "t/properties/p: it has no description"),
            (property(json!({ "description": "x".repeat(2000) })), Severity::Warning, "longer than"),
            (
                json!({ "type": "object", "properties": { "a b": { "description": "x" } } }),
                Severity::Warning,
                "t/properties/a b: the name",
            ),
        ] {
            let found = found(&schema);
            assert!(found.iter().any(|(s, text)| *s == severity && text.contains(told)), "{schema}: {found:?}");
        }
    }

    #[test]
    fn a_schema_that_is_too_deep_is_remarked_on() {
        let mut schema = json!({ "type": "string", "description": "It." });
        for _ in 0..7 {
            schema = json!({ "type": "object", "description": "It.", "properties": { "p": schema } });
        }
        assert!(found(&schema).iter().any(|(_, text)| text.contains("7 levels")), "{:?}", found(&schema));
    }
}
