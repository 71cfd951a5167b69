//! The file formats, and how one is recognised.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A file format. `json` is one array of objects, `jsonl` one object a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = crate::schema::names_only)]
pub enum Format {
    /// Comma-separated values with a header line (RFC 4180).
    Csv,
    /// Tab-separated values with a header line.
    Tsv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line (JSON Lines).
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// The format that a file's extension stands for.
    pub fn of_name(path: &str) -> Option<Self> {
        let extension = path.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "parquet" | "pq" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// The format that a file begins like. A line with a comma passes for CSV.
    pub fn of_content(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"PAR1") {
            return Some(Self::Parquet);
        }
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
        let line = text.split(|byte| *byte == b'\n').next()?;
        match text.first()? {
            b'[' => Some(Self::Json),
            b'{' => Some(Self::Jsonl),
            _ if line.contains(&0) => None,
            _ if line.contains(&b'\t') => Some(Self::Tsv),
            _ if line.contains(&b',') => Some(Self::Csv),
            _ => None,
        }
    }

    /// The format to write `path` in: the one given, or the one of its extension.
    pub fn to_write(path: &str, given: Option<Self>) -> Result<Self> {
        given.or_else(|| Self::of_name(path)).ok_or_else(|| {
            Error::invalid(format!(
                "the format of `{path}` cannot be told from its name: give `format`, or end the name in .csv, .tsv, \
                 .json, .jsonl or .parquet"
            ))
        })
    }
}
