//! Lines of an index (CDXJ): a key, a timestamp, and what is known of a record as JSON.

use serde::{Deserialize, Serialize};
use tandem_sdk::prelude::*;

use crate::stamp;

/// What an index knows of a record.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mime: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) length: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filename: Option<String>,
    /// The 14 digits, where they are not before the entry.
    #[serde(default, skip_serializing)]
    pub(crate) timestamp: String,
}

/// A capture of a page.
#[output]
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    /// Its address.
    pub(crate) url: String,
    /// When it was captured, as RFC 3339.
    pub(crate) date: String,
    /// The status that the server answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u16")]
    pub(crate) status: Option<u16>,
    /// Its media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) media_type: Option<String>,
    /// The digest of its body, as the index writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) digest: Option<String>,
    /// Bytes that it takes in its archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub(crate) length: Option<u64>,
    /// The archive that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) filename: Option<String>,
    /// Where it begins in that archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub(crate) offset: Option<u64>,
}

impl Entry {
    /// Reads a line of an index; none if it is an empty line or a header.
    pub(crate) fn parse(line: &str) -> std::result::Result<Option<Self>, serde_json::Error> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('!') || line.starts_with("CDX ") {
            return Ok(None);
        }
        let (head, json) = line.find('{').and_then(|at| line.split_at_checked(at)).unwrap_or(("", line));
        let mut entry: Self = serde_json::from_str(json)?;
        if let Some(timestamp) = head.split_ascii_whitespace().nth(1) {
            entry.timestamp = timestamp.to_owned();
        }
        Ok(Some(entry))
    }

    pub(crate) fn offset(&self) -> Option<u64> {
        self.offset.as_deref()?.parse().ok()
    }

    pub(crate) fn length(&self) -> Option<u64> {
        self.length.as_deref()?.parse().ok()
    }

    pub(crate) fn status(&self) -> Option<u16> {
        self.status.as_deref()?.parse().ok()
    }

    pub(crate) fn into_capture(self) -> Capture {
        Capture {
            date: stamp::date(&self.timestamp),
            status: self.status(),
            length: self.length(),
            offset: self.offset(),
            url: self.url,
            media_type: self.mime,
            digest: self.digest,
            filename: self.filename,
        }
    }
}
