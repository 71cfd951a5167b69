//! Finds files and directories by name, size and age.

use tandem_sdk::prelude::*;

use crate::{
    globs::Globs,
    limits::{MAX_SORTED, MAX_VISITED},
    list::{self, Item},
    path::Grants,
    storage::{Kind, Stat},
    time,
    walk::{Options, Skipped, Visit, Walk},
};

/// What is looked for.
#[input]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Wanted {
    /// Regular files.
    File,
    /// Directories.
    Directory,
    /// Symbolic links.
    Link,
}

/// The order of what was found.
#[input]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    /// By path; in pages.
    #[default]
    Path,
    /// The last changed first.
    Newest,
    /// The largest first.
    Largest,
}

/// What fits.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) glob: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) kind: Option<Wanted>,
    pub(crate) min_bytes: Option<u64>,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) modified_after: Option<String>,
    pub(crate) modified_before: Option<String>,
    pub(crate) sort: Order,
    pub(crate) limit: usize,
    pub(crate) cursor: Option<String>,
}

/// What was found.
#[output]
#[derive(Debug)]
pub(crate) struct Found {
    /// What fits.
    entries: Vec<Item>,
    /// Give it as `cursor` to go on; absent when all was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// What was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<Skipped>,
}

struct Filter {
    glob: Option<Globs>,
    exclude: Option<Globs>,
    kind: Option<Kind>,
    min_bytes: Option<u64>,
    max_bytes: Option<u64>,
    after: Option<i64>,
    before: Option<i64>,
}

impl Filter {
    fn new(query: &Query) -> Result<Self> {
        let time =
            |argument, text: &Option<String>| text.as_deref().map(|text| time::parse(argument, text)).transpose();
        if query.min_bytes > query.max_bytes && query.max_bytes.is_some() {
            return Err(Error::invalid_arguments("`min_bytes` is more than `max_bytes`: nothing can fit"));
        }
        Ok(Self {
            glob: Globs::new("glob", &query.glob, false)?,
            exclude: Globs::new("exclude", &query.exclude, false)?,
            kind: query.kind.map(|kind| match kind {
                Wanted::File => Kind::File,
                Wanted::Directory => Kind::Directory,
                Wanted::Link => Kind::Link,
            }),
            min_bytes: query.min_bytes,
            max_bytes: query.max_bytes,
            after: time("modified_after", &query.modified_after)?,
            before: time("modified_before", &query.modified_before)?,
        })
    }

    fn fits(&self, visit: &Visit<'_>) -> bool {
        let (name, below, path) = (visit.place.name(), Walk::below(visit), &visit.place.path);
        self.kind.is_none_or(|kind| kind == visit.kind)
            && self.glob.as_ref().is_none_or(|globs| globs.fit(name, below, path))
            && !self.exclude.as_ref().is_some_and(|globs| globs.fit(name, below, path))
            && (!self.asks_for_stat() || visit.place.stat(false).is_ok_and(|stat| self.fits_stat(&stat)))
    }

    fn asks_for_stat(&self) -> bool {
        self.min_bytes.is_some() || self.max_bytes.is_some() || self.after.is_some() || self.before.is_some()
    }

    fn fits_stat(&self, stat: &Stat) -> bool {
        let sized = self.min_bytes.is_none() && self.max_bytes.is_none() || stat.kind == Kind::File;
        let modified = stat.modified.and_then(|time| i64::try_from(time.seconds).ok());
        sized
            && self.min_bytes.is_none_or(|least| stat.bytes >= least)
            && self.max_bytes.is_none_or(|most| stat.bytes <= most)
            && self.after.is_none_or(|after| modified.is_some_and(|time| time >= after))
            && self.before.is_none_or(|before| modified.is_some_and(|time| time < before))
    }
}

/// Finds what fits below a directory, or below all granted ones.
pub(crate) fn find(ctx: &Ctx, grants: &Grants, path: Option<&str>, query: &Query, options: Options) -> Result<Found> {
    let filter = Filter::new(query)?;
    let (order, limit, cursor) = (query.sort, query.limit, query.cursor.as_deref());
    if order != Order::Path && cursor.is_some() {
        return Err(Error::invalid_arguments(
            "`cursor` goes only with `sort` = `path`: raise `limit`, or narrow the search",
        ));
    }
    let mut walk = Walk::new(ctx, grants, path, options, cursor)?;
    let most = if order == Order::Path { limit } else { MAX_SORTED };
    let mut found = Vec::new();
    let mut next_cursor = None;
    while let Some(visit) = walk.next()? {
        if !filter.fits(&visit) {
            continue;
        }
        if found.len() == most {
            if order != Order::Path {
                return Err(too_many());
            }
            next_cursor = found.last().map(|visit: &Visit<'_>| visit.place.path.clone());
            break;
        }
        found.push(visit);
    }
    if order != Order::Path {
        if walk.stopped_at.is_some() {
            return Err(too_many());
        }
        let key = |visit: &Visit<'_>| {
            let stat = visit.place.stat(false).ok();
            let key = match order {
                Order::Largest => stat.map_or(0, |stat| stat.bytes),
                _ => stat.and_then(|stat| stat.modified).map_or(0, |time| time.seconds),
            };
            std::cmp::Reverse(key)
        };
        found.sort_by_cached_key(key);
        found.truncate(limit);
    }
    let entries = found.iter().map(|visit| list::item(&visit.place, visit.kind)).collect();
    Ok(Found { entries, next_cursor: next_cursor.or(walk.stopped_at), skipped: walk.skipped.some() })
}

fn too_many() -> Error {
    Error::invalid_arguments(format!(
        "more than {MAX_SORTED} entries fit, or {MAX_VISITED} had to be looked at, which is the most that is sorted: narrow the search, \
         or leave `sort` out"
    ))
}
