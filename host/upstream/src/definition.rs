//! What a server says of one tool, and what clients see of it.

use rmcp::model::Tool;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tandem_package::{Annotations, Sha256Digest, ToolDescriptor};
use tandem_types::canonical_json;

use crate::{
    limits::{MAX_DESCRIPTION, MAX_SCHEMA, MAX_TITLE},
    text::{clean, line},
};

/// What a server says of one tool, verbatim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) description: String,
    pub(crate) input_schema: Value,
    pub(crate) output_schema: Option<Value>,
    pub(crate) read_only: Option<bool>,
    pub(crate) destructive: Option<bool>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) open_world: Option<bool>,
}

impl Definition {
    pub(crate) fn new(tool: Tool) -> Self {
        let hints = tool.annotations.unwrap_or_default();
        Self {
            name: tool.name.into_owned(),
            title: tool.title.or(hints.title),
            description: tool.description.unwrap_or_default().into_owned(),
            input_schema: Value::Object(Map::clone(&tool.input_schema)),
            output_schema: tool.output_schema.map(|schema| Value::Object(Map::clone(&schema))),
            read_only: hints.read_only_hint,
            destructive: hints.destructive_hint,
            idempotent: hints.idempotent_hint,
            open_world: hints.open_world_hint,
        }
    }

    /// Canonical JSON of all of it.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        canonical_json(&serde_json::to_value(self).unwrap_or_default())
    }

    /// The digest of all of it: whatever a model or a person may read, and whatever decides how it is called.
    pub(crate) fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&self.canonical())
    }

    /// Whether it is larger than a definition may be.
    pub(crate) fn is_too_large(&self) -> bool {
        self.canonical().len() > MAX_SCHEMA
    }

    /// What clients see, under this name. What a server does not say of a tool's effects is the worst that it may be.
    pub(crate) fn descriptor(&self, name: String) -> ToolDescriptor {
        ToolDescriptor {
            name,
            title: self.title.as_ref().map(|title| line(title, MAX_TITLE)),
            description: clean(&self.description, MAX_DESCRIPTION),
            input_schema: cleaned(&self.input_schema),
            output_schema: self.output_schema.as_ref().map(cleaned),
            annotations: Annotations {
                read_only: self.read_only.unwrap_or(false),
                destructive: self.destructive.unwrap_or(true),
                idempotent: self.idempotent.unwrap_or(false),
                open_world: self.open_world.unwrap_or(true),
            },
            meta: None,
        }
    }
}

/// A schema whose texts for people are cleaned as a description is.
fn cleaned(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| {
                    let value = match value {
                        Value::String(text) if matches!(name.as_str(), "description" | "title" | "$comment") => {
                            Value::String(clean(text, MAX_DESCRIPTION))
                        }
                        other => cleaned(other),
                    };
                    (name.clone(), value)
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(cleaned).collect()),
        other => other.clone(),
    }
}
