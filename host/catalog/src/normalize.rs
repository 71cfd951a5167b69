//! Arguments as their schema means them.
//!
//! Many clients write `null` for what they leave out (strict function calling has no other way), and `2.0` for an integer,
//! which JSON Schema says it is. Guests in most languages take neither. Both are brought to the usual form once, for guests
//! of every kind, before arguments are checked.
//!
//! **Promises.** A `null` is left out where its member is optional and its schema takes no null, so that the member's
//! default counts. A number without a fraction is an integer where its schema wants one. Nothing else changes.
//!
//! **Bounds.** [`MAX_STEPS`] looks at a schema. What is left then stays as it is, and is checked as it is.

use serde_json::{Map, Value};

use crate::Tool;

/// Looks at a (sub)schema during one call; a look takes well under a microsecond. Stops arguments of a thousand small
/// objects below a schema of many alternatives from holding an executor's thread.
const MAX_STEPS: usize = 50_000;
/// How far references and compositions are followed when a schema is asked whether it takes null.
const MAX_DEPTH: usize = 16;

impl Tool {
    /// Brings arguments to the form that the input schema means.
    pub fn normalize_arguments(&self, arguments: &mut Value) {
        if let Value::Object(members) = arguments {
            normalize(&self.descriptor.input_schema, members);
        }
    }
}

/// Brings the members of an object to the form that `schema` means.
pub fn normalize(schema: &Value, arguments: &mut Map<String, Value>) {
    if arguments.values().any(is_unusual) {
        Walk { root: schema, left: MAX_STEPS }.object(&[schema], arguments);
    }
}

/// Whether there is anything in a value that could be written otherwise.
fn is_unusual(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Number(_) => whole(value).is_some(),
        Value::Array(elements) => elements.iter().any(is_unusual),
        Value::Object(members) => members.values().any(is_unusual),
        Value::Bool(_) | Value::String(_) => false,
    }
}

/// The integer that a float is.
fn whole(value: &Value) -> Option<Value> {
    let float = value.as_f64().filter(|float| value.is_f64() && float.fract() == 0.0)?;
    // Exact: within an `i128` a whole float is converted without loss, and what is beyond it fits neither.
    let integer = float as i128;
    i64::try_from(integer).map(Value::from).or_else(|_| u64::try_from(integer).map(Value::from)).ok()
}

struct Walk<'s> {
    root: &'s Value,
    left: usize,
}

impl<'s> Walk<'s> {
    fn value(&mut self, schemas: &[&'s Value], value: &mut Value) {
        match value {
            Value::Number(_) => {
                let Some(integer) = whole(value) else { return };
                if self.applicable(schemas, value).iter().any(|schema| names_type(schema, "integer")) {
                    *value = integer;
                }
            }
            Value::Array(elements) => {
                let schemas = self.applicable(schemas, &Value::Null);
                for (at, element) in elements.iter_mut().enumerate().filter(|(_, element)| is_unusual(element)) {
                    let below: Vec<_> = schemas.iter().filter_map(|schema| of_element(schema, at)).collect();
                    if below.is_empty() || self.left == 0 {
                        return;
                    }
                    self.value(&below, element);
                }
            }
            Value::Object(members) => self.object(schemas, members),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }

    fn object(&mut self, schemas: &[&'s Value], members: &mut Map<String, Value>) {
        let schemas = self.alternatives(schemas, Some(members));
        let mut left_out = Vec::new();
        for (name, value) in members.iter_mut().filter(|(_, value)| is_unusual(value)) {
            let below: Vec<_> = schemas.iter().filter_map(|schema| of_member(schema, name)).collect();
            if below.is_empty() {
                continue;
            }
            if !value.is_null() {
                self.value(&below, value);
            } else if !schemas.iter().any(|schema| requires(schema, name))
                && !below.iter().any(|schema| self.takes_null(schema, MAX_DEPTH))
            {
                left_out.push(name.clone());
            }
        }
        for name in left_out {
            // The others keep their order.
            members.shift_remove(&name);
        }
    }

    fn applicable(&mut self, schemas: &[&'s Value], value: &Value) -> Vec<&'s Value> {
        self.alternatives(schemas, value.as_object())
    }

    /// The schemas themselves and what they refer to and are composed of, each once; alternatives whose constant members
    /// are others than those of `members` are left out.
    fn alternatives(&mut self, schemas: &[&'s Value], members: Option<&Map<String, Value>>) -> Vec<&'s Value> {
        let mut found: Vec<&'s Value> = Vec::with_capacity(schemas.len());
        let mut waiting: Vec<(&'s Value, bool)> = schemas.iter().map(|schema| (*schema, false)).collect();
        while let Some((schema, chosen)) = waiting.pop() {
            let Some(left) = self.left.checked_sub(1) else { break };
            self.left = left;
            if found.iter().any(|other| std::ptr::eq(*other, schema)) || (chosen && is_ruled_out(schema, members)) {
                continue;
            }
            found.push(schema);
            waiting.extend(self.referred(schema).map(|schema| (schema, chosen)));
            waiting.extend(composed(schema, "allOf").map(|schema| (schema, chosen)));
            waiting.extend(["anyOf", "oneOf"].into_iter().flat_map(|key| composed(schema, key)).map(|one| (one, true)));
        }
        found
    }

    /// Where a reference within the same schema leads.
    fn referred(&self, schema: &'s Value) -> Option<&'s Value> {
        let fragment = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.root.pointer(fragment)
    }

    fn takes_null(&mut self, schema: &'s Value, depth: usize) -> bool {
        let (Some(left), Some(depth)) = (self.left.checked_sub(1), depth.checked_sub(1)) else { return true };
        self.left = left;
        let Some(keywords) = schema.as_object() else { return schema != &Value::Bool(false) };
        let refused_by = |key: &str| match (key, keywords.get(key)) {
            (_, None) => false,
            ("const", Some(only)) => !only.is_null(),
            ("enum", Some(Value::Array(values))) => !values.contains(&Value::Null),
            ("type", Some(_)) => !names_type(schema, "null"),
            _ => false,
        };
        !["type", "const", "enum"].into_iter().any(refused_by)
            && self.referred(schema).is_none_or(|schema| self.takes_null(schema, depth))
            && composed(schema, "allOf").all(|part| self.takes_null(part, depth))
            && ["anyOf", "oneOf"].into_iter().all(|key| {
                composed(schema, key).next().is_none() || composed(schema, key).any(|part| self.takes_null(part, depth))
            })
    }
}

fn composed<'s>(schema: &'s Value, key: &str) -> impl Iterator<Item = &'s Value> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn names_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(names)) => names.iter().any(|one| one == name),
        _ => false,
    }
}

fn requires(schema: &Value, name: &str) -> bool {
    composed(schema, "required").any(|required| required == name)
}

fn of_member<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let declared = schema.get("properties").and_then(|properties| properties.get(name));
    declared.or_else(|| schema.get("additionalProperties").filter(|other| other.is_object()))
}

fn of_element(schema: &Value, at: usize) -> Option<&Value> {
    let prefix = schema.get("prefixItems").and_then(|items| items.get(at));
    prefix.or_else(|| schema.get("items").filter(|items| items.is_object()))
}

/// Whether an alternative has a constant member, such as the tag of a tagged union, that is another one here.
fn is_ruled_out(schema: &Value, members: Option<&Map<String, Value>>) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    let (Some(members), Some(properties)) = (members, properties) else { return false };
    properties.iter().any(|(name, schema)| {
        let Some(given) = members.get(name).filter(|given| given.is_string()) else { return false };
        schema.get("const").is_some_and(|only| only != given)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn normalized(schema: &Value, arguments: Value) -> Value {
        let Value::Object(mut members) = arguments else { panic!("an object") };
        normalize(schema, &mut members);
        members.into()
    }

    #[test]
    fn null_is_left_out_where_it_stands_for_nothing() {
        let schema = json!({
            "type": "object",
            "properties": {
                "limit": { "type": "integer", "default": 10 }, "query": { "type": "string" }, "any": {},
                "either": { "type": ["string", "null"] }, "choice": { "anyOf": [{ "type": "number" }, { "type": "null" }] },
                "kind": { "enum": ["a", null] }, "one": { "$ref": "#/$defs/one" },
                "nested": { "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "string" } }, "required": ["b"] },
                "list": { "type": "array", "items": { "$ref": "#/$defs/one" } },
            },
            "required": ["query"],
            "$defs": { "one": { "type": "object", "properties": { "x": { "type": "integer" }, "next": { "$ref": "#/$defs/one" } } } },
        });
        assert_eq!(
            normalized(
                &schema,
                json!({
                    "query": null, "limit": null, "any": null, "either": null, "choice": null, "kind": null, "one": null,
                    "nested": { "a": null, "b": null }, "list": [{ "x": null, "next": { "x": 2.0, "next": null } }, null], "unknown": null,
                })
            ),
            json!({
                "query": null, "any": null, "either": null, "choice": null, "kind": null,
                "nested": { "b": null }, "list": [{ "next": { "x": 2 } }, null], "unknown": null,
            })
        );
    }

    #[test]
    fn a_number_without_a_fraction_is_an_integer_where_one_is_wanted() {
        let schema = json!({
            "properties": {
                "i": { "type": "integer" }, "n": { "type": "number" }, "any": {}, "both": { "type": ["integer", "string"] },
                "list": { "items": { "type": "integer" } }, "pair": { "prefixItems": [{ "type": "integer" }, { "type": "number" }] },
                "map": { "additionalProperties": { "allOf": [{ "type": "integer" }] } },
                "step": { "oneOf": [
                    { "properties": { "step": { "const": "limit" }, "count": { "type": "integer" } } },
                    { "properties": { "step": { "const": "scale" }, "count": { "type": "number" } } },
                ] },
            },
        });
        for (given, wanted) in [
            (
                json!({ "i": 2.0, "n": 2.0, "any": 2.0, "both": -0.0 }),
                json!({ "i": 2, "n": 2.0, "any": 2.0, "both": 0 }),
            ),
            (json!({ "i": 1.5 }), json!({ "i": 1.5 })),
            (json!({ "i": 1e300 }), json!({ "i": 1e300 })),
            (json!({ "i": 18446744073709549568.0 }), json!({ "i": 18446744073709549568_u64 })),
            (
                json!({ "list": [1.0, 2.5, 3], "pair": [1.0, 1.0], "map": { "a": 7e2 } }),
                json!({ "list": [1, 2.5, 3], "pair": [1, 1.0], "map": { "a": 700 } }),
            ),
            (json!({ "step": { "step": "limit", "count": 1.0 } }), json!({ "step": { "step": "limit", "count": 1 } })),
            (
                json!({ "step": { "step": "scale", "count": 1.0 } }),
                json!({ "step": { "step": "scale", "count": 1.0 } }),
            ),
        ] {
            assert_eq!(normalized(&schema, given).to_string(), wanted.to_string());
        }
    }

    #[test]
    fn a_schema_that_leads_in_circles_ends() {
        let schema = json!({
            "$ref": "#",
            "anyOf": [{ "$ref": "#" }, { "$ref": "#/anyOf/0" }],
            "properties": { "a": { "anyOf": [{ "$ref": "#" }, { "$ref": "#/properties/a" }] } },
        });
        let mut deep = json!({ "a": null });
        for _ in 0..100 {
            deep = json!({ "a": deep });
        }
        let many: Vec<Value> = (0..100_000).map(|_| json!(null)).collect();
        let _ = normalized(&schema, deep);
        let _ = normalized(&json!({ "properties": { "a": { "items": { "$ref": "#" } } } }), json!({ "a": many }));
    }
}
