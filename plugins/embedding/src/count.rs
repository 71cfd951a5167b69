//! Counts tokens.

use schemars::JsonSchema;
use serde::Serialize;
use tandem_granted_folders::Folders;

use crate::{
    fault::{Fault, Result},
    limits::{MAX_INLINE_BYTES, MAX_TEXTS},
    source::Source,
    tokens::Tokens,
    watch::Watch,
};

/// How long a text is.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Count {
    /// Its tokens, those that a model adds around it left out unless `special_tokens` is set.
    tokens: usize,
    /// Its characters (Unicode scalar values).
    characters: usize,
}

/// The lengths of texts.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Counted {
    /// Tokens of all texts.
    total_tokens: usize,
    /// That of each text, in their order.
    counts: Vec<Count>,
    /// The tokenizer.
    tokenizer: String,
}

/// Counts the tokens of texts, or of a file.
pub(crate) fn count(
    texts: Vec<String>,
    path: Option<&str>,
    tokenizer: &str,
    special: bool,
    watch: &Watch<'_>,
) -> Result<Counted> {
    let folders = Folders::granted();
    let tokens = Tokens::at("tokenizer", tokenizer, &folders)?;
    let texts = match path {
        Some(_) if !texts.is_empty() => {
            return Err(Fault::argument("`texts` and `path` are both given: give one of them"));
        }
        Some(path) => vec![Source::read(None, Some(path), &folders)?.text],
        None => given(texts)?,
    };
    let added = if special { tokens.added()? } else { 0 };
    let mut counts = Vec::new();
    for text in &texts {
        counts.push(Count { tokens: tokens.count(text)? + added, characters: text.chars().count() });
        watch.tick(counts.len() as u64, "texts")?;
    }
    let total_tokens = counts.iter().map(|count| count.tokens).sum();
    Ok(Counted { total_tokens, counts, tokenizer: tokens.path().to_owned() })
}

/// Texts that the call gives.
pub(crate) fn given(texts: Vec<String>) -> Result<Vec<String>> {
    let bytes: usize = texts.iter().map(String::len).sum();
    if texts.is_empty() {
        return Err(Fault::argument("neither `texts` nor `path` is given: give one of them"));
    }
    if texts.len() > MAX_TEXTS {
        return Err(Fault::Limit(format!(
            "`texts` has {} texts and may have {MAX_TEXTS}: write them to a file and give its `path`",
            texts.len()
        )));
    }
    if bytes > MAX_INLINE_BYTES {
        return Err(Fault::Limit(format!(
            "`texts` has {bytes} bytes and may have {MAX_INLINE_BYTES}: write them to a file and give its `path`"
        )));
    }
    Ok(texts)
}
