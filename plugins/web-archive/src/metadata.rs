//! `web_archive_metadata`: what the records of an archive are.

use tandem_sdk::prelude::*;

use crate::container::Located;
use crate::message::Message;
use crate::scan::{Scan, scan};

/// What a record is.
#[output]
pub(crate) struct Metadata {
    /// Where it begins in the archive.
    offset: u64,
    /// Bytes that it takes there.
    length: u64,
    /// Its type, as `response`.
    kind: String,
    /// Its identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    id: Option<String>,
    /// When it was made, as RFC 3339.
    date: String,
    /// The address that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    url: Option<String>,
    /// Bytes of its content.
    bytes: u64,
    /// The status that the server answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u16")]
    status: Option<u16>,
    /// The media type of its payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    media_type: Option<String>,
    /// The digest of its payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    digest: Option<String>,
    /// What the archive says of itself (`warcinfo`), as it is written, up to 2000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    info: Option<String>,
}

/// The records of an archive.
#[output]
pub(crate) struct Records {
    /// In the order of the archive.
    records: Vec<Metadata>,
    /// The size of the archive in bytes.
    archive_bytes: u64,
    /// The `cursor` for the rest; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    next_cursor: Option<String>,
}

fn of(located: &Located) -> Metadata {
    /// Characters of what an archive says of itself.
    const MAX_INFO_CHARS: usize = 2000;
    let record = &located.record;
    let field = |name: &str| record.fields.get(name).map(str::to_owned);
    // A message that cannot be read is still a record.
    let message = Message::of(record).ok();
    let media_type = message.as_ref().map(|message| message.media_type().0).filter(|kind| !kind.is_empty());
    let info = (record.kind() == "warcinfo")
        .then(|| String::from_utf8_lossy(&record.block).chars().take(MAX_INFO_CHARS).collect::<String>());
    Metadata {
        offset: located.offset,
        length: located.length,
        kind: record.kind().to_owned(),
        id: field("warc-record-id").map(|id| id.trim_start_matches('<').trim_end_matches('>').to_owned()),
        date: record.date().to_owned(),
        url: record.url().map(str::to_owned),
        bytes: record.block_bytes,
        status: message.and_then(|message| message.status),
        media_type,
        digest: field("warc-payload-digest"),
        info: info.map(|info| info.trim_end().to_owned()),
    }
}

pub(crate) fn run(ctx: &Ctx, request: &Scan<'_>) -> Result<Records> {
    let archive_bytes = crate::container::Archive::open(request.path)?.bytes();
    let mut records = Vec::new();
    let next_cursor = scan(ctx, request, &mut |located| {
        let metadata = of(located);
        // An address is some 4 KB at most, as are the other fields.
        let bytes = 300 + metadata.url.as_ref().map_or(0, String::len) + metadata.info.as_ref().map_or(0, String::len);
        records.push(metadata);
        Ok(Some(bytes))
    })?;
    Ok(Records { records, archive_bytes, next_cursor })
}
