//! From one format to another, by way of a JSON value.

use tandem_json_source::Source;
use tandem_sdk::prelude::*;

use crate::{
    format::{Format, How},
    readers, writers,
};

/// Data in another format.
#[output]
#[derive(Debug)]
pub struct Converted {
    /// The text.
    pub text: String,
    /// The format that was read.
    pub from: Format,
    /// The format that was written.
    pub to: Format,
}

pub(crate) fn run(ctx: &Ctx, source: Source, how: &How<'_>) -> Result<Converted> {
    let from = match (how.from, &source.path) {
        (Some(from), _) => from,
        (None, Some(path)) => by_name(path)?,
        (None, None) => Format::Json,
    };
    if source.data.is_some() && from != Format::Json {
        return Err(Error::invalid_arguments(
            "`data` is a JSON value: leave `from` out, or give the other format in `text`",
        ));
    }
    let text = source.require()?;
    ctx.check()?;
    let value = readers::read(&text, from, how)?;
    drop(text);
    ctx.check()?;
    let text = writers::write(&value, how)?;
    Ok(Converted { text, from, to: how.to })
}

fn by_name(path: &str) -> Result<Format> {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    Ok(match ending.as_str() {
        "json" => Format::Json,
        "ndjson" | "jsonl" => Format::Ndjson,
        "yaml" | "yml" => Format::Yaml,
        "toml" => Format::Toml,
        "xml" | "svg" | "rss" => Format::Xml,
        "csv" | "tsv" => Format::Csv,
        _ => {
            return Err(Error::invalid_arguments(format!(
                "`from`: the name `{path}` does not tell the format: give json, ndjson, yaml, toml, xml or csv"
            )));
        }
    })
}
