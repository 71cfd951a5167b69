//! Ranking by BM25, over all segments of an index.
//!
//! A word's weight in a field is `ln(1 + (n - d + ½) / (d + ½))`, where `d` of the `n` documents with words in that
//! field have it; a document that has it `f` times in a field of `l` words, `a` on average, gets the weight times
//! `f (k1 + 1) / (f + k1 (1 - b + b l / a))`, times the field's boost; all that is summed. A prefix counts as its field's
//! boost, once. Like every Lucene, `n`, `d` and `a` count replaced documents until a merge drops them.

use std::collections::{BTreeMap, BinaryHeap};

use tandem_segments::bits::Bits;
use tandem_segments::{Error, Head, Result, SegmentRef};

use crate::columns::{Column, Row};
use crate::model::Matching;
use crate::parse::Wanted;
use crate::phrase;
use crate::query::{Plan, Searched};
use crate::segment::Segment;
use crate::settings::{MAX_EXPANSIONS, MAX_FACET_KEYWORDS, Settings};
use crate::terms::{Postings, TermReader, key, word_key};

/// A document that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) score: f32,
    pub(crate) segment: usize,
    pub(crate) row: u32,
}

/// Greater is worse, so that a heap gives up the worst; ties go by place, so that pages do not overlap.
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let place = |candidate: &Self| (candidate.segment, candidate.row);
        other.score.total_cmp(&self.score).then_with(|| place(self).cmp(&place(other)))
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

/// What a query found.
#[derive(Debug, Default)]
pub(crate) struct Ranked {
    /// The best, best first.
    pub(crate) best: Vec<Candidate>,
    pub(crate) total: u64,
    /// For every facet asked for, how many documents have each keyword.
    pub(crate) facets: Vec<BTreeMap<String, u64>>,
}

/// Where a word occurs in one field of one segment.
struct List {
    word: usize,
    /// Position in the plan's fields.
    field: usize,
    /// One, or those of all terms that a prefix stands for.
    postings: Vec<Postings>,
}

/// Totals over all segments that the formula needs.
struct Weights {
    /// Per word and field.
    word: Vec<Vec<f32>>,
    /// Words of an average document, per field.
    average: Vec<f32>,
}

/// Finds the best `count` documents.
pub(crate) fn rank(head: &Head<Settings>, segments: &[Segment<'_>], plan: &Plan<'_>, count: usize) -> Result<Ranked> {
    let words = plan.words.as_deref().unwrap_or_default();
    let mut lists = Vec::with_capacity(segments.len());
    for segment in segments {
        lists.push(look_up(segment, plan, words)?);
    }
    let weights = weigh(segments, plan, words, &lists);
    let mut ranked = Ranked { facets: vec![BTreeMap::new(); plan.facets.len()], ..Ranked::default() };
    let mut heap = BinaryHeap::with_capacity(count + 1);
    let mut read = 0;
    for (at, ((listed, segment), lists)) in head.segments.iter().zip(segments).zip(lists).enumerate() {
        let mut found = listed.live_rows();
        let scores = match &plan.words {
            None => Vec::new(),
            Some(words) => score(head, listed, segment, plan, words, &lists, &weights, &mut found)?,
        };
        filter(segment, plan, &mut found)?;
        phrase::keep(segment, plan, &mut found, &mut read)?;
        ranked.total += u64::from(found.count());
        for ((_, number), counts) in plan.facets.iter().zip(&mut ranked.facets) {
            if let Column::Keyword(keywords) = segment.column(*number)? {
                for (value, count) in keywords.count(found.iter()) {
                    *counts.entry(value.to_owned()).or_default() += count;
                }
            }
        }
        if ranked.facets.iter().map(BTreeMap::len).sum::<usize>() > MAX_FACET_KEYWORDS {
            return Err(Error::invalid(format!(
                "the facets have more than {MAX_FACET_KEYWORDS} different keywords; narrow the query or take other facets"
            )));
        }
        for row in found.iter() {
            let score = scores.get(row as usize).copied().unwrap_or(0.0);
            let candidate = Candidate { score, segment: at, row };
            if heap.len() < count || heap.peek().is_some_and(|worst| candidate < *worst) {
                heap.push(candidate);
                if heap.len() > count {
                    heap.pop();
                }
            }
        }
    }
    ranked.best = heap.into_sorted_vec();
    Ok(ranked)
}

fn look_up(segment: &Segment<'_>, plan: &Plan<'_>, words: &[Wanted]) -> Result<Vec<List>> {
    let mut terms = segment.terms();
    let mut lists = Vec::new();
    for (field, searched) in plan.fields.iter().enumerate() {
        let here = |wanted: &Wanted| wanted.field.is_none_or(|number| number == searched.number);
        for (word, wanted) in words.iter().enumerate().filter(|(_, wanted)| here(wanted)) {
            let term = searched.term(wanted);
            let postings = if wanted.prefix {
                expand(&mut terms, searched, &term)?
            } else {
                terms.find(&key(searched.number, &term))?.into_iter().collect()
            };
            if postings.len() > MAX_EXPANSIONS {
                return Err(Error::invalid(format!(
                    "`{}*` stands for more than {MAX_EXPANSIONS} terms; make it longer",
                    wanted.word
                )));
            }
            if !postings.is_empty() {
                lists.push(List { word, field, postings });
            }
        }
    }
    Ok(lists)
}

/// The words that begin with `prefix`, at most one more than there may be.
fn expand(terms: &mut TermReader<'_>, searched: &Searched<'_>, prefix: &str) -> Result<Vec<Postings>> {
    let by_term = key(searched.number, prefix);
    // Segments of earlier versions have stems alone.
    if !searched.analyzer.stems() || !terms.has(&word_key(searched.number, ""))? {
        return terms.expand(&by_term, MAX_EXPANSIONS);
    }
    terms.expand(&word_key(searched.number, prefix), MAX_EXPANSIONS)
}

fn weigh(segments: &[Segment<'_>], plan: &Plan<'_>, words: &[Wanted], lists: &[Vec<List>]) -> Weights {
    let mut having = vec![vec![0u64; plan.fields.len()]; words.len()];
    for list in lists.iter().flatten() {
        if let Some(count) = having.get_mut(list.word).and_then(|fields| fields.get_mut(list.field)) {
            *count += list.postings.iter().map(|postings| u64::from(postings.documents)).sum::<u64>();
        }
    }
    let totals: Vec<(f32, f32)> = plan
        .fields
        .iter()
        .map(|field| {
            let totals = segments.iter().map(|segment| segment.totals(field.number));
            let (documents, words) = totals.fold((0u64, 0u64), |(documents, words), totals| {
                (documents + u64::from(totals.documents), words + totals.words)
            });
            (documents as f32, words as f32 / documents.max(1) as f32)
        })
        .collect();
    let word = having.iter().zip(words).map(|(fields, wanted)| {
        let weight = |((having, (documents, _)), field): ((&u64, &(f32, f32)), &Searched<'_>)| {
            let having = *having as f32;
            let rarity = if wanted.prefix { 1.0 } else { (1.0 + (documents - having + 0.5) / (having + 0.5)).ln() };
            rarity * field.boost
        };
        fields.iter().zip(&totals).zip(&plan.fields).map(weight).collect()
    });
    Weights { word: word.collect(), average: totals.iter().map(|(_, average)| *average).collect() }
}

/// Scores the rows of a segment, and keeps in `found` those that have the words.
#[allow(clippy::too_many_arguments, reason = "one step of `rank`, cut out to fit a screen")]
fn score(
    head: &Head<Settings>,
    listed: &SegmentRef,
    segment: &Segment<'_>,
    plan: &Plan<'_>,
    words: &[Wanted],
    lists: &[List],
    weights: &Weights,
    found: &mut Bits,
) -> Result<Vec<f32>> {
    let Settings { k1, b, .. } = head.settings;
    let mut scores = vec![0.0f32; listed.rows as usize];
    // Which of the words each row has, a bit each.
    let mut has = vec![0u32; listed.rows as usize];
    for (at, field) in plan.fields.iter().enumerate() {
        let mut here = lists.iter().filter(|list| list.field == at).peekable();
        if here.peek().is_none() {
            continue;
        }
        let lengths = segment.lengths(field.number)?;
        let average = weights.average.get(at).copied().unwrap_or(1.0).max(1.0);
        for list in here {
            let weight = weights.word.get(list.word).and_then(|fields| fields.get(at)).copied().unwrap_or(0.0);
            let prefix = words.get(list.word).is_some_and(|wanted| wanted.prefix);
            let mut counted = Bits::new();
            for postings in &list.postings {
                postings.each(|posting| {
                    let row = posting.document as usize;
                    let (Some(score), Some(has)) = (scores.get_mut(row), has.get_mut(row)) else { return };
                    *has |= 1 << list.word;
                    if !prefix {
                        let length = lengths.get(row).copied().unwrap_or(0) as f32;
                        let count = posting.count as f32;
                        *score += weight * count * (k1 + 1.0) / (count + k1 * (1.0 - b + b * length / average));
                    } else if counted.insert(posting.document) {
                        *score += weight;
                    }
                })?;
            }
        }
    }
    let all = words.iter().zip(0..32).filter(|(wanted, _)| !wanted.bonus).fold(0, |all, (_, bit)| all | 1_u32 << bit);
    let must = words.iter().zip(0..32).filter(|(wanted, _)| wanted.must).fold(0, |all, (_, bit)| all | 1_u32 << bit);
    for (row, has) in (0..).zip(&has) {
        let fits = match plan.matching {
            _ if *has & must != must => false,
            Matching::Any => *has != 0,
            Matching::All => *has & all == all,
        };
        if !fits {
            found.remove(row);
        }
    }
    Ok(scores)
}

fn filter(segment: &Segment<'_>, plan: &Plan<'_>, found: &mut Bits) -> Result<()> {
    let Some(filter) = plan.filter.filter(|_| found.count() > 0) else { return Ok(()) };
    let mut columns = Vec::with_capacity(plan.filter_fields.len());
    for (name, number) in &plan.filter_fields {
        columns.push((*name, segment.column(*number)?));
    }
    let rows: Vec<u32> = found.iter().collect();
    for row in rows {
        if !filter.matches(&Row { columns: &columns, row }) {
            found.remove(row);
        }
    }
    Ok(())
}
