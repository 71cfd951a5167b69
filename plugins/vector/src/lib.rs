//! The vector category: collections of vectors with metadata, searched by nearness.
//!
//! **Promises.** What a call acknowledged is durable and is never lost, whatever other calls did at the same time.
//! An exact collection always answers with the nearest items; an HNSW collection does so for nearly all, and
//! deterministically: the same state gives the same answer.
//!
//! **Bounds.** All of them are in [`settings`], each with its reason. A call holds one segment of at most some 8 MiB
//! of vectors at a time, so the size of a collection does not decide how much memory it takes.
//!
//! **Refuses.** Vectors of the wrong length, numbers that are not finite, zero vectors under the cosine: each with an
//! error that names the item.

mod graph;
mod import;
pub mod metric;
pub mod model;
mod search;
mod segment;
pub mod settings;
#[cfg(test)]
mod tests;
mod vectors;

use serde_json::Map;
use tandem_sdk::prelude::*;
use tandem_segments::SystemEnvironment;
use tandem_segments::files::File;
use tandem_segments::filter::Filter;
use tandem_segments::host::{HostStorage, tool_error};

use crate::import::Columns;
use crate::metric::Metric;
use crate::model::{Added, Created, Deleted, FileAdded, Found, IndexKind, Item, Listing, SearchResult};
use crate::settings::{Hnsw, Settings};
use crate::vectors::{Search, Selection, Vectors};

/// The category.
#[derive(Debug)]
pub struct Vector;

fn vectors() -> Vectors<'static> {
    Vectors::new(&HostStorage, &SystemEnvironment)
}

#[tools]
impl Vector {
    /// Creates a collection of vectors (embeddings). Calling it again with the same settings changes nothing.
    #[tool(idempotent, title = "Create a vector collection")]
    fn vector_create(
        /// The new collection's name: letters, digits, `_`, `.` and `-`.
        #[arg(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.-]+$")]
        collection: &str,
        /// Numbers of a vector, as the embedding model makes them.
        #[arg(min = 1, max = 4096)]
        dimensions: u32,
        /// How distance is measured; `cosine` unless given.
        metric: Option<Metric>,
        /// How it is searched; `exact` unless given. Take `hnsw` beyond some ten thousand items.
        index: Option<IndexKind>,
        /// Links of an HNSW node: more find more and take more room.
        #[arg(default = 16, min = 4, max = 64)]
        m: u32,
        /// Candidates that adding to an HNSW graph looks at: more find more and take longer to add.
        #[arg(default = 100, min = 16, max = 400)]
        ef_construction: u32,
    ) -> Result<Created> {
        let hnsw = match index.unwrap_or_default() {
            IndexKind::Exact => None,
            IndexKind::Hnsw => Some(Hnsw { m, ef_construction }),
        };
        let settings = Settings { dimensions, metric: metric.unwrap_or(Metric::Cosine), hnsw };
        vectors().create(collection, settings).map_err(tool_error)
    }

    /// Adds items with their vectors (embeddings) to a collection. An item whose id is already there is replaced.
    #[tool(idempotent, title = "Add vectors")]
    fn vector_add(
        /// The collection.
        collection: &str,
        /// At most 1000 items, and 524288 numbers in all their vectors.
        items: Vec<Item>,
    ) -> Result<Added> {
        let added = vectors().add(collection, items).map_err(tool_error)?;
        vectors().merge_after_change(collection);
        Ok(added)
    }

    /// Adds the rows of a tabular file (csv, tsv, json, jsonl, parquet), each as an item; the other columns are
    /// its metadata. The rows do not pass through the client.
    #[tool(idempotent, title = "Add vectors from a file")]
    fn vector_add_file(
        ctx: &Ctx,
        /// The collection.
        collection: &str,
        /// The file, as `data/embeddings.parquet`, in a folder that `dataset_load` may read.
        path: String,
        /// The columns of the vector: one that holds lists of numbers, or one for each number.
        vector: Vec<String>,
        /// The column that names the items; the numbers of the rows, from 0, if not given.
        id: Option<String>,
        /// The columns of the metadata, by which searches filter; all but the id and the vector if not given.
        metadata: Option<Vec<String>>,
        /// Whether to leave out rows whose vector or id is null; such a row is an error otherwise.
        #[arg(default = false)]
        skip_null: bool,
        /// The format of the file, as for `dataset_load`.
        format: Option<String>,
        /// How a csv file is written, as for `dataset_load`.
        csv: Option<Map<String, Value>>,
        /// The first row, from 0: the `next_offset` of the call before.
        #[arg(default = 0)]
        offset: u64,
    ) -> Result<FileAdded> {
        let file = File { path, format, csv, offset };
        let columns = Columns { vector: &vector, id: id.as_deref(), metadata: metadata.as_deref(), skip_null };
        import::run(ctx, &vectors(), collection, &file, &columns)
    }

    /// Finds the items of a collection whose vectors (embeddings) are most similar to a vector, its nearest neighbours, among
    /// those that fit a filter.
    #[tool(read_only, idempotent, title = "Search vectors")]
    fn vector_search(
        /// The collection.
        collection: &str,
        /// The vector to search near.
        vector: Vec<f32>,
        /// How many items to find.
        #[arg(default = 10, min = 1, max = 200)]
        k: u32,
        /// Only items whose metadata fits this.
        filter: Option<Filter>,
        /// Candidates that a walk of an HNSW graph looks at: more find more and take longer. At least 4 times `k` unless given.
        #[arg(min = 1, max = 1000)]
        ef: Option<u32>,
        /// Whether to answer with metadata.
        #[arg(default = true)]
        include_metadata: bool,
        /// Whether to answer with vectors.
        #[arg(default = false)]
        include_vectors: bool,
    ) -> Result<SearchResult> {
        let search =
            Search { vector, count: k, filter, ef, with_metadata: include_metadata, with_vectors: include_vectors };
        vectors().search(collection, &search).map_err(tool_error)
    }

    /// Gets items of a collection by their ids.
    #[tool(read_only, idempotent, title = "Get vectors")]
    fn vector_get(
        /// The collection.
        collection: &str,
        /// At most 200 ids.
        ids: Vec<String>,
        /// Whether to answer with vectors.
        #[arg(default = true)]
        include_vectors: bool,
    ) -> Result<Found> {
        vectors().get(collection, &ids, include_vectors).map_err(tool_error)
    }

    /// Lists the collections, or the items of one, in pages.
    #[tool(read_only, idempotent, title = "List vectors")]
    fn vector_list(
        /// The collection whose items to list; without it the collections are listed.
        collection: Option<String>,
        /// How many a page has at most.
        #[arg(default = 50, min = 1, max = 200)]
        limit: u32,
        /// The `next_cursor` of the page before.
        cursor: Option<String>,
        /// Whether to answer with vectors.
        #[arg(default = false)]
        include_vectors: bool,
    ) -> Result<Listing> {
        let listing = match collection {
            None => vectors().collections(limit, cursor.as_deref()),
            Some(collection) => vectors().items(&collection, limit, cursor.as_deref(), include_vectors),
        };
        listing.map_err(tool_error)
    }

    /// Deletes items of a collection by id or by filter, or the whole collection. Give exactly one of `ids`, `filter` and
    /// `all`.
    #[tool(destructive, idempotent, title = "Delete vectors")]
    fn vector_delete(
        /// The collection.
        collection: &str,
        /// At most 1000 ids; one that is not there is no error.
        ids: Option<Vec<String>>,
        /// Items whose metadata fits this.
        filter: Option<Filter>,
        /// True deletes the collection with everything in it.
        #[arg(default = false)]
        all: bool,
    ) -> Result<Deleted> {
        let selection = match (ids, filter, all) {
            (Some(ids), None, false) => Selection::Ids(ids),
            (None, Some(filter), false) => Selection::Filter(filter),
            (None, None, true) => Selection::Collection,
            _ => return Err(Error::invalid_arguments("give exactly one of `ids`, `filter` and `all`")),
        };
        let deleted = vectors().delete(collection, &selection).map_err(tool_error)?;
        if !deleted.collection_deleted {
            vectors().merge_after_change(collection);
        }
        Ok(deleted)
    }
}

tandem_sdk::export!(Vector);
