//! The storage category: JSON items in named collections, in the plugin's own `kv` store.
//!
//! **Promises.** What a call acknowledged is on disk. Of two calls that put the same item, each gets a revision of its own; with
//! `if_revision` only one of them succeeds.
//!
//! **Bounds.** All of them are in [`limits`], each with its reason.
//!
//! **Refuses.** Collections that are not there, with the nearest; revisions that have passed.

mod check;
mod fields;
mod limits;
pub mod model;
mod query;
mod store;

use tandem_sdk::prelude::*;
use tandem_segments::filter::Filter;

use crate::limits::{DEFAULT_COLLECTION, MAX_ANSWER_BYTES};
use crate::model::{Action, Collections, Deleted, Got, Page, Put};

/// The category.
#[derive(Debug)]
pub struct Storage;

#[tools]
impl Storage {
    /// Stores a JSON value durably under an id in a collection and returns its id and revision; an item that is there is replaced. Use
    /// `cache_set` for what may expire.
    #[tool(destructive, title = "Store an item")]
    fn storage_put(
        /// The collection, as `recipes`; it is made when it is not there.
        #[arg(default = DEFAULT_COLLECTION.to_owned())]
        collection: String,
        /// The item's id, 1 to 100 characters, as `pancakes`; a new one is made unless given.
        id: Option<String>,
        /// Any JSON value, at most 512 KiB and 32 levels deep, as `{"title": "Pancakes", "minutes": 20}`.
        value: Value,
        /// Tags to find it by, at most 32 of 64 characters, as `["breakfast"]`; they replace those that were there.
        #[arg(default)]
        tags: Vec<String>,
        /// Store only if the item has this revision, as `3`; 0 means only if it is not there.
        if_revision: Option<u64>,
    ) -> Result<Put> {
        check::collection("collection", &collection)?;
        let id = match id {
            Some(id) => id,
            None => store::new_id()?,
        };
        check::id("id", &id)?;
        check::value(&value)?;
        store::put(&collection, id, value, check::tags(tags)?, if_revision)
    }

    /// Returns stored items by their ids, and which ids are missing. Use `storage_query` when the ids are not known.
    #[tool(read_only, idempotent, title = "Get stored items")]
    fn storage_get(
        ctx: &Ctx,
        /// The collection, as `recipes`.
        #[arg(default = DEFAULT_COLLECTION.to_owned())]
        collection: String,
        /// The ids of 1 to 100 items, as `["pancakes"]`.
        ids: Vec<String>,
    ) -> Result<Got> {
        check::collection("collection", &collection)?;
        check::ids(&ids)?;
        let (mut got, mut bytes) = (Got { items: Vec::new(), missing: Vec::new(), remaining: Vec::new() }, 0);
        for id in ids {
            ctx.check()?;
            if bytes >= MAX_ANSWER_BYTES {
                got.remaining.push(id);
                continue;
            }
            match store::get(&collection, &id)? {
                Some((stored, length)) => {
                    bytes += length;
                    got.items.push(stored.item(&id, true));
                }
                None => got.missing.push(id),
            }
        }
        if got.items.is_empty() {
            store::check_exists(&collection)?;
        }
        Ok(got)
    }

    /// Finds stored items of a collection by conditions on the fields of their values, by tags, or by the beginning of their ids, and
    /// returns a page of them, by id. A page may have few items and still a `next_cursor`.
    #[tool(read_only, idempotent, title = "Query stored items")]
    fn storage_query(
        ctx: &Ctx,
        /// The collection, as `recipes`.
        #[arg(default = DEFAULT_COLLECTION.to_owned())]
        collection: String,
        /// What the fields of a value must be, as `{"op": "lte", "field": "minutes", "value": 30}`; `size.width` is a member of `size`.
        filter: Option<Filter>,
        /// Tags that an item must have, all of them, as `["breakfast"]`.
        #[arg(default)]
        tags: Vec<String>,
        /// What ids start with, as `2026-`.
        #[arg(default = String::new(), max_length = 100)]
        id_prefix: String,
        /// False leaves the values out.
        #[arg(default = true)]
        values: bool,
        /// How many items a page has at most.
        #[arg(default = 20, min = 1, max = 100)]
        limit: u32,
        /// The `next_cursor` of the page before.
        #[arg(max_length = 100)]
        cursor: Option<String>,
    ) -> Result<Page> {
        check::collection("collection", &collection)?;
        let query = query::Query { filter, tags: check::tags(tags)?, id_prefix, values, limit: limit as usize };
        query::run(ctx, &collection, &query, cursor)
    }

    /// Deletes stored items by their ids. Ids that are not there are no error. Use `storage_collections` to delete all of a collection.
    #[tool(destructive, idempotent, title = "Delete stored items")]
    fn storage_delete(
        ctx: &Ctx,
        /// The collection, as `recipes`.
        #[arg(default = DEFAULT_COLLECTION.to_owned())]
        collection: String,
        /// The ids of 1 to 100 items, as `["pancakes"]`.
        ids: Vec<String>,
    ) -> Result<Deleted> {
        check::collection("collection", &collection)?;
        check::ids(&ids)?;
        let mut deleted = Deleted { deleted: 0, missing: Vec::new() };
        for id in ids {
            ctx.check()?;
            if store::delete(&collection, &id)? {
                deleted.deleted += 1;
            } else {
                deleted.missing.push(id);
            }
        }
        Ok(deleted)
    }

    /// Lists the collections with their numbers of items, or deletes one with all its items. `storage_put` makes collections.
    #[tool(destructive, idempotent, title = "Manage collections")]
    fn storage_collections(
        ctx: &Ctx,
        /// `list`, unless given, or `delete`.
        action: Option<Action>,
        /// The collection to delete, as `recipes`.
        collection: Option<String>,
        /// How many collections a page has at most.
        #[arg(default = 50, min = 1, max = 200)]
        limit: u32,
        /// The `next_cursor` of the page before.
        #[arg(max_length = 64)]
        cursor: Option<String>,
    ) -> Result<Collections> {
        match (action.unwrap_or_default(), collection) {
            (Action::List, None) => query::collections(limit as usize, cursor.as_deref()),
            (Action::List, Some(_)) => Err(Error::invalid_arguments(
                "`collection` is for `action`: \"delete\"; leave it out to list all collections",
            )),
            (Action::Delete, None) => Err(Error::invalid_arguments("`action` \"delete\" needs `collection`")),
            (Action::Delete, Some(name)) => {
                check::collection("collection", &name)?;
                query::delete_all(ctx, &name)
            }
        }
    }
}

tandem_sdk::export!(Storage);
