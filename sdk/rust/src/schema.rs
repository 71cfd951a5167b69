//! JSON Schemas of Rust types, small enough to be read by a model.
//!
//! JSON Schema 2020-12 without `$schema` (2020-12 is what a schema without one is), with every type written
//! out in place, and without the formats that only say which Rust number it is. Built when the plugin is
//! described, never during a call.

use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
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

/// The schema of a form: flat, and without null, which no form can give.
pub(crate) fn form<T: JsonSchema>() -> Value {
    let mut schema = input::<T>();
    if let Some(object) = schema.as_object_mut() {
        object.remove("additionalProperties");
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(drop_null);
    }
    schema
}

fn drop_null(property: &mut Value) {
    let Some(property) = property.as_object_mut() else { return };
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
    if property.get("default").is_some_and(Value::is_null) {
        property.remove("default");
    }
}

fn schema<T: JsonSchema>(contract: Contract) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.meta_schema = None;
        s.inline_subschemas = true;
        s.contract = contract;
    });
    let mut schema = settings.with_transform(DropNumberFormats).into_generator().into_root_schema_for::<T>();
    // The root's title is the Rust type's name.
    schema.remove("title");
    schema.to_value()
}

#[derive(Debug, Clone)]
struct DropNumberFormats;

impl Transform for DropNumberFormats {
    fn transform(&mut self, schema: &mut Schema) {
        const NUMBERS: [&str; 14] = [
            "int8", "int16", "int32", "int64", "int128", "int", "uint8", "uint16", "uint32", "uint64", "uint128",
            "uint", "float", "double",
        ];
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

    #[test]
    fn a_type_is_written_out_in_place() {
        let schema = input::<Vec<Form>>().to_string();
        assert!(schema.contains(r#""description":"A name.""#), "{schema}");
        for noise in ["$schema", "$ref", "$defs", "title", "double", "uint8"] {
            assert!(!schema.contains(noise), "{noise} in {schema}");
        }
    }
}
