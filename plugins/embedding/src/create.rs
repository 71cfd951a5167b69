//! Computes vectors of texts.

use schemars::JsonSchema;
use serde::Serialize;
use tandem_granted_folders::Folders;

use crate::{
    fault::{Fault, Result},
    input::Input,
    limits::MAX_INLINE_NUMBERS,
    model::Model,
    new_file::NewFile,
    watch::Watch,
};

/// The column of the vectors in a file.
const COLUMN: &str = "vector";

/// What is computed, and where it goes.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) model: &'a str,
    pub(crate) texts: Vec<String>,
    pub(crate) path: Option<&'a str>,
    pub(crate) text_column: &'a str,
    pub(crate) to: Option<&'a str>,
    pub(crate) max_tokens: Option<u32>,
    pub(crate) overwrite: bool,
}

/// The vectors of texts.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Embeddings {
    /// Numbers of a vector.
    dimensions: usize,
    /// Whether vectors have the length 1, so that their dot product is the cosine.
    normalized: bool,
    /// Texts that were looked at.
    texts: u64,
    /// Tokens of all texts that are in the vectors.
    tokens: u64,
    /// The numbers of texts, from 0, that have more than `max_tokens` tokens, of which the first count; the first 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cut: Vec<u64>,
    /// The numbers of texts, from 0, without a known token: their vectors are zero, which a collection by `cosine` refuses; the first
    /// 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<u64>,
    /// Tokens of a text that count.
    max_tokens: usize,
    /// One for each text, in their order; none where a file was written.
    vectors: Vec<Vec<f32>>,
    /// The file that was written, with the vectors in the column `vector`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// Texts that an answer names, of those cut and unknown.
const MAX_NAMED: usize = 100;

/// Computes a vector for each text.
pub(crate) fn create(request: Request<'_>, watch: &Watch<'_>) -> Result<Embeddings> {
    let folders = Folders::granted();
    let mut input = Input::new(request.texts, request.path, &folders)?;
    let mut file = match request.to {
        Some(to) => Some(NewFile::create(&folders.locate("to", to)?, request.overwrite)?),
        None => None,
    };
    let mut model = Model::open(request.model, request.max_tokens, &folders)?;
    let mut result = Embeddings {
        dimensions: model.dimensions(),
        normalized: model.normalizes(),
        max_tokens: model.max_tokens(),
        ..Embeddings::default()
    };
    while let Some((text, mut row)) = input.next(request.text_column)? {
        let embedded = model.embed(&text)?;
        let number = result.texts;
        result.texts += 1;
        result.tokens += embedded.tokens as u64;
        if embedded.cut && result.cut.len() < MAX_NAMED {
            result.cut.push(number);
        }
        if embedded.tokens == 0 && result.unknown.len() < MAX_NAMED {
            result.unknown.push(number);
        }
        watch.tick(result.texts, "texts")?;
        if let Some(file) = file.as_mut() {
            row.insert(COLUMN.to_owned(), embedded.vector.into());
            file.row(&row)?;
        } else {
            result.vectors.push(embedded.vector);
            bounded(&result)?;
        }
    }
    if let Some(file) = file {
        result.path = Some(file.path().to_owned());
        file.commit()?;
    }
    Ok(result)
}

fn bounded(result: &Embeddings) -> Result<()> {
    if result.vectors.len().saturating_mul(result.dimensions) > MAX_INLINE_NUMBERS {
        return Err(Fault::Limit(format!(
            "the vectors have more than {MAX_INLINE_NUMBERS} numbers, the bound of an answer: give `to` to write them to a file, or at \
             most {} texts",
            MAX_INLINE_NUMBERS / result.dimensions.max(1)
        )));
    }
    Ok(())
}
