//! The tokenizer of a model: its `tokenizer.json`.

use std::{cell::RefCell, io::Read, rc::Rc, time::SystemTime};

use serde::Deserialize;
use tandem_granted_folders::{self as folders, Folders, Location};
use tandem_json_text::string_length;
use tokenizers::{Tokenizer, utils::parallelism};

use crate::{
    fault::{Fault, Result},
    limits::{MAX_TOKENIZER_BYTES, MAX_TOKENIZER_DEPTH, TOKENIZE_BYTES},
};

/// The name of the file in the folder of a model.
const FILE: &str = "tokenizer.json";

/// Cuts texts into tokens.
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    path: String,
    unknown: Option<u32>,
}

/// What of a tokenizer.json names the token of unknown words.
#[derive(Deserialize)]
struct Head {
    model: HeadModel,
}

#[derive(Deserialize)]
struct HeadModel {
    unk_token: Option<String>,
    unk_id: Option<u32>,
}

/// Which file a tokenizer was read from.
#[derive(PartialEq)]
struct Version {
    path: String,
    length: u64,
    modified: Option<SystemTime>,
}

thread_local! {
    /// The tokenizer of the call before.
    static LAST: RefCell<Option<(Version, Rc<Tokens>)>> = const { RefCell::new(None) };
}

impl Tokens {
    /// Reads the tokenizer at `path`, the value of `argument`: a `tokenizer.json`, or the folder of a model.
    pub(crate) fn at(argument: &str, path: &str, folders: &Folders) -> Result<Rc<Self>> {
        let location = folders.locate(argument, path)?;
        let location = if location.at.is_dir() { location.join(FILE) } else { location };
        Self::open(argument, &location)
    }

    /// Reads the tokenizer of the model in a folder.
    pub(crate) fn of_model(argument: &str, folder: &Location) -> Result<Rc<Self>> {
        Self::open(argument, &folder.join(FILE))
    }

    fn open(argument: &str, location: &Location) -> Result<Rc<Self>> {
        let (mut file, length) = folders::open(argument, location)?;
        if length > MAX_TOKENIZER_BYTES {
            return Err(Fault::limit(
                &location.path,
                format_args!("it has {length} bytes and a tokenizer at most {MAX_TOKENIZER_BYTES}"),
            ));
        }
        let modified = file.metadata().and_then(|metadata| metadata.modified()).ok();
        let version = Version { path: location.path.clone(), length, modified };
        let kept = LAST.with_borrow(|last| {
            last.as_ref().filter(|(kept, _)| *kept == version).map(|(_, tokens)| Rc::clone(tokens))
        });
        if let Some(kept) = kept {
            return Ok(kept);
        }
        // Dropped first: two of them may be more than the memory.
        LAST.with_borrow_mut(Option::take);
        let mut json = Vec::new();
        file.by_ref().take(MAX_TOKENIZER_BYTES).read_to_end(&mut json).map_err(|e| Fault::io(&location.path, e))?;
        let tokens = Rc::new(Self::parse(&json, &location.path)?);
        LAST.with_borrow_mut(|last| *last = Some((version, Rc::clone(&tokens))));
        Ok(tokens)
    }

    fn parse(json: &[u8], path: &str) -> Result<Self> {
        // There are no threads in a sandbox.
        parallelism::set_parallelism(false);
        let wrong = |error: &dyn std::fmt::Display| {
            Fault::damaged(path, format_args!("it is not a tokenizer: {error}: give a tokenizer.json of Hugging Face"))
        };
        let text = str::from_utf8(json).map_err(|error| wrong(&error))?;
        if depth(text) > MAX_TOKENIZER_DEPTH {
            return Err(Fault::limit(
                path,
                format_args!("it nests more than {MAX_TOKENIZER_DEPTH} levels, the bound of a tokenizer"),
            ));
        }
        let head: Head = serde_json::from_str(text).map_err(|error| wrong(&error))?;
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(|error| wrong(&error))?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| wrong(&error))?;
        let unknown = head.model.unk_token.and_then(|token| tokenizer.token_to_id(&token)).or(head.model.unk_id);
        Ok(Self { tokenizer, path: path.to_owned(), unknown })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The token that stands for unknown words.
    pub(crate) fn unknown(&self) -> Option<u32> {
        self.unknown
    }

    /// Tokens that it knows.
    pub(crate) fn vocabulary(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// The median of the characters of its tokens.
    pub(crate) fn median_characters(&self) -> usize {
        let mut lengths: Vec<usize> =
            self.tokenizer.get_vocab(true).into_keys().map(|token| token.chars().count()).collect();
        lengths.sort_unstable();
        let middle = lengths.len() / 2;
        let at = |index: usize| lengths.get(index).copied().unwrap_or(0);
        if lengths.len().is_multiple_of(2) { (at(middle.saturating_sub(1)) + at(middle)) / 2 } else { at(middle) }
    }

    /// The tokens of a text, without those that a model adds around it.
    pub(crate) fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        for part in parts(text) {
            let encoding = self.tokenizer.encode_fast(part, false);
            let encoding = encoding.map_err(|error| Fault::damaged(&self.path, format_args!("it fails: {error}")))?;
            ids.extend_from_slice(encoding.get_ids());
        }
        Ok(ids)
    }

    /// How many tokens a text has.
    pub(crate) fn count(&self, text: &str) -> Result<usize> {
        Ok(self.ids(text)?.len())
    }

    /// Tokens that a model adds around each text.
    pub(crate) fn added(&self) -> Result<usize> {
        let encoding = self.tokenizer.encode_fast("", true);
        let encoding = encoding.map_err(|error| Fault::damaged(&self.path, format_args!("it fails: {error}")))?;
        Ok(encoding.get_ids().len())
    }
}

/// A text in parts that the tokenizer takes at once, cut at spaces where there are any.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let most = rest.floor_char_boundary(TOKENIZE_BYTES);
        let space = rest.get(..most).and_then(|part| part.rfind(char::is_whitespace));
        let end = if most == rest.len() { most } else { space.filter(|at| *at > 0).unwrap_or(most) };
        let (part, left) = rest.split_at_checked(end)?;
        rest = left;
        Some(part)
    })
}

/// How deep a JSON text nests, without recursion.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut at) = (0_usize, 0, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                at += text.get(at..).map_or(1, string_length);
                continue;
            }
            _ => {}
        }
        deepest = deepest.max(depth);
        at += 1;
    }
    deepest
}
