//! The formats, and what a conversion is asked for.

use tandem_sdk::prelude::*;

/// A format.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON.
    Json,
    /// JSON Lines: a value a line.
    Ndjson,
    /// YAML 1.2.
    Yaml,
    /// TOML 1.0.
    Toml,
    /// XML, attributes as `@name`, text as `#text`.
    Xml,
    /// CSV, the first row is the header.
    Csv,
}

/// How to convert.
pub(crate) struct How<'a> {
    pub(crate) from: Option<Format>,
    pub(crate) to: Format,
    pub(crate) root: &'a str,
    pub(crate) delimiter: u8,
    pub(crate) types: bool,
    pub(crate) pretty: bool,
}
