//! Items in the store: one key each, `item/COLLECTION/ID`. A collection is there while it has items.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tandem_sdk::prelude::*;

use crate::limits::MAX_ATTEMPTS;
use crate::model::{Item, Put};

const ITEMS: &str = "item/";

/// What kv holds for an item.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) value: Value,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    pub(crate) revision: u64,
    created: String,
    updated: String,
}

impl Stored {
    /// The item as it goes out.
    pub(crate) fn item(self, id: &str, with_value: bool) -> Item {
        Item {
            id: id.to_owned(),
            value: with_value.then_some(self.value),
            tags: self.tags,
            revision: self.revision,
            created: self.created,
            updated: self.updated,
        }
    }
}

fn key(collection: &str, id: &str) -> String {
    format!("{ITEMS}{collection}/{id}")
}

fn now() -> Result<String> {
    let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second())?;
    Ok(now.to_string())
}

/// An id that no other item has; later ones sort after earlier ones, by the second.
pub(crate) fn new_id() -> Result<String> {
    let random = getrandom::u64().map_err(|error| Error::other(format!("no randomness: {error}")))?;
    Ok(format!("{:010x}{random:016x}", jiff::Timestamp::now().as_second()))
}

fn decode(id: &str, bytes: &[u8]) -> Result<Stored> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::other(format!("stored item `{id}` cannot be read ({error}); delete it and put it again"))
    })
}

/// Puts an item: over the one that was there, whatever other calls do meanwhile.
pub(crate) fn put(
    collection: &str,
    id: String,
    value: Value,
    tags: Vec<String>,
    if_revision: Option<u64>,
) -> Result<Put> {
    let key = key(collection, &id);
    let updated = now()?;
    let mut new = Stored { value, tags, revision: 0, created: updated.clone(), updated };
    for _ in 0..MAX_ATTEMPTS {
        let old = kv::get(&key)?;
        let was = old.as_deref().map(|bytes| decode(&id, bytes)).transpose()?;
        let revision = was.as_ref().map_or(0, |was| was.revision);
        if let Some(expected) = if_revision.filter(|expected| *expected != revision) {
            return Err(Error::invalid_arguments(conflict(&id, expected, revision)));
        }
        new.revision = revision + 1;
        if let Some(was) = was {
            new.created = was.created;
        }
        let bytes = serde_json::to_vec(&new)?;
        if kv::compare_and_set(&key, old.as_deref(), &bytes).map_err(full)? {
            return Ok(Put { collection: collection.to_owned(), id, revision: new.revision, created: revision == 0 });
        }
    }
    Err(Error::unavailable(format!("`{id}` is being put by many calls at once; try again")))
}

fn conflict(id: &str, expected: u64, revision: u64) -> String {
    match (expected, revision) {
        (0, _) => {
            format!("`if_revision` is 0, but `{id}` is there with revision {revision}: use another id, or replace it")
        }
        (_, 0) => format!("`if_revision` is {expected}, but `{id}` is not there: leave it out to put a new item"),
        _ => format!("`if_revision` is {expected}, but `{id}` has revision {revision}: get it again and decide anew"),
    }
}

fn full(error: kv::Error) -> Error {
    match error {
        kv::Error::QuotaExceeded(bound) => Error::unavailable(format!(
            "the store is full ({bound}): delete items by `storage_delete`, or ask the operator for a larger grant"
        )),
        other => other.into(),
    }
}

/// An item and how many bytes it takes.
pub(crate) fn get(collection: &str, id: &str) -> Result<Option<(Stored, usize)>> {
    let Some(bytes) = kv::get(&key(collection, id))? else { return Ok(None) };
    Ok(Some((decode(id, &bytes)?, bytes.len())))
}

/// Deletes an item. Answers whether it was there.
pub(crate) fn delete(collection: &str, id: &str) -> Result<bool> {
    Ok(kv::delete(&key(collection, id))?)
}

/// The ids of a collection that start with a prefix, after another id; and whether there are more.
pub(crate) fn ids(collection: &str, prefix: &str, after: Option<&str>) -> Result<(Vec<String>, bool)> {
    /// Keys of one page: what the host gives at most.
    const PAGE: u32 = 1000;
    let whole = key(collection, "");
    let after = after.map(|after| key(collection, after));
    let page = kv::list_keys(&key(collection, prefix), PAGE, after.as_deref())?;
    let ids = page.keys.iter().filter_map(|key| key.strip_prefix(&whole)).map(str::to_owned).collect();
    Ok((ids, page.next.is_some()))
}

/// How many items each collection has.
pub(crate) fn collections() -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for key in kv::keys(ITEMS)? {
        if let Some((name, _)) = key.strip_prefix(ITEMS).and_then(|rest| rest.split_once('/')) {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    Ok(counts)
}

/// Refuses a collection without items, with the nearest that has some.
pub(crate) fn check_exists(collection: &str) -> Result<()> {
    /// Below it names are not alike.
    const SIMILAR: f64 = 0.75;
    if !kv::list_keys(&key(collection, ""), 1, None)?.keys.is_empty() {
        return Ok(());
    }
    let counts = collections()?;
    let near = counts.keys().map(|name| (strsim::jaro_winkler(collection, name), name));
    let near = near.filter(|(score, _)| *score >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0));
    let near = near.map(|(_, name)| format!("did you mean `{name}`? ")).unwrap_or_default();
    Err(Error::not_found(format!("no collection `{collection}`; {near}`storage_collections` lists them")))
}
