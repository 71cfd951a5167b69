//! The search category: full-text indexes, ranked by BM25, with filters, facets and highlights.
//!
//! **Promises.** What a call acknowledged is durable and is never lost, whatever other calls did at the same time. A
//! query sees one consistent state, and reads the terms, columns and documents that it needs, not the index.
//!
//! **Bounds.** All of them are in [`settings`], each with its reason.
//!
//! **Refuses.** Fields that an index has not, values that do not fit their field, queries beyond the bounds: each with
//! an error that names the document or the field.

mod analysis;
mod columns;
mod document;
mod fields;
mod highlight;
mod import;
mod indexes;
pub mod model;
mod parse;
mod phrase;
mod query;
mod ranking;
mod segment;
pub mod settings;
mod terms;
#[cfg(test)]
mod tests;

use serde_json::Map;
use tandem_sdk::prelude::*;
use tandem_segments::SystemEnvironment;
use tandem_segments::files::File;
use tandem_segments::filter::Filter;
use tandem_segments::host::{HostStorage, tool_error};

use crate::indexes::Indexes;
use crate::model::{Created, Deleted, Document, FileIndexed, Indexed, Listing, Matching, QueryResult, SearchField};
use crate::settings::{Field, Settings};

/// The category.
#[derive(Debug)]
pub struct Search;

fn indexes() -> Indexes<'static> {
    Indexes::new(&HostStorage, &SystemEnvironment)
}

#[tools]
impl Search {
    /// Creates a full-text index. Calling it again with the same settings changes nothing.
    #[tool(idempotent, title = "Create a search index")]
    fn search_create(
        /// The new index's name: letters, digits, `_`, `.` and `-`.
        #[arg(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]+$")]
        index: &str,
        /// What its documents have, at most 64 fields.
        fields: Vec<Field>,
        /// BM25 k1, term-frequency saturation, from 0 to 10.
        #[arg(default = 1.2, min = 0, max = 10)]
        k1: f32,
        /// BM25 b, document-length normalization, from 0 to 1.
        #[arg(default = 0.75, min = 0, max = 1)]
        b: f32,
    ) -> Result<Created> {
        indexes().create(index, Settings { fields, k1, b }).map_err(tool_error)
    }

    /// Adds documents to an index. A document whose id is already there is replaced.
    #[tool(idempotent, title = "Index documents")]
    fn search_index(
        /// The index.
        index: &str,
        /// At most 1000 documents, and 4 MiB of them.
        documents: Vec<Document>,
    ) -> Result<Indexed> {
        let indexed = indexes().index(index, documents).map_err(tool_error)?;
        indexes().merge_after_change(index);
        Ok(indexed)
    }

    /// Indexes the rows of a tabular file (csv, tsv, json, jsonl, parquet), each as a document: its columns go into the fields
    /// of the same names. The rows do not pass through the client.
    #[tool(idempotent, title = "Index a file")]
    fn search_index_file(
        ctx: &Ctx,
        /// The index.
        index: &str,
        /// The file, as `data/cities.csv`, in a folder that `dataset_load` may read.
        path: String,
        /// The column that names the documents; the numbers of the rows, from 0, if not given.
        id: Option<String>,
        /// The format of the file, as for `dataset_load`.
        format: Option<String>,
        /// How a csv file is written, as for `dataset_load`.
        csv: Option<Map<String, Value>>,
        /// The first row, from 0: the `next_offset` of the call before.
        #[arg(default = 0)]
        offset: u64,
    ) -> Result<FileIndexed> {
        let file = File { path, format, csv, offset };
        import::run(ctx, &indexes(), index, &file, id.as_deref())
    }

    /// Full-text search: finds the documents of an index that match words and phrases best, among those that fit a filter.
    #[tool(read_only, idempotent, title = "Search documents")]
    fn search_query(
        /// The index.
        index: &str,
        /// Words to look for; `word*` stands for all words that begin so (`*word` is refused), `"two words"` for these in a row, which a
        /// document must have; `title:word` looks in one field. There are no other signs: `AND`, `OR` and `NOT` are words (see `match`), and
        /// nothing is excluded. Without it all documents are found.
        query: Option<String>,
        /// The text fields to search; all unless given.
        fields: Option<Vec<SearchField>>,
        /// Whether a document must have `any` of the words, as unless given, or `all`.
        #[arg(name = "match")]
        matching: Option<Matching>,
        /// Only documents whose keyword and number fields fit this.
        filter: Option<Filter>,
        /// Keyword fields whose values to count among the documents found, at most 8.
        #[arg(default)]
        facets: Vec<String>,
        /// How many values of a facet to give.
        #[arg(default = 10, min = 1, max = 100)]
        facet_size: u32,
        /// Whether to give passages with the matching words marked.
        #[arg(default = false)]
        highlight: bool,
        /// The fields to give back; all unless given.
        return_fields: Option<Vec<String>>,
        /// How many documents to give.
        #[arg(default = 10, min = 1, max = 100)]
        limit: u32,
        /// How many better documents to leave out.
        #[arg(default = 0, max = 10000)]
        offset: u32,
    ) -> Result<QueryResult> {
        let matching = matching.unwrap_or_default();
        let search = query::Search {
            query,
            fields,
            matching,
            filter,
            facets,
            facet_size,
            highlight,
            return_fields,
            limit,
            offset,
        };
        indexes().query(index, &search).map_err(tool_error)
    }

    /// Lists the indexes with their fields, in pages.
    #[tool(read_only, idempotent, title = "List search indexes")]
    fn search_list(
        /// How many a page has at most.
        #[arg(default = 50, min = 1, max = 100)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
    ) -> Result<Listing> {
        indexes().list(limit, cursor.as_deref()).map_err(tool_error)
    }

    /// Deletes documents of an index, or the whole index. Give either `ids` or `all`.
    #[tool(destructive, idempotent, title = "Delete from a search index")]
    fn search_delete(
        /// The index.
        index: &str,
        /// At most 1000 ids; one that is not there is no error.
        ids: Option<Vec<String>>,
        /// True deletes the index with everything in it.
        #[arg(default = false)]
        all: bool,
    ) -> Result<Deleted> {
        if ids.is_some() == all {
            return Err(Error::invalid_arguments("give either `ids` or `all`"));
        }
        let deleted = indexes().delete(index, ids.as_deref()).map_err(tool_error)?;
        if !deleted.index_deleted {
            indexes().merge_after_change(index);
        }
        Ok(deleted)
    }
}

tandem_sdk::export!(Search);
