//! JSON Schemas that are small enough for a model to read.

use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::SchemaSettings,
    json_schema,
    transform::{RecursiveTransform, Transform},
};
use serde_json::Value;
use tandem_sdk::schema::optional_without_null;

/// The schema of the arguments `T`. Types that occur more than once are written once and referred to: steps and
/// expressions nest, and written out in place they take three times as much.
pub(crate) fn arguments<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    // The root's title is the Rust type's name, its description the tool's.
    schema.remove("title");
    schema.remove("description");
    RecursiveTransform(tidy).transform(&mut schema);
    RecursiveTransform(optional_without_null).transform(&mut schema);
    schema.into()
}

/// Takes out what tells a model nothing: which Rust number it is, and that what is not given is null.
fn tidy(schema: &mut Schema) {
    if schema.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with(['u', 'i', 'd'])) {
        schema.remove("format");
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
}

/// What is nested in a value of its own kind: an object. A schema that refers to itself is refused by some model APIs; what is
/// nested is checked when it is read.
pub(crate) fn nested(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

/// A list of [`nested`] expressions.
pub(crate) fn nested_expressions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "object", "description": "An expression like this one." } })
}

/// An enumeration as the list of its names; what each means is in the description of the whole.
pub(crate) fn names_only(schema: &mut Schema) {
    let Some(Value::Array(variants)) = schema.remove("oneOf") else { return };
    let names = variants.iter().filter_map(|variant| variant.get("const").cloned()).collect();
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), Value::Array(names));
}
