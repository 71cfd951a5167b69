//! What goes in and out of the tools.

use serde_json::Map;
use tandem_sdk::prelude::*;

use crate::metric::Metric;

/// How a collection is searched.
#[data]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum IndexKind {
    /// Every vector is compared: always right, and fast for some ten thousand.
    #[default]
    Exact,
    /// A graph is walked: nearly always right, and reads a fraction.
    Hnsw,
}

/// One item to add.
#[input]
#[derive(Clone, Debug)]
pub struct Item {
    /// Names the item; adding it again replaces it.
    #[schemars(length(min = 1, max = 256))]
    pub id: String,
    /// As many numbers as the collection has dimensions.
    pub vector: Vec<f32>,
    /// Anything to filter by and to show, as an object of at most 8 KiB.
    pub metadata: Option<Map<String, Value>>,
}

/// What became of a file to add.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileAdded {
    /// Rows that were read.
    pub rows: u64,
    /// Rows that were left out, as `skip_null` asks: their vector or id is null.
    pub skipped: u64,
    /// Items that were new.
    pub added: u64,
    /// Items that replaced an older one of the same id.
    pub replaced: u64,
    /// Items that the collection has now.
    pub items: u64,
    /// Pass it as `offset` to go on; absent when the file is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<u64>,
}

/// A collection.
#[output]
#[derive(Clone, Debug, PartialEq)]
pub struct CollectionInfo {
    /// Its name.
    pub collection: String,
    /// Numbers of a vector.
    pub dimensions: u32,
    /// How distance is measured.
    pub metric: Metric,
    /// How it is searched.
    pub index: IndexKind,
    /// How many items it has.
    pub items: u64,
}

/// What became of a collection to create.
#[output]
#[derive(Clone, Debug)]
pub struct Created {
    /// The collection.
    pub collection: CollectionInfo,
    /// Whether it is new; otherwise it was there with the same settings.
    pub created: bool,
}

/// What became of the items to add.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Items that were new.
    pub added: u64,
    /// Items that replaced an older one of the same id.
    pub replaced: u64,
    /// Items that the collection has now.
    pub items: u64,
}

/// An item that was found.
#[output]
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The item's id.
    pub id: String,
    /// Higher is better: the cosine, the dot product, or 1 / (1 + distance) for l2.
    pub score: f32,
    /// 1 - cosine, or the Euclidean distance; absent for dot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<f32>,
    /// The item's metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// The item's vector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vec<f32>>,
}

/// What a search found.
#[output]
#[derive(Clone, Debug)]
pub struct SearchResult {
    /// The nearest items, nearest first.
    pub matches: Vec<Match>,
    /// Whether every candidate was compared; otherwise a graph was walked and a near item may be missing.
    pub exact: bool,
}

/// An item as it is stored.
#[output]
#[derive(Clone, Debug, PartialEq)]
pub struct StoredItem {
    /// The item's id.
    pub id: String,
    /// The item's metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// The item's vector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vec<f32>>,
}

/// One page of collections, or of the items of one.
#[output]
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The collections, by name, when none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collections: Option<Vec<CollectionInfo>>,
    /// The items, by id, of the collection that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<StoredItem>>,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Items by their ids.
#[output]
#[derive(Clone, Debug)]
pub struct Found {
    /// The items that are there, in the order of the ids.
    pub items: Vec<StoredItem>,
    /// The ids that are not.
    pub missing: Vec<String>,
}

/// What was deleted.
#[output]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// How many items are gone.
    pub deleted: u64,
    /// Whether the collection is gone too.
    pub collection_deleted: bool,
}
