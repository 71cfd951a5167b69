//! What a tool answered, once it keeps its contract, and its form in JSON.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::{
    bindings::tandem::plugin::types::{Content, ResourceBody, ResourceContents},
    ports::InvokeOutput,
};

/// A block itself.
const BLOCK: usize = 128;

/// A value's own size in memory, and that of an object's entry and table beside it.
const NODE: usize = 72;
const OBJECT: usize = 256;
const MEMBER: usize = 112;

/// A tool's answer.
#[derive(Clone, Debug, Default)]
pub struct ToolAnswer {
    /// Blocks for a model or a person.
    pub content: Vec<Content>,
    /// The structured result, valid against the tool's output schema.
    pub structured: Option<Value>,
    /// Whether the tool says that it failed.
    pub is_error: bool,
}

impl ToolAnswer {
    /// The blocks as MCP has them, for who does not speak it through a library.
    #[must_use]
    pub fn content_json(&self) -> Value {
        self.content.iter().map(content_json).collect()
    }

    /// The first text among the blocks.
    #[must_use]
    pub fn first_text(&self) -> Option<&str> {
        self.content.iter().find_map(|block| match block {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// About how many bytes it takes in memory; not looked at any further once they are over `enough`.
    #[must_use]
    pub fn bytes(&self, enough: usize) -> usize {
        Self::weight(&self.content, self.structured.as_ref(), enough)
    }

    /// The same of its parts.
    #[must_use]
    pub fn weight(content: &[Content], structured: Option<&Value>, enough: usize) -> usize {
        weight(content, structured, enough)
    }
}

impl From<ToolAnswer> for InvokeOutput {
    fn from(answer: ToolAnswer) -> Self {
        Self {
            content: answer.content_json().to_string(),
            structured: answer.structured.map(|value| value.to_string()),
            is_error: answer.is_error,
        }
    }
}

/// An object with those members that are there.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

/// One block in the JSON form of MCP.
fn content_json(content: &Content) -> Value {
    let text = |text: &str| Some(Value::from(text));
    let optional = |text: &Option<String>| text.as_deref().map(Value::from);
    match content {
        Content::Text(own) => object([("type", text("text")), ("text", text(own))]),
        Content::Image(blob) | Content::Audio(blob) => {
            let kind = if matches!(content, Content::Image(_)) { "image" } else { "audio" };
            let data = Some(Value::from(STANDARD.encode(&blob.data)));
            object([("type", text(kind)), ("data", data), ("mimeType", text(&blob.mime_type))])
        }
        Content::ResourceLink(link) => object([
            ("type", text("resource_link")),
            ("uri", text(&link.uri)),
            ("name", text(&link.name)),
            ("description", optional(&link.description)),
            ("mimeType", optional(&link.mime_type)),
        ]),
        Content::EmbeddedResource(contents) => {
            object([("type", text("resource")), ("resource", Some(resource_json(contents)))])
        }
    }
}

fn resource_json(contents: &ResourceContents) -> Value {
    let (uri, mime_type) = (Some(contents.uri.as_str().into()), contents.mime_type.as_deref().map(Value::from));
    let body = match &contents.body {
        ResourceBody::Text(text) => ("text", Some(text.as_str().into())),
        ResourceBody::Blob(bytes) => ("blob", Some(STANDARD.encode(bytes).into())),
    };
    object([("uri", uri), ("mimeType", mime_type), body])
}

/// Bytes that an answer takes in memory; its structured result is not looked at any further once they are over `enough`.
fn weight(content: &[Content], structured: Option<&Value>, enough: usize) -> usize {
    let blocks = content.iter().map(|block| BLOCK + block_bytes(block)).sum::<usize>();
    blocks + structured.map_or(0, |value| heap_size(value, enough))
}

fn block_bytes(block: &Content) -> usize {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    match block {
        Content::Text(text) => text.len(),
        Content::Image(blob) | Content::Audio(blob) => blob.data.len() + blob.mime_type.len(),
        Content::ResourceLink(link) => {
            link.uri.len() + link.name.len() + optional(&link.description) + optional(&link.mime_type)
        }
        Content::EmbeddedResource(contents) => {
            let body = match &contents.body {
                ResourceBody::Text(text) => text.len(),
                ResourceBody::Blob(bytes) => bytes.len(),
            };
            contents.uri.len() + optional(&contents.mime_type) + body
        }
    }
}

/// About how much memory a value takes; not looked at any further once it is over `enough`.
#[must_use]
pub fn heap_size(value: &Value, enough: usize) -> usize {
    let mut size = NODE;
    match value {
        Value::String(text) => size += text.len(),
        Value::Array(items) => {
            for item in items {
                if size > enough {
                    break;
                }
                size += heap_size(item, enough - size);
            }
        }
        Value::Object(members) => {
            size += if members.is_empty() { 0 } else { OBJECT };
            for (name, member) in members {
                if size > enough {
                    break;
                }
                size += MEMBER + name.len();
                size += heap_size(member, enough.saturating_sub(size));
            }
        }
        _ => {}
    }
    size
}
