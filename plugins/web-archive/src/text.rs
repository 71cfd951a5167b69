//! `web_archive_text`: the texts of an archive.

use tandem_sdk::prelude::*;

use crate::container::Located;
use crate::message::Message;
use crate::page::{self, Format};
use crate::record::Damage;
use crate::scan::{Scan, Skipped, scan};

/// The text of a record.
#[output]
pub(crate) struct Text {
    /// Where the page was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) url: Option<String>,
    /// When it was captured, as RFC 3339.
    pub(crate) date: String,
    /// The status that the server answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u16")]
    pub(crate) status: Option<u16>,
    /// Its media type.
    pub(crate) media_type: String,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) title: Option<String>,
    /// Its text, up to `max_chars`.
    pub(crate) text: String,
    /// Characters of the whole text.
    pub(crate) total_chars: u64,
}

/// Texts of an archive.
#[output]
pub(crate) struct Texts {
    /// In the order of the archive.
    texts: Vec<Text>,
    /// Pages that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<Skipped>,
    /// The `cursor` for the rest; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    next_cursor: Option<String>,
}

/// Whether a record is a page or other content, and not about one.
pub(crate) fn is_content(kind: &str) -> bool {
    matches!(kind, "response" | "resource" | "conversion")
}

/// The text of a record; none if it is not text.
pub(crate) fn of(located: &Located, format: Format, max_chars: usize) -> Result<Option<Text>, Damage> {
    let record = &located.record;
    let message = Message::of(record)?;
    let (media_type, charset) = message.media_type();
    if !page::is_text(&media_type) {
        return Ok(None);
    }
    if !record.is_whole() {
        return Err(Damage(format!("its {} bytes are more than a page has", record.block_bytes)));
    }
    let written = page::write(record.url(), &media_type, charset.as_deref(), &message.body()?, format)?;
    Ok(Some(Text {
        url: record.url().map(str::to_owned),
        date: record.date().to_owned(),
        status: message.status,
        media_type,
        title: written.title,
        total_chars: written.text.chars().count() as u64,
        text: written.text.chars().take(max_chars).collect(),
    }))
}

pub(crate) fn run(ctx: &Ctx, request: &Scan<'_>, format: Format, max_chars: u32) -> Result<Texts> {
    let (mut texts, mut skipped) = (Vec::new(), Vec::new());
    let next_cursor = scan(ctx, request, &mut |located| {
        if !is_content(located.record.kind()) {
            return Ok(None);
        }
        match of(located, format, max_chars as usize) {
            Ok(None) => Ok(None),
            Ok(Some(text)) => {
                let bytes = text.text.len();
                texts.push(text);
                Ok(Some(bytes))
            }
            Err(Damage(why)) => {
                skipped.push(Skipped::new(located, why));
                Ok(Some(0))
            }
        }
    })?;
    Ok(Texts { texts, skipped, next_cursor })
}
