//! What goes in and out of the tools.

use serde_json::Map;
use tandem_sdk::prelude::*;

use crate::settings::Field;

/// One document.
#[input]
#[derive(Clone, Debug)]
pub struct Document {
    /// Names the document; indexing it again replaces it.
    #[schemars(length(min = 1, max = 256))]
    pub id: String,
    /// Its fields, each one that the index has; at most 256 KiB.
    pub fields: Map<String, Value>,
}

/// A field to search and how much a match in it counts.
#[input]
#[derive(Clone, Debug)]
pub struct SearchField {
    /// The name of a text field.
    pub name: String,
    /// A match here counts so many times; 1 unless given.
    #[serde(default = "one")]
    pub boost: f32,
}

fn one() -> f32 {
    1.0
}

/// How many words of a query a document must have.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Matching {
    /// One of them; more rank higher.
    #[default]
    Any,
    /// All of them, each in any of the fields.
    All,
}

/// An index.
#[output]
#[derive(Clone, Debug, PartialEq)]
pub struct IndexInfo {
    /// Its name.
    pub index: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// BM25 k1: term-frequency saturation.
    pub k1: f32,
    /// BM25 b: document-length normalization.
    pub b: f32,
    /// How many documents it has.
    pub documents: u64,
}

/// What became of an index to create.
#[output]
#[derive(Clone, Debug)]
pub struct Created {
    /// The index.
    pub index: IndexInfo,
    /// Whether it is new; otherwise it was there with the same settings.
    pub created: bool,
}

/// What became of the documents to index.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// Documents that were new.
    pub added: u64,
    /// Documents that replaced an older one of the same id.
    pub replaced: u64,
    /// Documents that the index has now.
    pub documents: u64,
}

/// What became of a file to index.
#[output]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIndexed {
    /// Rows that were indexed.
    pub rows: u64,
    /// Documents that were new.
    pub added: u64,
    /// Documents that replaced an older one of the same id.
    pub replaced: u64,
    /// Documents that the index has now.
    pub documents: u64,
    /// Columns that the index has no field for.
    pub columns_left_out: Vec<String>,
    /// Pass it as `offset` to go on; absent when the file is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<u64>,
}

/// A document that was found.
#[output]
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The document's id.
    pub id: String,
    /// Higher is better.
    pub score: f32,
    /// The document's fields.
    pub fields: Map<String, Value>,
    /// Per text field, passages around matching words, which stand between `<em>` and `</em>`. The texts are not
    /// escaped.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub highlights: Map<String, Value>,
}

/// How many of the found documents have a keyword.
#[output]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetValue {
    /// The keyword.
    pub value: String,
    /// How many documents have it.
    pub count: u64,
}

/// The keywords of one field among the found documents.
#[output]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// The field.
    pub field: String,
    /// Its most frequent keywords, most frequent first.
    pub values: Vec<FacetValue>,
    /// How many more keywords there are.
    pub others: u64,
}

/// What a query found.
#[output]
#[derive(Clone, Debug)]
pub struct QueryResult {
    /// The best documents, best first.
    pub hits: Vec<Hit>,
    /// How many documents were found in all.
    pub total: u64,
    /// The facets that were asked for.
    pub facets: Vec<Facet>,
}

/// One page of indexes.
#[output]
#[derive(Clone, Debug)]
pub struct Listing {
    /// The indexes, by name.
    pub indexes: Vec<IndexInfo>,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What was deleted.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// How many documents are gone.
    pub deleted: u64,
    /// Whether the index is gone too.
    pub index_deleted: bool,
}
