//! What a client gets in the place of a result that is kept.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tandem_engine::{Content, ResourceLink};
use tandem_store::KeptResult;
use tandem_types::ContentId;

/// The member that has a result's id: in a handle, and in a reference.
pub(super) const RESULT: &str = "$result";
/// The member of a handle that says what the result is.
pub(super) const HANDLE: &str = "$handle";

const SCHEME: &str = "tandem://result/";

/// The URI of a result.
pub(crate) fn uri(id: ContentId) -> String {
    format!("{SCHEME}{id}")
}

/// The text after the scheme, of a URI that is one of a result.
pub(crate) fn link_id(uri: &str) -> Option<&str> {
    uri.strip_prefix(SCHEME)
}

/// The structured form of a handle: as an argument of another call it stands for the result.
pub(super) fn structured(kept: &KeptResult, preview: Value) -> Value {
    json!({
        RESULT: kept.id,
        HANDLE: {
            "uri": uri(kept.id),
            "tool": kept.about.tool,
            "media_type": kept.about.media_type,
            "bytes": kept.bytes,
            "expires_at": expiry(kept),
            "preview": preview,
        },
    })
}

/// The same for a model, with the link.
pub(super) fn blocks(kept: &KeptResult, limit: usize, preview: &Value) -> [Content; 2] {
    let (id, uri, bytes, media_type) = (kept.id, uri(kept.id), kept.bytes, &kept.about.media_type);
    let begin = match preview {
        Value::Null => String::new(),
        Value::String(text) => format!("\n\nIt begins:\n{text}"),
        value => format!("\n\nIn short:\n{value}"),
    };
    let text = format!(
        "This result has {bytes} bytes of {media_type}, more than the {limit} of one message. It is kept as {uri} until {until}. \
         Read a part of it with `tools_result_read`, search it with `tools_result_grep`, query it with `tools_result_query` (jq), or \
         give it to another tool: the argument {{\"$result\": \"{id}\", \"path\": \"/…\"}} stands for the value at that JSON \
         Pointer.{begin}",
        until = expiry(kept),
    );
    let link = ResourceLink {
        uri,
        name: format!("result of {}", kept.about.tool),
        description: Some(format!("{bytes} bytes, kept until {}", expiry(kept))),
        mime_type: Some(media_type.clone()),
    };
    [Content::Text(text), Content::ResourceLink(link)]
}

fn expiry(kept: &KeptResult) -> String {
    DateTime::<Utc>::from(kept.expires).to_rfc3339_opts(SecondsFormat::Secs, true)
}
