//! The nearest items of a collection, over all its segments.

use std::collections::BinaryHeap;

use serde_json::{Map, Value};
use tandem_segments::{Head, Result, bits::Bits, filter::Filter};

use crate::metric::Query;
use crate::segment::{Segment, parse_metadata};
use crate::settings::Settings;

/// Fewer allowed rows than this are compared one by one: walking a graph to find them costs more.
const FEW_ROWS: u32 = 512;
/// A graph is walked only when at least one of so many rows is allowed; otherwise the walk mostly meets others.
const SPARSE: u32 = 8;

/// What to search for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'r> {
    pub(crate) vector: &'r [f32],
    pub(crate) count: usize,
    pub(crate) filter: Option<&'r Filter>,
    pub(crate) ef: usize,
    pub(crate) with_metadata: bool,
    pub(crate) with_vectors: bool,
}

/// A row that was found.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) id: String,
    pub(crate) distance: f32,
    pub(crate) metadata: Option<Map<String, Value>>,
    pub(crate) vector: Option<Vec<f32>>,
}

/// A row on its way into the answer. Greater is farther; ties go by place, so that the order is always the same.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    distance: f32,
    segment: usize,
    row: u32,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let place = |candidate: &Self| (candidate.segment, candidate.row);
        self.distance.total_cmp(&other.distance).then_with(|| place(self).cmp(&place(other)))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

/// The nearest candidates seen so far.
struct Nearest {
    count: usize,
    heap: BinaryHeap<Candidate>,
}

impl Nearest {
    fn new(count: usize) -> Self {
        Self { count, heap: BinaryHeap::with_capacity(count + 1) }
    }

    fn into_places(self) -> Vec<Candidate> {
        let mut candidates = self.heap.into_vec();
        candidates.sort_unstable_by_key(|candidate| (candidate.segment, candidate.row));
        candidates
    }

    fn offer(&mut self, candidate: Candidate) {
        if self.heap.len() < self.count || self.heap.peek().is_some_and(|worst| candidate < *worst) {
            self.heap.push(candidate);
            if self.heap.len() > self.count {
                self.heap.pop();
            }
        }
    }
}

/// The nearest items, nearest first, and whether every candidate was compared.
pub(crate) fn search<'a>(
    head: &Head<Settings>,
    open: impl Fn(usize) -> Result<Segment<'a>>,
    request: Request<'_>,
) -> Result<(Vec<Hit>, bool)> {
    let settings = &head.settings;
    let query = Query::new(request.vector);
    let mut nearest = Nearest::new(request.count);
    // Codes blur distances a little, so more candidates than asked for go on to be ranked by their vectors.
    let mut coded = Nearest::new(request.count * 3 + 32);
    let mut exact = true;
    for (at, listed) in head.segments.iter().enumerate() {
        let segment = open(at)?;
        let live = listed.live_rows();
        let allowed = match request.filter {
            None => live,
            Some(filter) => segment.matching(&live, filter)?,
        };
        let count = allowed.count();
        if segment.has_graph() && count > FEW_ROWS && count > listed.rows / SPARSE {
            exact = false;
            walk(&segment, settings, &request, &allowed, at, &mut coded)?;
        } else if count > 0 {
            segment.scan(&allowed, |row, bytes| {
                let distance = settings.metric.distance(&query, bytes);
                nearest.offer(Candidate { distance, segment: at, row });
            })?;
        }
    }
    rank(&mut nearest, coded, settings, &query, &open)?;
    Ok((describe(nearest, &open, &request)?, exact))
}

fn walk(
    segment: &Segment<'_>,
    settings: &Settings,
    request: &Request<'_>,
    allowed: &Bits,
    at: usize,
    coded: &mut Nearest,
) -> Result<()> {
    if let Some(graph) = segment.graph(settings)? {
        let wanted = coded.count.min(request.ef);
        for (row, distance) in graph.search(request.vector, wanted, request.ef, &|row| allowed.contains(row))? {
            coded.offer(Candidate { distance, segment: at, row });
        }
    }
    Ok(())
}

/// Ranks what the graphs found by the vectors themselves.
fn rank<'a>(
    nearest: &mut Nearest,
    coded: Nearest,
    settings: &Settings,
    query: &Query<'_>,
    open: &impl Fn(usize) -> Result<Segment<'a>>,
) -> Result<()> {
    for (at, rows) in by_segment(&coded.into_places()) {
        let segment = open(at)?;
        let mut vectors = segment.vectors();
        for candidate in rows {
            let distance = settings.metric.distance(query, vectors.row(candidate.row)?);
            nearest.offer(Candidate { distance, ..*candidate });
        }
    }
    Ok(())
}

fn describe<'a>(
    nearest: Nearest,
    open: &impl Fn(usize) -> Result<Segment<'a>>,
    request: &Request<'_>,
) -> Result<Vec<Hit>> {
    let mut hits = Vec::with_capacity(nearest.heap.len());
    for (at, rows) in by_segment(&nearest.into_places()) {
        let segment = open(at)?;
        let (mut ids, mut metadata, mut vectors) = (segment.ids(), segment.metadata(), segment.vectors());
        for Candidate { distance, row, .. } in rows.iter().copied() {
            hits.push(Hit {
                id: ids.id(row)?,
                distance,
                metadata: if request.with_metadata { parse_metadata(metadata.row(row)?)? } else { None },
                vector: if request.with_vectors { Some(vectors.numbers(row)?) } else { None },
            });
        }
    }
    hits.sort_by(|a, b| a.distance.total_cmp(&b.distance).then_with(|| a.id.cmp(&b.id)));
    Ok(hits)
}

/// Candidates in the order of their places, cut by segment.
fn by_segment(candidates: &[Candidate]) -> impl Iterator<Item = (usize, &[Candidate])> {
    let same = candidates.chunk_by(|a, b| a.segment == b.segment);
    same.filter_map(|rows| rows.first().map(|first| (first.segment, rows)))
}
