//! What goes out of the tools, and what is stored.

use tandem_sdk::prelude::*;

/// An item.
#[output]
#[derive(Debug)]
pub struct Item {
    /// Its id, unique in the collection.
    pub id: String,
    /// Its value; left out where `values` is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub value: Option<Value>,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// How often it was put; for `if_revision`.
    pub revision: u64,
    /// When it was put first, in UTC.
    pub created: String,
    /// When it was put last, in UTC.
    pub updated: String,
}

/// What was put.
#[output]
#[derive(Debug)]
pub struct Put {
    /// The collection.
    pub collection: String,
    /// The item's id.
    pub id: String,
    /// The revision that it has now: 1 for a new item.
    pub revision: u64,
    /// Whether the item is new.
    pub created: bool,
}

/// Items by their ids.
#[output]
#[derive(Debug)]
pub struct Got {
    /// The items, in the order of `ids`.
    pub items: Vec<Item>,
    /// The ids that are not in the collection.
    pub missing: Vec<String>,
    /// The ids whose items did not fit into this answer: ask for them by another call.
    pub remaining: Vec<String>,
}

/// One page of items.
#[output]
#[derive(Debug)]
pub struct Page {
    /// The items, by id.
    pub items: Vec<Item>,
    /// Pass it as `cursor` to go on; absent when all items were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub next_cursor: Option<String>,
}

/// What was deleted.
#[output]
#[derive(Debug)]
pub struct Deleted {
    /// How many items were deleted.
    pub deleted: u64,
    /// The ids that were not in the collection.
    pub missing: Vec<String>,
}

/// What `storage_collections` does.
#[input]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Lists the collections.
    #[default]
    List,
    /// Deletes a collection with all its items.
    Delete,
}

/// A collection.
#[output]
#[derive(Debug)]
pub struct Collection {
    /// Its name.
    pub collection: String,
    /// How many items it has.
    pub items: u64,
}

/// Collections, or what became of one.
#[output]
#[derive(Debug, Default)]
pub struct Collections {
    /// The collections, by name; none for `delete`.
    pub collections: Vec<Collection>,
    /// How many items `delete` deleted.
    pub deleted: u64,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub next_cursor: Option<String>,
}
