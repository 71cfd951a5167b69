//! From what a server answers to what the host passes on.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rmcp::{
    model::{CallToolResult, ContentBlock, ErrorCode, ErrorData, ResourceContents as Wire},
    service::ServiceError,
};
use tandem_engine::{
    Blob, Content, Limit, ResourceBody, ResourceContents, ResourceLink, RunError, ToolError, ToolOutput,
};
use tandem_types::json_text;

use crate::{limits::MAX_MESSAGE, text::line};

/// A tool's result, of at most so many bytes.
pub(crate) fn result(result: CallToolResult, most: u64) -> Result<Result<ToolOutput, ToolError>, RunError> {
    let mut room = Room { left: most, most };
    let content = result.content.into_iter().map(|block| content(block, &mut room)).collect::<Result<Vec<_>, _>>()?;
    let structured = result.structured_content.as_ref().map(json_text);
    room.take(structured.as_ref().map_or(0, String::len))?;
    let output = ToolOutput { content, structured };
    Ok(if result.is_error == Some(true) { Err(ToolError::Failed(output)) } else { Ok(output) })
}

/// Bytes that an answer may still have.
struct Room {
    left: u64,
    most: u64,
}

impl Room {
    fn take(&mut self, bytes: usize) -> Result<(), RunError> {
        let left = self.left.checked_sub(bytes as u64);
        let full = || RunError::Limit { limit: Limit::Output, value: format!("{} bytes", self.most) };
        self.left = left.ok_or_else(full)?;
        Ok(())
    }
}

fn content(block: ContentBlock, room: &mut Room) -> Result<Content, RunError> {
    Ok(match block {
        ContentBlock::Text(text) => {
            room.take(text.text.len())?;
            Content::Text(text.text)
        }
        ContentBlock::Image(image) => Content::Image(blob(&image.data, image.mime_type, room)?),
        ContentBlock::Audio(audio) => Content::Audio(blob(&audio.data, audio.mime_type, room)?),
        ContentBlock::ResourceLink(link) => {
            room.take(link.uri.len() + link.name.len() + link.description.as_ref().map_or(0, String::len))?;
            Content::ResourceLink(ResourceLink {
                uri: link.uri,
                name: link.name,
                description: link.description,
                mime_type: link.mime_type,
            })
        }
        ContentBlock::Resource(embedded) => Content::EmbeddedResource(contents(embedded.resource, room)?),
        _ => return Err(RunError::BadOutput("a content block of an unknown kind".to_owned())),
    })
}

fn contents(resource: Wire, room: &mut Room) -> Result<ResourceContents, RunError> {
    Ok(match resource {
        Wire::TextResourceContents { uri, mime_type, text, .. } => {
            room.take(uri.len() + text.len())?;
            ResourceContents { uri, mime_type, body: ResourceBody::Text(text) }
        }
        Wire::BlobResourceContents { uri, mime_type, blob, .. } => {
            room.take(uri.len())?;
            let body = ResourceBody::Blob(decoded(&blob, room)?);
            ResourceContents { uri, mime_type, body }
        }
        _ => return Err(RunError::BadOutput("resource contents of an unknown kind".to_owned())),
    })
}

fn blob(data: &str, mime_type: String, room: &mut Room) -> Result<Blob, RunError> {
    Ok(Blob { data: decoded(data, room)?, mime_type })
}

fn decoded(data: &str, room: &mut Room) -> Result<Vec<u8>, RunError> {
    room.take(data.len() / 4 * 3)?;
    BASE64_STANDARD.decode(data).map_err(|error| RunError::BadOutput(format!("content is not valid base64: {error}")))
}

/// Why there is no result: the server's own refusal, or that it went away.
pub(crate) fn failure(name: &str, error: ServiceError) -> Result<ToolError, RunError> {
    match error {
        ServiceError::McpError(error) => Ok(refusal(error)),
        ServiceError::TransportClosed | ServiceError::TransportSend(_) => Err(disconnected(name)),
        ServiceError::Cancelled { .. } => Ok(ToolError::Cancelled),
        other => Err(RunError::BadOutput(line(&other.to_string(), MAX_MESSAGE))),
    }
}

pub(crate) fn disconnected(name: &str) -> RunError {
    RunError::Disconnected(format!("upstream `{name}` went away while the call ran, which may have had effects"))
}

fn refusal(ErrorData { code, message, .. }: ErrorData) -> ToolError {
    let text = line(&message, MAX_MESSAGE);
    match code {
        ErrorCode::INVALID_PARAMS => ToolError::InvalidArguments(text),
        ErrorCode::METHOD_NOT_FOUND | ErrorCode::RESOURCE_NOT_FOUND => ToolError::NotFound(text),
        _ => ToolError::Other(Some(text)),
    }
}
