//! What is kept of a large result, and what its client gets instead.

use std::sync::Arc;

use serde::de::IgnoredAny;
use serde_json::Value;
use tandem_catalog::Tool;
use tandem_engine::{Content, ResourceBody, ToolAnswer};
use tandem_router::Output;
use tandem_store::{AboutResult, ResultStore};
use tandem_types::canonical_json;

use super::{
    handle,
    limits::{BLOCK, MAX_BESIDE},
    preview,
};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// What is kept of a result.
struct Body {
    bytes: Vec<u8>,
    media_type: String,
    preview: Value,
    /// The blocks that are left beside it.
    beside: Vec<Content>,
}

/// Whether an output certainly is no more than so many bytes: what it takes in memory is more than its text.
pub(super) fn is_within(output: &Output, limit: usize) -> bool {
    ToolAnswer::weight(&output.content, output.structured.as_ref(), limit) <= limit
}

/// Keeps an output that has more than `limit` bytes, and makes the handle of it. One that cannot be kept comes back as it is:
/// its client gets it whole.
pub(super) fn keep(store: &ResultStore, tenant: &str, tool: &Arc<Tool>, mut output: Output, limit: usize) -> Output {
    let json = output.structured.as_ref().map(canonical_json);
    let size = blocks_size(&output.content) + json.as_ref().map_or(0, Vec::len);
    if size <= limit {
        return output;
    }
    let Body { bytes, media_type, preview, beside } = body(&output, json);
    let about = AboutResult { media_type, category: tool.category.to_string(), tool: tool.descriptor.name.clone() };
    match store.put(tenant, &bytes, about) {
        Ok(kept) => {
            metrics::counter!("tandem_results_total", "outcome" => "kept").increment(1);
            let blocks = handle::blocks(&kept, limit, &preview);
            output.structured = Some(handle::structured(&kept, preview));
            output.content = beside.into_iter().chain(blocks).collect();
        }
        Err(error) => {
            metrics::counter!("tandem_results_total", "outcome" => "failed").increment(1);
            let tool = &*tool.descriptor.name;
            tracing::warn!(tool, tenant, bytes = bytes.len(), %error, "cannot keep a large result; it is sent whole");
        }
    }
    output
}

/// The part of a result that is worth a handle: its structured result, its only block, or all of it in MCP's form.
fn body(output: &Output, json: Option<Vec<u8>>) -> Body {
    match (&output.structured, json, output.content.as_slice()) {
        (Some(value), Some(json), content) if blocks_size(content) <= MAX_BESIDE || repeats(content, value) => {
            let beside = if blocks_size(content) <= MAX_BESIDE { content.to_vec() } else { Vec::new() };
            Body { bytes: json, media_type: JSON.to_owned(), preview: preview::of_value(value), beside }
        }
        (None, _, [Content::Text(text)]) => of_text(text, None),
        (None, _, [Content::Image(blob) | Content::Audio(blob)]) => of_blob(&blob.data, &blob.mime_type),
        (None, _, [Content::EmbeddedResource(contents)]) => match &contents.body {
            ResourceBody::Text(text) => of_text(text, contents.mime_type.clone()),
            ResourceBody::Blob(data) => {
                of_blob(data, contents.mime_type.as_deref().unwrap_or("application/octet-stream"))
            }
        },
        _ => {
            let content = output.content.clone();
            let mut whole = serde_json::Map::new();
            whole.insert("content".to_owned(), ToolAnswer { content, ..ToolAnswer::default() }.content_json());
            if let Some(structured) = &output.structured {
                whole.insert("structuredContent".to_owned(), structured.clone());
            }
            let whole = Value::Object(whole);
            let preview = preview::of_value(&whole);
            Body { bytes: canonical_json(&whole), media_type: JSON.to_owned(), preview, beside: Vec::new() }
        }
    }
}

fn of_text(text: &str, media_type: Option<String>) -> Body {
    let is_container = text.trim_start().starts_with(['{', '[']);
    let is_json = is_container && serde_json::from_str::<IgnoredAny>(text).is_ok();
    let media_type = media_type.unwrap_or_else(|| if is_json { JSON } else { TEXT }.to_owned());
    Body { bytes: text.as_bytes().to_vec(), media_type, preview: preview::of_text(text), beside: Vec::new() }
}

fn of_blob(data: &[u8], media_type: &str) -> Body {
    Body { bytes: data.to_vec(), media_type: media_type.to_owned(), preview: Value::Null, beside: Vec::new() }
}

/// Whether a single block of text is the structured result once more.
fn repeats(content: &[Content], value: &Value) -> bool {
    match content {
        [Content::Text(text)] => serde_json::from_str::<Value>(text).is_ok_and(|parsed| parsed == *value),
        _ => false,
    }
}

/// Bytes of blocks in a message, before JSON escapes some.
fn blocks_size(content: &[Content]) -> usize {
    let block = |block: &Content| match block {
        Content::Text(text) => text.len(),
        Content::Image(blob) | Content::Audio(blob) => encoded(blob.data.len()),
        Content::ResourceLink(link) => link.uri.len() + link.description.as_ref().map_or(0, String::len),
        Content::EmbeddedResource(contents) => match &contents.body {
            ResourceBody::Text(text) => text.len(),
            ResourceBody::Blob(data) => encoded(data.len()),
        },
    };
    content.iter().map(|one| BLOCK + block(one)).sum()
}

/// Bytes in base64.
fn encoded(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use tandem_engine::Blob;
    use tandem_router::Lane;

    use super::*;

    fn output(content: Vec<Content>, structured: Option<Value>) -> Output {
        let (lane, reason, duration) = (Lane::General, "default", Duration::ZERO);
        Output { content, structured, is_error: false, lane, reason, duration, cached: false, deprecated: None }
    }

    fn of(content: Vec<Content>, structured: Option<Value>) -> Body {
        let output = output(content, structured);
        body(&output, output.structured.as_ref().map(canonical_json))
    }

    fn text(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    #[test]
    fn what_is_kept_is_what_another_tool_would_want() {
        let value = json!({"rows": vec!["x".repeat(100); 100]});
        let short = of(vec![text("100 rows")], Some(value.clone()));
        assert_eq!((short.bytes, short.media_type.as_str(), short.beside.len()), (canonical_json(&value), JSON, 1));
        let repeated = of(vec![text(&value.to_string())], Some(value.clone()));
        assert_eq!((repeated.bytes, repeated.beside.len()), (canonical_json(&value), 0));
        let both = of(vec![text(&"y".repeat(9_999))], Some(value.clone()));
        let both: Value = serde_json::from_slice(&both.bytes).unwrap();
        assert_eq!((&both["structuredContent"], &both["content"][0]["type"]), (&value, &json!("text")));
        assert_eq!(of(vec![text("[1, 2]")], None).media_type, JSON);
        assert_eq!(of(vec![text("[1, 2")], None).media_type, TEXT);
        let picture = Content::Image(Blob { data: vec![0, 1, 255], mime_type: "image/png".to_owned() });
        let picture = of(vec![picture], None);
        assert_eq!((picture.bytes, picture.media_type.as_str()), (vec![0, 1, 255], "image/png"));
        assert_eq!(of(vec![text("a"), text("b")], None).media_type, JSON);
    }

    #[test]
    fn sizes_are_those_of_a_message() {
        let picture = Content::Image(Blob { data: vec![0; 300], mime_type: "image/png".to_owned() });
        assert_eq!(blocks_size(&[text("abc"), picture]), 2 * BLOCK + 3 + 400);
        assert!(is_within(&output(vec![text("abc")], None), 1_000));
        assert!(!is_within(&output(vec![text(&"x".repeat(1_001))], None), 1_000));
    }
}
