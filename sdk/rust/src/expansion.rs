//! What the macros expand to. No part of the interface: use the macros.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::bindings::tandem::plugin::types::ToolOutput;
use crate::error::{Error, Result};
use crate::output::to_json;
use crate::schema;

pub use crate::prompt::{IntoCompletion, IntoPrompt, only, optional, required};
pub use crate::resource::{IntoResource, match_template, variable};

/// The JSON Schema of a tool's arguments. It has `properties` even where there are none: validators name an unknown
/// argument only then.
pub fn input_schema<T: JsonSchema>() -> String {
    let mut schema = schema::input::<T>();
    if let Some(keywords) = schema.as_object_mut() {
        keywords.entry("properties").or_insert_with(|| json!({}));
    }
    schema.to_string()
}

/// The JSON Schema of a structured result; none for a type that says nothing of its shape.
pub fn output_schema<T: StructuredOutput>() -> Option<String> {
    let schema = schema::output::<T>();
    let says_something = schema.as_object().is_some_and(|keywords| !keywords.is_empty());
    says_something.then(|| schema.to_string())
}

/// The JSON Schema of a structured result that is put into an object.
pub fn wrapped_output_schema<T: StructuredOutput>() -> Option<String> {
    Some(schema::wrapped_output::<T>().to_string())
}

/// Reads a tool's arguments. The host has checked them against the schema; what fails here is a value that
/// the schema allows and the Rust type does not, such as a number out of range.
pub fn arguments<T: DeserializeOwned>(arguments: &str) -> Result<T> {
    let mut json = serde_json::Deserializer::from_str(arguments);
    let read = serde_path_to_error::deserialize(&mut json);
    let value = read.map_err(|error| {
        let text = error.inner().to_string();
        // The pointer says where; a client does not see the text that lines and columns count in.
        let position = format!(" at line {} column {}", error.inner().line(), error.inner().column());
        let text = text.strip_suffix(&position).unwrap_or(&text);
        Error::invalid_arguments(format_args!("{}{text}", pointer(error.path())))
    })?;
    json.end().map_err(Error::invalid_arguments)?;
    Ok(value)
}

/// Where in the arguments an error is, as JSON Pointer (RFC 6901) and a colon; nothing for the whole.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            // Names of Rust's, not of the arguments.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    if pointer.is_empty() { pointer } else { pointer + ": " }
}

/// A tool's `_meta` that also says whether its calls become tasks.
pub fn with_task(mut meta: Value, task: &str) -> String {
    if meta.is_null() {
        meta = json!({});
    }
    if let Some(keys) = meta.as_object_mut() {
        keys.insert("tandem/task".to_owned(), task.into());
    }
    meta.to_string()
}

/// Results that are structured.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a tool",
    label = "neither content nor serialisable",
    note = "put `#[output]` (or `#[data]`) on the type, or return `String`, `Content`, `Vec<Content>` or `ToolOutput`"
)]
pub trait StructuredOutput: Serialize + JsonSchema {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> StructuredOutput for T {}

/// A result that is content.
pub fn content(value: impl Into<ToolOutput>) -> Result<ToolOutput> {
    Ok(value.into())
}

/// A structured result.
pub fn structured<T: StructuredOutput>(value: &T) -> Result<ToolOutput> {
    ToolOutput::structured(value)
}

/// A structured result that is put into an object.
pub fn wrapped<T: StructuredOutput>(value: &T) -> Result<ToolOutput> {
    let value = to_json(value)?;
    Ok(ToolOutput { content: Vec::new(), structured: Some(format!("{{\"result\":{value}}}")) })
}
