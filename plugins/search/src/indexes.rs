//! Indexes: every operation, on any store.

use serde_json::Map;
use tandem_sdk::log;
use tandem_segments::collection::Change;
use tandem_segments::ids::check_id;
use tandem_segments::{
    Collections, Environment, Error, Head, MAX_SEGMENTS, Replacement, Result, SegmentReader, SegmentRef, Storage,
};

use crate::document::{decode, encode};
use crate::highlight::highlights;
use crate::model::{Created, Deleted, Document, Facet, FacetValue, Hit, IndexInfo, Indexed, Listing, QueryResult};
use crate::query::{Plan, Search};
use crate::ranking::{Candidate, Ranked, rank};
use crate::segment::{Draft, Segment, merge, write};
use crate::settings::{
    MAX_ANSWER_BYTES, MAX_BYTES_PER_CALL, MAX_DOCUMENTS, MAX_DOCUMENTS_PER_CALL, MAX_HITS, Settings,
};

/// The indexes in one store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Indexes<'a> {
    collections: Collections<'a>,
}

impl<'a> Indexes<'a> {
    pub(crate) fn new(storage: &'a dyn Storage, environment: &'a dyn Environment) -> Self {
        Self { collections: Collections::new(storage, environment, "index") }
    }

    pub(crate) fn create(&self, name: &str, settings: Settings) -> Result<Created> {
        settings.check()?;
        match self.collections.create(name, settings.clone())? {
            None => Ok(Created { index: info(name, settings, 0), created: true }),
            Some(head) if head.settings == settings => {
                Ok(Created { index: info(name, settings, head.live()), created: false })
            }
            Some(_) => Err(Error::invalid(format!(
                "the index `{name}` is already there with other settings; delete it first or take another name"
            ))),
        }
    }

    /// The settings of an index.
    pub(crate) fn settings(&self, name: &str) -> Result<Settings> {
        Ok(self.collections.head::<Settings>(name)?.settings)
    }

    pub(crate) fn index(&self, name: &str, documents: Vec<Document>) -> Result<Indexed> {
        let head = self.collections.head::<Settings>(name)?;
        let count = documents.len() as u64;
        let drafts = check_documents(&head.settings, documents)?;
        if head.segments.len() > MAX_SEGMENTS / 2 {
            self.maintain(name)?;
        }
        let segment = write(&head.settings, &drafts, self.collections.writer(&head)?)?;
        let ids: Vec<String> = drafts.into_iter().map(|draft| draft.id).collect();
        let (head, replaced) = self.commit(name, &head, Some(segment), &ids)?;
        Ok(Indexed { added: count - replaced.min(count), replaced, documents: head.live() })
    }

    pub(crate) fn delete(&self, name: &str, ids: Option<&[String]>) -> Result<Deleted> {
        let Some(ids) = ids else {
            let head = self.collections.remove::<Settings>(name)?;
            return Ok(Deleted { deleted: head.live(), index_deleted: true });
        };
        if ids.len() > MAX_DOCUMENTS_PER_CALL {
            return Err(Error::invalid(format!("{} ids; give at most {MAX_DOCUMENTS_PER_CALL}", ids.len())));
        }
        let head = self.collections.head::<Settings>(name)?;
        let deleted = self.commit(name, &head, None, ids)?.1;
        Ok(Deleted { deleted, index_deleted: false })
    }

    fn commit(
        &self,
        name: &str,
        head: &Head<Settings>,
        segment: Option<SegmentRef>,
        ids: &[String],
    ) -> Result<(Head<Settings>, u64)> {
        let change = Change {
            incarnation: &head.incarnation,
            locate: &|reader: &SegmentReader<'_>| {
                let segment = Segment::open(reader)?;
                let mut reader = segment.ids();
                ids.iter().filter_map(|id| reader.find(id).transpose()).collect()
            },
            admit: if segment.is_some() { &admit } else { &|_| Ok(()) },
            segment,
        };
        self.collections.commit(name, change)
    }

    /// Merges segments after a change, which is durable already: a merge that fails costs speed, not data, and the next change
    /// tries again.
    pub(crate) fn merge_after_change(&self, name: &str) {
        if let Err(error) = self.maintain(name) {
            log::warning!("merging segments of `{name}`: {error}");
        }
    }

    /// Merges small segments, so that queries stay fast. What was indexed before is safe, whatever comes of it.
    pub(crate) fn maintain(&self, name: &str) -> Result<bool> {
        self.collections.maintain(name, |head: &Head<Settings>, sources| -> Result<Replacement> {
            let mut opened = Vec::with_capacity(sources.len());
            for source in sources {
                opened.push((*source, self.open(head, source)?));
            }
            merge(&head.settings, &opened, self.collections.writer(head)?)
        })
    }

    pub(crate) fn list(&self, limit: u32, after: Option<&str>) -> Result<Listing> {
        if !(1..=MAX_HITS).contains(&limit) {
            return Err(Error::invalid(format!("`limit` is {limit}; use 1 to {MAX_HITS}")));
        }
        let (names, more) = self.collections.names(limit, after)?;
        let mut indexes = Vec::with_capacity(names.len());
        for name in &names {
            match self.collections.head::<Settings>(name) {
                Ok(head) => {
                    let documents = head.live();
                    indexes.push(info(name, head.settings, documents));
                }
                // It was deleted after its name was read.
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Listing { indexes, next_cursor: if more { names.last().cloned() } else { None } })
    }

    pub(crate) fn query(&self, name: &str, search: &Search) -> Result<QueryResult> {
        self.collections.read(name, |head: &Head<Settings>| {
            let plan = Plan::new(&head.settings, search)?;
            let mut segments = Vec::with_capacity(head.segments.len());
            for listed in &head.segments {
                segments.push(self.open(head, listed)?);
            }
            let offset = search.offset as usize;
            let ranked = rank(head, &segments, &plan, offset + search.limit as usize)?;
            let best = ranked.best.get(offset..).unwrap_or_default();
            let hits = describe(&segments, &plan, search, best)?;
            Ok(QueryResult { hits, total: ranked.total, facets: facets(&plan, search, ranked) })
        })
    }

    fn open(&self, head: &Head<Settings>, listed: &SegmentRef) -> Result<Segment<'a>> {
        Segment::open(&self.collections.reader(head, listed))
    }
}

fn describe(segments: &[Segment<'_>], plan: &Plan<'_>, search: &Search, candidates: &[Candidate]) -> Result<Vec<Hit>> {
    let mut readers: Vec<_> = segments.iter().map(|segment| (segment.ids(), segment.documents())).collect();
    let mut bytes = 0;
    let mut hits = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let reader = readers.get_mut(candidate.segment);
        let (ids, documents) = reader.ok_or_else(|| Error::corrupt("a segment is missing"))?;
        let stored = documents.row(candidate.row)?;
        let mut fields = decode(stored)?;
        let highlights = if search.highlight { highlights(plan, &fields) } else { Map::new() };
        bytes += match &search.return_fields {
            None => stored.len(),
            Some(wanted) => {
                fields.retain(|name, _| wanted.contains(name));
                serde_json::to_vec(&fields).map_or(0, |left| left.len())
            }
        };
        if bytes > MAX_ANSWER_BYTES {
            return Err(Error::invalid(format!(
                "the documents found take more than {MAX_ANSWER_BYTES} bytes; lower `limit` or name the `return_fields`"
            )));
        }
        hits.push(Hit { id: ids.id(candidate.row)?, score: candidate.score, fields, highlights });
    }
    Ok(hits)
}

fn facets(plan: &Plan<'_>, search: &Search, ranked: Ranked) -> Vec<Facet> {
    let named = plan.facets.iter().zip(ranked.facets);
    named
        .map(|((field, _), counts)| {
            let mut values: Vec<FacetValue> =
                counts.into_iter().map(|(value, count)| FacetValue { value, count }).collect();
            // Stable: keywords that are as frequent stay in alphabetical order.
            values.sort_by_key(|value| std::cmp::Reverse(value.count));
            let others = values.len().saturating_sub(search.facet_size as usize) as u64;
            values.truncate(search.facet_size as usize);
            Facet { field: (*field).to_owned(), values, others }
        })
        .collect()
}

fn info(index: &str, settings: Settings, documents: u64) -> IndexInfo {
    let Settings { fields, k1, b } = settings;
    IndexInfo { index: index.to_owned(), fields, k1, b, documents }
}

fn admit(head: &Head<Settings>) -> Result<()> {
    let documents = head.live();
    if documents > MAX_DOCUMENTS {
        return Err(Error::invalid(format!(
            "the index would have {documents} documents; the bound is {MAX_DOCUMENTS}: use a second index"
        )));
    }
    Ok(())
}

fn check_documents(settings: &Settings, documents: Vec<Document>) -> Result<Vec<Draft>> {
    if documents.is_empty() || documents.len() > MAX_DOCUMENTS_PER_CALL {
        return Err(Error::invalid(format!("{} documents; give 1 to {MAX_DOCUMENTS_PER_CALL}", documents.len())));
    }
    let mut drafts = Vec::with_capacity(documents.len());
    let mut bytes = 0;
    for (at, Document { id, fields }) in documents.into_iter().enumerate() {
        check_id(&format!("document {at}"), &id)?;
        let stored = encode(settings, &id, &fields)?;
        bytes += stored.len();
        if bytes > MAX_BYTES_PER_CALL {
            return Err(Error::invalid(format!(
                "the documents take more than {MAX_BYTES_PER_CALL} bytes; give them in several calls"
            )));
        }
        drafts.push(Draft { id, fields, stored });
    }
    drafts.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let twice = drafts.array_windows().find(|[a, b]| a.id == b.id).map(|[a, _]| a.id.clone());
    match twice {
        None => Ok(drafts),
        Some(id) => Err(Error::invalid(format!("document `{id}` is given twice; give each id once a call"))),
    }
}
