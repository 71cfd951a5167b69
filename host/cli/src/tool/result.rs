//! The answer of a tool.

use std::io::Write as _;

use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

use crate::terminal;

/// Prints the answer: its structured result, else its content.
pub(crate) fn print_result(result: &CallToolResult, json: bool) -> anyhow::Result<()> {
    let mut out = terminal::out();
    if json {
        writeln!(out, "{}", terminal::json(result)?)?;
    } else if let Some(structured) = result.structured_content.as_ref().filter(|_| !has_error_text(result)) {
        writeln!(out, "{}", terminal::json(structured)?)?;
    } else {
        for block in &result.content {
            writeln!(out, "{}", text(block))?;
        }
    }
    Ok(())
}

/// Whether it failed and has a text about it.
fn has_error_text(result: &CallToolResult) -> bool {
    result.is_error == Some(true) && !result.content.is_empty()
}

fn text(block: &ContentBlock) -> String {
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
