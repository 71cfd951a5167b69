//! What an index is made with, and the bounds of everything.

use serde::{Deserialize, Serialize};
use tandem_sdk::prelude::*;
use tandem_segments::{Error as Failure, Result as Outcome};

/// A field's number is one byte of every term.
pub const MAX_FIELDS: usize = 64;
/// One call's documents fit a guest's memory as JSON and as an index.
pub const MAX_DOCUMENTS_PER_CALL: usize = 1000;
/// Bytes of all documents of one call, as JSON.
pub const MAX_BYTES_PER_CALL: usize = 4 << 20;
/// A document is stored as one value beside others; a longer one is better cut into chapters.
pub const MAX_DOCUMENT_BYTES: usize = 256 << 10;
/// A keyword is a label; whoever stores texts wants a text field.
pub const MAX_KEYWORD_BYTES: usize = 512;
/// The marks of dead documents are in the head, which every change rewrites.
pub const MAX_DOCUMENTS: u64 = 200_000;
/// Words of a query: as many as there are bits to mark which of them a document has.
pub const MAX_WORDS: usize = 32;
/// Words times fields of a query, each of which holds its postings in memory.
pub const MAX_LISTS: usize = 64;
/// Bytes of documents that a query reads to find its phrases in: about a second of a guest's time.
pub const MAX_PHRASE_BYTES: usize = 8 << 20;
/// Terms that one prefix may stand for in a segment.
pub const MAX_EXPANSIONS: usize = 128;
/// Hits of one answer.
pub const MAX_HITS: u32 = 100;
/// Hits before the first of an answer: whoever needs more wants a filter.
pub const MAX_OFFSET: u32 = 10_000;
/// Facets of one answer.
pub const MAX_FACETS: usize = 8;
/// Values of one facet.
pub const MAX_FACET_VALUES: u32 = 100;
/// Different keywords among the documents found, of all facets of a query: all are counted before the first are known.
pub const MAX_FACET_KEYWORDS: usize = 10_000;
/// Bytes of all stored fields in one answer: under the output limit with room for the rest.
pub const MAX_ANSWER_BYTES: usize = 3 << 20;

/// A segment is sealed when its documents take this much: one at a time fits a guest's memory with its index.
const FULL_BYTES: u64 = 6 << 20;
/// A keyword or number column is read whole, so it must stay short.
const FULL_ROWS: u64 = 16_384;

/// How the words of a text field are brought to a common form.
#[data]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Lower case only.
    #[default]
    None,
    /// Dutch stems.
    Dutch,
    /// English stems.
    English,
    /// French stems.
    French,
    /// German stems.
    German,
    /// Italian stems.
    Italian,
    /// Portuguese stems.
    Portuguese,
    /// Russian stems.
    Russian,
    /// Spanish stems.
    Spanish,
    /// Swedish stems.
    Swedish,
}

/// What a field is for.
#[data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Words to search: a text or a list of texts.
    Text,
    /// A label to filter and count by: a text or a list of texts.
    Keyword,
    /// A number to filter by.
    Number,
    /// Anything: it is only given back.
    Stored,
    /// As `text`, without accents: `cafe` finds `café`.
    #[serde(rename = "text_folded")]
    Folded,
}

impl FieldKind {
    /// Whether it has words to search.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Folded)
    }
}

/// One field of an index.
#[data]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The field's name.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// The language of a text field, for its stems; `none` unless given.
    #[serde(default)]
    pub language: Language,
}

/// What an index is made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) fields: Vec<Field>,
    /// BM25 k1: term-frequency saturation.
    pub(crate) k1: f32,
    /// BM25 b: document-length normalization.
    pub(crate) b: f32,
}

impl Settings {
    /// Refuses settings beyond the bounds.
    pub(crate) fn check(&self) -> Outcome<()> {
        if self.fields.is_empty() || self.fields.len() > MAX_FIELDS {
            return Err(Failure::invalid(format!("{} fields; give 1 to {MAX_FIELDS}", self.fields.len())));
        }
        for (at, field) in self.fields.iter().enumerate() {
            if field.name.is_empty() || field.name.len() > 64 {
                return Err(Failure::invalid(format!("the name of field {at} has to have 1 to 64 bytes")));
            }
            if self.fields.iter().take(at).any(|other| other.name == field.name) {
                return Err(Failure::invalid(format!("the field `{}` is given twice", field.name)));
            }
            if !field.kind.is_text() && field.language != Language::None {
                return Err(Failure::invalid(format!("the field `{}` is not text, so it has no language", field.name)));
            }
        }
        if !(0.0..=10.0).contains(&self.k1) || !(0.0..=1.0).contains(&self.b) {
            return Err(Failure::invalid("`k1` goes from 0 to 10 and `b` from 0 to 1"));
        }
        Ok(())
    }

    /// A field by name, with its number.
    pub(crate) fn field(&self, name: &str) -> Option<(usize, &Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// What a segment with these documents weighs.
    pub(crate) fn weigh(rows: usize, bytes: usize) -> u32 {
        tandem_segments::policy::weigh(&[(rows as u64, FULL_ROWS), (bytes as u64, FULL_BYTES)])
    }
}
