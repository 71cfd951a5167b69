//! What a tool answers.
//!
//! `String`, [`Content`], `Vec<Content>`, `()` and [`ToolOutput`] are content for a model or a person.
//! Everything else that serialises is a structured result, whose schema the descriptor carries; a result
//! that is not a JSON object by its type (a number, a list, an option) is put into one, under `result`.

use serde::Serialize;
use serde_json::Value;

use crate::bindings::tandem::plugin::types::{Blob, Content, ResourceBody, ResourceContents, ResourceLink, ToolOutput};
use crate::error::{Error, Result};

impl Content {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A picture of a media type as `image/png`.
    pub fn image(data: impl Into<Vec<u8>>, mime_type: impl Into<String>) -> Self {
        Self::Image(Blob { data: data.into(), mime_type: mime_type.into() })
    }

    /// A sound of a media type as `audio/wav`.
    pub fn audio(data: impl Into<Vec<u8>>, mime_type: impl Into<String>) -> Self {
        Self::Audio(Blob { data: data.into(), mime_type: mime_type.into() })
    }

    /// A pointer to a resource.
    pub fn link(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self::ResourceLink(ResourceLink { uri: uri.into(), name: name.into(), description: None, mime_type: None })
    }

    /// A resource's content.
    pub fn embedded(contents: ResourceContents) -> Self {
        Self::EmbeddedResource(contents)
    }
}

impl ResourceContents {
    /// Text at a URI.
    pub fn text(uri: impl Into<String>, mime_type: impl Into<String>, text: impl Into<String>) -> Self {
        Self { uri: uri.into(), mime_type: Some(mime_type.into()), body: ResourceBody::Text(text.into()) }
    }

    /// Bytes at a URI.
    pub fn blob(uri: impl Into<String>, mime_type: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self { uri: uri.into(), mime_type: Some(mime_type.into()), body: ResourceBody::Blob(data.into()) }
    }
}

impl ToolOutput {
    /// An answer without anything in it.
    pub fn empty() -> Self {
        Self { content: Vec::new(), structured: None }
    }

    /// One block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: vec![Content::text(text)], structured: None }
    }

    /// A structured result.
    ///
    /// # Errors
    /// When the value does not serialise as JSON, such as a map whose keys are no strings.
    pub fn structured(value: &impl Serialize) -> Result<Self> {
        Ok(Self { content: Vec::new(), structured: Some(to_json(value)?) })
    }

    /// Adds a block.
    #[must_use]
    pub fn with(mut self, content: Content) -> Self {
        self.content.push(content);
        self
    }

    /// The first block of text, if there is one.
    pub fn first_text(&self) -> Option<&str> {
        self.content.iter().find_map(|block| match block {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The structured result, parsed; null when there is none or it is not JSON.
    pub fn value(&self) -> Value {
        self.structured.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
    }
}

impl<T: IntoContent> From<T> for ToolOutput {
    fn from(value: T) -> Self {
        value.into_output()
    }
}

/// Results that are content, without a structured part.
pub trait IntoContent {
    /// The answer.
    fn into_output(self) -> ToolOutput;
}

impl IntoContent for () {
    fn into_output(self) -> ToolOutput {
        ToolOutput::empty()
    }
}

impl IntoContent for String {
    fn into_output(self) -> ToolOutput {
        ToolOutput::text(self)
    }
}

impl IntoContent for &str {
    fn into_output(self) -> ToolOutput {
        ToolOutput::text(self)
    }
}

impl IntoContent for Content {
    fn into_output(self) -> ToolOutput {
        ToolOutput { content: vec![self], structured: None }
    }
}

impl IntoContent for Vec<Content> {
    fn into_output(self) -> ToolOutput {
        ToolOutput { content: self, structured: None }
    }
}

pub(crate) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::other(format!("the result is not JSON: {e}")))
}
