//! What looks at all items of a collection, or at all collections.

use tandem_sdk::prelude::*;
use tandem_segments::filter::Filter;

use crate::fields::Fields;
use crate::limits::{MAX_ANSWER_BYTES, MAX_READ_BYTES};
use crate::model::{Collection, Collections, Page};
use crate::store::{self, Stored};

/// Which items, and how they are shown.
pub(crate) struct Query {
    pub(crate) filter: Option<Filter>,
    pub(crate) tags: Vec<String>,
    pub(crate) id_prefix: String,
    pub(crate) values: bool,
    pub(crate) limit: usize,
}

impl Query {
    fn fits(&self, stored: &Stored) -> bool {
        self.tags.iter().all(|tag| stored.tags.contains(tag))
            && self.filter.as_ref().is_none_or(|filter| filter.matches(&Fields(&stored.value)))
    }
}

/// A page of the items that fit, from the one after `cursor` on. It ends early when enough was read.
pub(crate) fn run(ctx: &Ctx, collection: &str, query: &Query, cursor: Option<String>) -> Result<Page> {
    if let Some(filter) = &query.filter {
        filter.check(&mut |_| Ok(())).map_err(tandem_segments::host::tool_error)?;
    }
    store::check_exists(collection)?;
    let mut page = Page { items: Vec::new(), next_cursor: None };
    let (mut read, mut shown, mut after) = (0, 0, cursor);
    loop {
        let (ids, more) = store::ids(collection, &query.id_prefix, after.as_deref())?;
        let last = ids.len().saturating_sub(1);
        for (at, id) in ids.into_iter().enumerate() {
            ctx.check()?;
            if let Some((stored, length)) = store::get(collection, &id)? {
                read += length;
                if query.fits(&stored) {
                    shown += if query.values { length } else { 0 };
                    page.items.push(stored.item(&id, query.values));
                }
            }
            after = Some(id);
            let enough = page.items.len() >= query.limit || shown >= MAX_ANSWER_BYTES || read >= MAX_READ_BYTES;
            if enough {
                page.next_cursor = after.filter(|_| more || at < last);
                return Ok(page);
            }
        }
        if !more {
            return Ok(page);
        }
    }
}

/// A page of the collections.
pub(crate) fn collections(limit: usize, cursor: Option<&str>) -> Result<Collections> {
    let counts = store::collections()?;
    let mut rest = counts.into_iter().filter(|(name, _)| cursor.is_none_or(|cursor| name.as_str() > cursor));
    let collections: Vec<Collection> =
        rest.by_ref().take(limit).map(|(collection, items)| Collection { collection, items }).collect();
    let last = collections.last().map(|last| last.collection.clone());
    let next_cursor = rest.next().and(last);
    Ok(Collections { collections, deleted: 0, next_cursor })
}

/// Deletes a collection.
pub(crate) fn delete_all(ctx: &Ctx, collection: &str) -> Result<Collections> {
    store::check_exists(collection)?;
    let mut deleted = 0;
    loop {
        let (ids, more) = store::ids(collection, "", None)?;
        for id in ids {
            ctx.check()?;
            deleted += u64::from(store::delete(collection, &id)?);
        }
        if !more {
            return Ok(Collections { deleted, ..Collections::default() });
        }
    }
}
