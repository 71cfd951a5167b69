//! The content of an answer as text.

use rmcp::model::{ContentBlock, ResourceContents};

/// A block as text: what is not text is named.
#[must_use]
pub fn content_text(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[image {}, {} base64 characters]", image.mime_type, image.data.len()),
        ContentBlock::Audio(audio) => format!("[audio {}, {} base64 characters]", audio.mime_type, audio.data.len()),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            ResourceContents::BlobResourceContents { uri, .. } => format!("[resource {uri}]"),
            _ => "[resource]".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("[resource {}]", link.uri),
        _ => "[content]".to_owned(),
    }
}
