//! JSON Schemas of Rust types, small enough to be read by a model.
//!
//! JSON Schema 2020-12 without `$schema` (2020-12 is what a schema without one is), with every type written
//! out in place, and without the formats that only say which Rust number it is. What may be left out of arguments has a
//! plain type, without null: strict gateways drop tools with lists of types, and the host takes null for what is left
//! out. Built when the plugin is described, never during a call.

use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::{RecursiveTransform, Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

/// What a value must look like to be read as `T`.
pub fn input<T: JsonSchema>() -> Value {
    schema::<T>(Contract::Deserialize)
}

/// What a value of `T` looks like once written.
pub fn output<T: JsonSchema>() -> Value {
    schema::<T>(Contract::Serialize)
}

/// The schema of an object that holds a `T` as `result`.
pub(crate) fn wrapped_output<T: JsonSchema>() -> Value {
    json!({ "type": "object", "properties": { "result": output::<T>() }, "required": ["result"] })
}

/// The schema of a form: flat.
pub(crate) fn form<T: JsonSchema>() -> Value {
    let mut schema = input::<T>();
    if let Some(object) = schema.as_object_mut() {
        object.remove("additionalProperties");
    }
    schema
}

/// Takes null out of the schemas of members that may be left out, in all objects of a schema of arguments: null stands
/// for nothing else there. Members with a default other than null keep it, since null is another value.
pub fn optional_without_null(schema: &mut Schema) {
    let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        let has_default = |property: &Value| property.get("default").is_some_and(|default| !default.is_null());
        if !required.iter().any(|one| one == name) && !has_default(property) {
            drop_null(property);
        }
    }
}

fn drop_null(property: &mut Value) {
    let Some(property) = property.as_object_mut() else { return };
    property.retain(|key, value| key != "default" || !value.is_null());
    if let Some(Value::Array(values)) = property.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            property.insert("type".to_owned(), only);
        }
    }
    for key in ["anyOf", "oneOf"] {
        let Some(Value::Array(alternatives)) = property.get_mut(key) else { continue };
        alternatives.retain(|alternative| *alternative != json!({ "type": "null" }));
        if let [Value::Object(only)] = alternatives.as_slice() {
            let only = only.clone();
            // Its place among the keywords is of no matter, what the property itself says wins.
            property.shift_remove(key);
            for (keyword, value) in only {
                property.entry(keyword).or_insert(value);
            }
        }
    }
}

fn schema<T: JsonSchema>(contract: Contract) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.meta_schema = None;
        s.inline_subschemas = true;
        s.contract = contract.clone();
    });
    let is_input = contract == Contract::Deserialize;
    let settings = settings.with_transform(Tidy);
    let settings = if is_input { settings.with_transform(RecursiveTransform(optional_without_null)) } else { settings };
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    // The root's title is the Rust type's name.
    schema.remove("title");
    schema.to_value()
}

#[derive(Debug, Clone)]
struct Tidy;

impl Transform for Tidy {
    fn transform(&mut self, schema: &mut Schema) {
        const NUMBERS: [&str; 14] = [
            "int8", "int16", "int32", "int64", "int128", "int", "uint8", "uint16", "uint32", "uint64", "uint128",
            "uint", "float", "double",
        ];
        // `1.2_f32` is 1.2000000476837158 as a `f64`, and 1.2 as text.
        let is_single = schema.get("format").is_some_and(|format| format == "float");
        let default = schema.get("default").and_then(Value::as_f64).filter(|_| is_single);
        if let Some(short) = default.and_then(|default| (default as f32).to_string().parse::<f64>().ok()) {
            schema.insert("default".to_owned(), short.into());
        }
        if schema.get("format").and_then(Value::as_str).is_some_and(|format| NUMBERS.contains(&format)) {
            schema.remove("format");
        }
        transform_subschemas(self, schema);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input as argument;

    #[argument]
    #[allow(dead_code, reason = "only its schema is of interest")]
    enum Pet {
        Cat,
        Dog,
    }

    /// A form.
    #[argument]
    #[allow(dead_code, reason = "only its schema is of interest")]
    struct Form {
        /// A name.
        name: String,
        age: Option<u8>,
        #[serde(default)]
        weight: Option<f64>,
        pet: Option<Pet>,
    }

    #[test]
    fn a_form_is_flat_and_without_null() {
        assert_eq!(
            form::<Form>(),
            json!({
                "type": "object",
                "description": "A form.",
                "properties": {
                    "name": { "type": "string", "description": "A name." },
                    "age": { "type": "integer", "minimum": 0, "maximum": 255 },
                    "weight": { "type": "number" },
                    "pet": { "type": "string", "enum": ["Cat", "Dog"] },
                },
                "required": ["name"],
            })
        );
    }

    #[argument]
    #[allow(dead_code, reason = "only its schema is of interest")]
    struct Arguments {
        #[serde(default = "factor")]
        factor: f32,
        #[serde(default = "some")]
        cleared_by_null: Option<u8>,
        /// A form.
        form: Option<Box<Form>>,
        list: Vec<Option<u8>>,
        either: Option<Either>,
    }

    #[argument]
    #[serde(untagged)]
    #[allow(dead_code, reason = "only its schema is of interest")]
    enum Either {
        Text(String),
        Number(f64),
    }

    fn factor() -> f32 {
        1.2
    }

    fn some() -> Option<u8> {
        Some(5)
    }

    #[test]
    fn what_may_be_left_out_has_a_plain_type() {
        let schema = input::<Arguments>();
        let properties = &schema["properties"];
        assert_eq!(properties["factor"], json!({ "type": "number", "default": 1.2 }));
        assert_eq!(properties["cleared_by_null"]["type"], json!(["integer", "null"]), "null is not the default");
        assert_eq!(properties["form"]["type"], "object");
        assert_eq!(properties["form"]["properties"]["age"]["type"], "integer");
        assert_eq!(properties["list"]["items"]["type"], json!(["integer", "null"]));
        assert_eq!(properties["either"]["anyOf"], json!([{ "type": "string" }, { "type": "number" }]));
        let written = output::<Vec<Option<u8>>>();
        assert_eq!(written["items"]["type"], json!(["integer", "null"]), "results keep their null");
    }

    #[test]
    fn a_type_is_written_out_in_place() {
        let schema = input::<Vec<Form>>().to_string();
        assert!(schema.contains(r#""description":"A name.""#), "{schema}");
        for noise in ["$schema", "$ref", "$defs", "title", "double", "uint8"] {
            assert!(!schema.contains(noise), "{noise} in {schema}");
        }
    }
}
