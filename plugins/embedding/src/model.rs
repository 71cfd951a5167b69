//! A static embedding model: a folder of the operator, as model2vec saves it.

use std::{io::Read, rc::Rc};

use serde::Deserialize;
use tandem_granted_folders::{self as folders, Folders, Location};

use crate::{
    fault::{Fault, Result},
    limits::{DEFAULT_MAX_TOKENS, MAX_CONFIG_BYTES},
    matrix::Matrix,
    tokens::Tokens,
};

/// What of a config.json counts.
#[derive(Debug, Default, Deserialize)]
struct Config {
    normalize: Option<bool>,
    max_length: Option<usize>,
}

pub(crate) struct Model {
    tokens: Rc<Tokens>,
    matrix: Matrix,
    normalize: bool,
    max_tokens: usize,
    max_characters: usize,
}

/// A vector, and how it was made.
pub(crate) struct Embedded {
    pub(crate) vector: Vec<f32>,
    /// Tokens that are in the mean.
    pub(crate) tokens: usize,
    /// Whether the text has more tokens than were looked at.
    pub(crate) cut: bool,
}

impl Model {
    /// Opens the model in the folder `path`.
    pub(crate) fn open(path: &str, max_tokens: Option<u32>, folders: &Folders) -> Result<Self> {
        let folder = folders.locate("model", path)?;
        if !folder.at.is_dir() {
            folders::open("model", &folder)?;
            return Err(Fault::argument(format_args!(
                "`model`: `{}` is a file: give the folder of the model",
                folder.path
            )));
        }
        let config = config(&folder)?;
        let matrix = Matrix::open(&folder)?;
        let tokens = Tokens::of_model("model", &folder)?;
        let (known, rows) = (tokens.vocabulary(), matrix.tokens());
        if known > rows {
            return Err(Fault::damaged(
                &folder.path,
                format_args!(
                    "the tokenizer knows {known} tokens and the matrix has {rows} rows: the files are of different models"
                ),
            ));
        }
        let asked = max_tokens.map(|tokens| tokens as usize);
        let max_tokens = asked.or(config.max_length).unwrap_or(DEFAULT_MAX_TOKENS).max(1);
        let max_characters = max_tokens.saturating_mul(tokens.median_characters().max(1));
        Ok(Self { tokens, matrix, normalize: config.normalize.unwrap_or(false), max_tokens, max_characters })
    }

    /// Numbers of a vector.
    pub(crate) fn dimensions(&self) -> usize {
        self.matrix.dimensions()
    }

    /// Whether vectors have the length 1.
    pub(crate) fn normalizes(&self) -> bool {
        self.normalize
    }

    /// Tokens of a text that are looked at.
    pub(crate) fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// The vector of a text: the mean of those of its tokens, as model2vec has it, unknown tokens left out.
    pub(crate) fn embed(&mut self, text: &str) -> Result<Embedded> {
        // model2vec cuts texts by characters first: without it, the rest of a long text would be tokenized for nothing.
        let end = text.char_indices().nth(self.max_characters).map_or(text.len(), |(at, _)| at);
        let mut ids = self.tokens.ids(text.get(..end).unwrap_or(text))?;
        let cut = end < text.len() || ids.len() > self.max_tokens;
        ids.truncate(self.max_tokens);
        ids.retain(|id| Some(*id) != self.tokens.unknown());
        let mut vector = vec![0.0_f32; self.matrix.dimensions()];
        for id in &ids {
            self.matrix.add(*id, &mut vector)?;
        }
        let count = ids.len().max(1) as f32;
        vector.iter_mut().for_each(|number| *number /= count);
        if self.normalize {
            let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt() + 1e-32;
            vector.iter_mut().for_each(|number| *number /= length);
        }
        if vector.iter().any(|number| !number.is_finite()) {
            return Err(Fault::damaged(self.tokens.path(), "the mean of a text is not finite: the model is damaged"));
        }
        Ok(Embedded { vector, tokens: ids.len(), cut })
    }
}

fn config(folder: &Location) -> Result<Config> {
    let location = folder.join("config.json");
    if !location.at.exists() {
        return Ok(Config::default());
    }
    let (mut file, length) = folders::open("model", &location)?;
    if length > MAX_CONFIG_BYTES {
        return Err(Fault::limit(
            &location.path,
            format_args!("it has {length} bytes and may have {MAX_CONFIG_BYTES}"),
        ));
    }
    let mut json = Vec::new();
    file.by_ref().take(MAX_CONFIG_BYTES).read_to_end(&mut json).map_err(|error| Fault::io(&location.path, error))?;
    serde_json::from_slice(&json)
        .map_err(|error| Fault::damaged(&location.path, format_args!("it is not a config: {error}")))
}
