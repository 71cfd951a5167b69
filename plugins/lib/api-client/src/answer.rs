//! What a server answered, as a tool's output.

use tandem_sdk::{
    Blob, Content, Error, Result, ToolOutput,
    http::Response,
    serde_json::{self, Map, Value, json},
};

use crate::limits::MAX_ERROR;

/// The schema of every output. It says nothing of the body: what servers answer often breaks what their documents say, and a call
/// must not fail by that.
pub(crate) const SCHEMA: &str = r#"{"type":"object","properties":{"status":{"type":"integer","description":"The HTTP status."},"headers":{"type":"object","description":"Headers that say how to go on: link, location, retry-after, etag.","additionalProperties":{"type":"string"}},"body":{"description":"The answer: JSON as it is, else text."}},"required":["status"]}"#;

/// Headers that are passed on: those that say how to go on.
const PASSED: [&str; 4] = ["etag", "link", "location", "retry-after"];

/// The output for an answer.
///
/// # Errors
/// A status from 400, or a body that is neither text nor a picture or sound.
pub(crate) fn output(answer: Response) -> Result<ToolOutput> {
    if answer.status >= 400 {
        return Err(refused(&answer));
    }
    let mut members = Map::new();
    members.insert("status".to_owned(), json!(answer.status));
    let headers: Map<String, Value> = PASSED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), Value::String(answer.header(name)?.to_owned()))))
        .collect();
    if !headers.is_empty() {
        members.insert("headers".to_owned(), Value::Object(headers));
    }
    let mut content = Vec::new();
    let media_type = media_type(&answer);
    if !answer.body.is_empty() {
        if is_json(&media_type) {
            members.insert("body".to_owned(), answer.json()?);
        } else if media_type.starts_with("image/") {
            content.push(Content::Image(Blob { data: answer.body, mime_type: media_type }));
        } else if media_type.starts_with("audio/") {
            content.push(Content::Audio(Blob { data: answer.body, mime_type: media_type }));
        } else {
            let length = answer.body.len();
            let text = String::from_utf8(answer.body).map_err(|_| {
                Error::other(format!("the server answered {length} bytes of {media_type}, which is not text"))
            })?;
            members.insert("body".to_owned(), Value::String(text));
        }
    }
    let structured = serde_json::to_string(&members)?;
    if !content.is_empty() {
        content.push(Content::Text(structured.clone()));
    }
    Ok(ToolOutput { content, structured: Some(structured) })
}

fn media_type(answer: &Response) -> String {
    let header = answer.header("content-type").unwrap_or("application/octet-stream");
    header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type == "text/json" || media_type.ends_with("+json")
}

/// A status from 400: an error whose text has the beginning of the body, by which a model corrects itself.
fn refused(answer: &Response) -> Error {
    let text = answer.text();
    let mut end = text.len().min(MAX_ERROR);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let shown = text.get(..end).unwrap_or_default().trim();
    let more = if end < text.len() { " …" } else { "" };
    let message = format!("the server answered with status {}: {shown}{more}", answer.status);
    match answer.status {
        404 | 410 => Error::not_found(message),
        429 | 500.. => Error::unavailable(message),
        _ => Error::other(message),
    }
}
