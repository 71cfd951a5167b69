//! Collections of vectors: every operation, on any store.

use tandem_sdk::log;
use tandem_segments::bits::Bits;
use tandem_segments::collection::{Change, DROPPED};
use tandem_segments::filter::Filter;
use tandem_segments::json::check_depth;
use tandem_segments::rows::RowReader;
use tandem_segments::{
    Collections, Environment, Error, Head, MAX_SEGMENTS, Replacement, Result, SegmentReader, SegmentRef, Storage,
};

use crate::metric::{Metric, is_zero};
use crate::model::{
    Added, CollectionInfo, Created, Deleted, Found, IndexKind, Item, Listing, Match, SearchResult, StoredItem,
};
use crate::search::{Request, search};
use crate::segment::{Rows, Segment, VectorReader, parse_metadata};
use crate::settings::{
    DEFAULT_EF, MAX_EF, MAX_ITEMS, MAX_ITEMS_PER_CALL, MAX_MAGNITUDE, MAX_MATCHES, MAX_METADATA_BYTES,
    MAX_NUMBERS_PER_ANSWER, MAX_NUMBERS_PER_CALL, MAX_VECTOR_BYTES, Settings,
};

/// Which items to delete.
#[derive(Debug)]
pub(crate) enum Selection {
    Ids(Vec<String>),
    Filter(Filter),
    Collection,
}

/// What to search for, as a client asks.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub(crate) vector: Vec<f32>,
    pub(crate) count: u32,
    pub(crate) filter: Option<Filter>,
    pub(crate) ef: Option<u32>,
    pub(crate) with_metadata: bool,
    pub(crate) with_vectors: bool,
}

/// The collections in one store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vectors<'a> {
    collections: Collections<'a>,
}

impl<'a> Vectors<'a> {
    pub(crate) fn new(storage: &'a dyn Storage, environment: &'a dyn Environment) -> Self {
        Self { collections: Collections::new(storage, environment, "collection") }
    }

    pub(crate) fn create(&self, name: &str, settings: Settings) -> Result<Created> {
        settings.check()?;
        match self.collections.create(name, settings)? {
            None => Ok(Created { collection: info(name, &settings, 0), created: true }),
            Some(head) if head.settings == settings => {
                Ok(Created { collection: info(name, &settings, head.live()), created: false })
            }
            Some(head) => Err(Error::invalid(format!(
                "the collection `{name}` is already there with other settings ({:?}); delete it first or take another name",
                head.settings
            ))),
        }
    }

    pub(crate) fn add(&self, name: &str, items: Vec<Item>) -> Result<Added> {
        let head = self.collections.head::<Settings>(name)?;
        let count = items.len() as u64;
        let rows = check_items(&head.settings, items)?;
        if head.segments.len() > MAX_SEGMENTS / 2 {
            self.maintain(name)?;
        }
        let ids: Vec<String> = rows.ids().map(str::to_owned).collect();
        let segment = rows.write(&head.settings, self.collections.writer(&head)?)?;
        let change = Change {
            incarnation: &head.incarnation,
            segment: Some(segment),
            locate: &|reader| find_all(Segment::open(reader, &head.settings)?, &ids),
            admit: &admit,
        };
        let (head, replaced) = self.collections.commit(name, change)?;
        Ok(Added { added: count - replaced.min(count), replaced, items: head.live() })
    }

    /// How many items a collection has.
    pub(crate) fn count(&self, name: &str) -> Result<u64> {
        Ok(self.collections.head::<Settings>(name)?.live())
    }

    /// Merges segments after a change, which is durable already: a merge that fails costs speed, not data, and the next change
    /// tries again.
    pub(crate) fn merge_after_change(&self, name: &str) {
        if let Err(error) = self.maintain(name) {
            log::warning!("merging segments of `{name}`: {error}");
        }
    }

    /// Merges small segments, so that searches stay fast. What was added before is safe, whatever comes of it.
    pub(crate) fn maintain(&self, name: &str) -> Result<bool> {
        self.collections.maintain(name, |head: &Head<Settings>, sources| {
            let mut rows = Rows::default();
            let mut maps = Vec::new();
            let mut places = Vec::new();
            for (at, source) in sources.iter().enumerate() {
                maps.push(vec![DROPPED; source.rows as usize]);
                let segment = self.open(head, source)?;
                let (mut metadata, mut vectors) = (segment.metadata(), segment.vectors());
                segment.ids().scan(None, |row, id| {
                    if !source.dead.contains(row) {
                        vectors.forget_before(row);
                        rows.push(id.to_owned(), vectors.numbers(row)?, metadata.row(row)?.to_vec());
                        places.push((id.to_owned(), at, row));
                    }
                    Ok(true)
                })?;
            }
            if places.is_empty() {
                return Ok(Replacement { segment: None, rows: maps });
            }
            rows.sort();
            places.sort_unstable();
            for (new, (_, at, row)) in (0..).zip(places) {
                if let Some(slot) = maps.get_mut(at).and_then(|map: &mut Vec<u32>| map.get_mut(row as usize)) {
                    *slot = new;
                }
            }
            let segment = rows.write(&head.settings, self.collections.writer(head)?)?;
            Ok(Replacement { segment: Some(segment), rows: maps })
        })
    }

    pub(crate) fn search(&self, name: &str, wanted: &Search) -> Result<SearchResult> {
        if !(1..=MAX_MATCHES).contains(&wanted.count) {
            return Err(Error::invalid(format!("`k` is {}; use 1 to {MAX_MATCHES}", wanted.count)));
        }
        check_filter(wanted.filter.as_ref())?;
        let ef = wanted.ef.unwrap_or((wanted.count * 4).clamp(DEFAULT_EF, MAX_EF));
        if !(1..=MAX_EF).contains(&ef) {
            return Err(Error::invalid(format!("`ef` is {ef}; use 1 to {MAX_EF}")));
        }
        self.collections.read(name, |head: &Head<Settings>| {
            check_vector(&head.settings, "the query", &wanted.vector)?;
            if wanted.with_vectors {
                check_answer(&head.settings, wanted.count as usize)?;
            }
            let request = Request {
                vector: &wanted.vector,
                count: wanted.count as usize,
                filter: wanted.filter.as_ref(),
                ef: ef.max(wanted.count) as usize,
                with_metadata: wanted.with_metadata,
                with_vectors: wanted.with_vectors,
            };
            let (hits, exact) = search(head, |at| self.open_at(head, at), request)?;
            let metric = head.settings.metric;
            let matches = hits.into_iter().map(|hit| {
                let (score, distance) = metric.score(hit.distance);
                Match { id: hit.id, score, distance, metadata: hit.metadata, vector: hit.vector }
            });
            Ok(SearchResult { matches: matches.collect(), exact })
        })
    }

    pub(crate) fn get(&self, name: &str, ids: &[String], with_vectors: bool) -> Result<Found> {
        if ids.is_empty() || ids.len() > MAX_MATCHES as usize {
            return Err(Error::invalid(format!("{} ids; give 1 to {MAX_MATCHES}", ids.len())));
        }
        self.collections.read(name, |head: &Head<Settings>| {
            if with_vectors {
                check_answer(&head.settings, ids.len())?;
            }
            let mut found: Vec<Option<StoredItem>> = ids.iter().map(|_| None).collect();
            for listed in &head.segments {
                let segment = self.open(head, listed)?;
                let mut items = Items::new(&segment, with_vectors);
                for ((id, slot), row) in ids.iter().zip(&mut found).zip(find_each(&segment, ids)?) {
                    if let Some(row) = row.filter(|row| !listed.dead.contains(*row)) {
                        *slot = Some(items.get(id, row)?);
                    }
                }
            }
            let missing = ids.iter().zip(&found).filter(|(_, item)| item.is_none()).map(|(id, _)| id.clone());
            Ok(Found { missing: missing.collect(), items: found.into_iter().flatten().collect() })
        })
    }

    pub(crate) fn collections(&self, limit: u32, after: Option<&str>) -> Result<Listing> {
        check_limit(limit)?;
        let (names, more) = self.collections.names(limit, after)?;
        let mut infos = Vec::with_capacity(names.len());
        for name in &names {
            match self.collections.head::<Settings>(name) {
                Ok(head) => infos.push(info(name, &head.settings, head.live())),
                // It was deleted after its name was read.
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let next_cursor = if more { names.last().cloned() } else { None };
        Ok(Listing { collections: Some(infos), next_cursor, ..Listing::default() })
    }

    pub(crate) fn items(&self, name: &str, limit: u32, after: Option<&str>, with_vectors: bool) -> Result<Listing> {
        check_limit(limit)?;
        self.collections.read(name, |head: &Head<Settings>| {
            if with_vectors {
                check_answer(&head.settings, limit as usize)?;
            }
            let limit = limit as usize;
            // Of every segment the first ids after the cursor, and one more to know whether there are more.
            let mut first = Vec::new();
            let mut segments = Vec::with_capacity(head.segments.len());
            for (at, listed) in head.segments.iter().enumerate() {
                let segment = self.open(head, listed)?;
                let before = first.len();
                segment.ids().scan(after, |row, id| {
                    if !listed.dead.contains(row) {
                        first.push((id.to_owned(), at, row));
                    }
                    Ok(first.len() - before <= limit)
                })?;
                segments.push(segment);
            }
            first.sort_unstable();
            let more = first.len() > limit;
            first.truncate(limit);
            let mut readers: Vec<_> = segments.iter().map(|segment| Items::new(segment, with_vectors)).collect();
            let mut items = Vec::with_capacity(first.len());
            for (id, at, row) in &first {
                let reader = readers.get_mut(*at).ok_or_else(|| Error::corrupt("a segment is missing"))?;
                items.push(reader.get(id, *row)?);
            }
            let next_cursor = first.pop().filter(|_| more).map(|(id, ..)| id);
            Ok(Listing { items: Some(items), next_cursor, ..Listing::default() })
        })
    }

    pub(crate) fn delete(&self, name: &str, selection: &Selection) -> Result<Deleted> {
        let deleted = match selection {
            Selection::Collection => {
                let head = self.collections.remove::<Settings>(name)?;
                return Ok(Deleted { deleted: head.live(), collection_deleted: true });
            }
            Selection::Ids(ids) if ids.len() > MAX_ITEMS_PER_CALL => {
                return Err(Error::invalid(format!("{} ids; give at most {MAX_ITEMS_PER_CALL}", ids.len())));
            }
            Selection::Ids(ids) => self.delete_rows(name, &|segment| find_all(segment, ids))?,
            Selection::Filter(filter) => {
                check_filter(Some(filter))?;
                self.delete_rows(name, &|segment| {
                    let all = Bits::full(segment.rows());
                    Ok(segment.matching(&all, filter)?.iter().collect())
                })?
            }
        };
        Ok(Deleted { deleted, collection_deleted: false })
    }

    fn delete_rows(&self, name: &str, rows: &dyn Fn(Segment<'_>) -> Result<Vec<u32>>) -> Result<u64> {
        let head = self.collections.head::<Settings>(name)?;
        let change = Change {
            incarnation: &head.incarnation,
            segment: None,
            locate: &|reader: &SegmentReader<'_>| rows(Segment::open(reader, &head.settings)?),
            admit: &|_: &Head<Settings>| Ok(()),
        };
        Ok(self.collections.commit(name, change)?.1)
    }

    fn open_at(&self, head: &Head<Settings>, at: usize) -> Result<Segment<'a>> {
        let listed = head.segments.get(at).ok_or_else(|| Error::corrupt("a segment is missing"))?;
        self.open(head, listed)
    }

    fn open(&self, head: &Head<Settings>, listed: &SegmentRef) -> Result<Segment<'a>> {
        Segment::open(&self.collections.reader(head, listed), &head.settings)
    }
}

fn info(name: &str, settings: &Settings, items: u64) -> CollectionInfo {
    let index = if settings.hnsw.is_some() { IndexKind::Hnsw } else { IndexKind::Exact };
    let (collection, Settings { dimensions, metric, .. }) = (name.to_owned(), *settings);
    CollectionInfo { collection, dimensions, metric, index, items }
}

/// Reads items of one segment; a page is read once.
struct Items<'s> {
    metadata: RowReader<'s>,
    vectors: Option<VectorReader<'s>>,
}

impl<'s> Items<'s> {
    fn new(segment: &'s Segment<'_>, with_vectors: bool) -> Self {
        Self { metadata: segment.metadata(), vectors: with_vectors.then(|| segment.vectors()) }
    }

    fn get(&mut self, id: &str, row: u32) -> Result<StoredItem> {
        let metadata = parse_metadata(self.metadata.row(row)?)?;
        let vector = self.vectors.as_mut().map(|vectors| vectors.numbers(row)).transpose()?;
        Ok(StoredItem { id: id.to_owned(), metadata, vector })
    }
}

fn find_each(segment: &Segment<'_>, ids: &[String]) -> Result<Vec<Option<u32>>> {
    let mut reader = segment.ids();
    ids.iter().map(|id| reader.find(id)).collect()
}

fn find_all(segment: Segment<'_>, ids: &[String]) -> Result<Vec<u32>> {
    Ok(find_each(&segment, ids)?.into_iter().flatten().collect())
}

fn admit(head: &Head<Settings>) -> Result<()> {
    let items = head.live();
    let limit = MAX_ITEMS.min(MAX_VECTOR_BYTES / head.settings.vector_bytes() as u64);
    if items > limit {
        return Err(Error::invalid(format!(
            "the collection would have {items} items; with {} dimensions the bound is {limit}: use a second collection",
            head.settings.dimensions
        )));
    }
    Ok(())
}

fn check_items(settings: &Settings, items: Vec<Item>) -> Result<Rows> {
    let numbers = items.len() * settings.dimensions as usize;
    if items.is_empty() || items.len() > MAX_ITEMS_PER_CALL || numbers > MAX_NUMBERS_PER_CALL {
        let limit = MAX_ITEMS_PER_CALL.min(MAX_NUMBERS_PER_CALL / settings.dimensions.max(1) as usize);
        return Err(Error::invalid(format!("{} items; give 1 to {limit} of this size a call", items.len())));
    }
    let mut rows = Rows::default();
    for (at, Item { id, vector, metadata }) in items.into_iter().enumerate() {
        tandem_segments::ids::check_id(&format!("item {at}"), &id)?;
        check_vector(settings, &format!("item `{id}`"), &vector)?;
        let metadata = match metadata {
            None => Vec::new(),
            Some(metadata) => {
                check_depth(&format!("the metadata of item `{id}`"), &metadata)?;
                serde_json::to_vec(&metadata).map_err(|e| Error::invalid(format!("item `{id}`: {e}")))?
            }
        };
        if metadata.len() > MAX_METADATA_BYTES {
            return Err(Error::invalid(format!(
                "item `{id}` has {} bytes of metadata; use at most {MAX_METADATA_BYTES}",
                metadata.len()
            )));
        }
        rows.push(id, vector, metadata);
    }
    match rows.sort() {
        None => Ok(rows),
        Some(id) => Err(Error::invalid(format!("item `{id}` is given twice; give each id once a call"))),
    }
}

fn check_vector(settings: &Settings, what: &str, vector: &[f32]) -> Result<()> {
    if vector.len() != settings.dimensions as usize {
        return Err(Error::invalid(format!(
            "{what} has {} numbers; the collection has {} dimensions",
            vector.len(),
            settings.dimensions
        )));
    }
    if let Some(at) = vector.iter().position(|number| !number.is_finite() || number.abs() > MAX_MAGNITUDE) {
        return Err(Error::invalid(format!(
            "number {at} of {what} is not finite or beyond ±{MAX_MAGNITUDE:e}; scale the vector down"
        )));
    }
    if settings.metric == Metric::Cosine && is_zero(vector) {
        return Err(Error::invalid(format!("{what} is zero, which has no cosine; leave it out or use another metric")));
    }
    Ok(())
}

fn check_filter(filter: Option<&Filter>) -> Result<()> {
    filter.map_or(Ok(()), |filter| filter.check(&mut |_| Ok(())))
}

fn check_limit(limit: u32) -> Result<()> {
    let fits = (1..=MAX_MATCHES).contains(&limit);
    fits.then_some(()).ok_or_else(|| Error::invalid(format!("`limit` is {limit}; use 1 to {MAX_MATCHES}")))
}

fn check_answer(settings: &Settings, count: usize) -> Result<()> {
    let limit = MAX_NUMBERS_PER_ANSWER / settings.dimensions.max(1) as usize;
    if count > limit {
        return Err(Error::invalid(format!("{count} vectors are too many for one answer; ask for at most {limit}")));
    }
    Ok(())
}
