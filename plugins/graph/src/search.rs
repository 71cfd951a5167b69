//! Finds entities by words.

use serde_json::Value;
use tandem_sdk::prelude::*;

use crate::graph::{Graph, nearest, shortened};
use crate::limits::{MAX_ANSWER_BYTES, MAX_NEIGHBOURS, MAX_SEARCH_WORDS};
use crate::model::{Entity, Field, Found, Hit, Neighbour};
use crate::neighbours::{Direction, Links, Steps};

/// Characters of a word below which it must be equal: parts of short words are in too many others.
const MIN_PART: usize = 4;
/// Characters of a text around the first word that is shown of it.
const SNIPPET: usize = 160;
/// What a word counts for in each field: a name says more than a text.
const WEIGHTS: [(Field, f64); 4] =
    [(Field::Name, 3.0), (Field::Type, 1.5), (Field::Property, 1.0), (Field::Observation, 1.0)];
/// What a name counts for that has all the words and no other.
const WHOLE_NAME: f64 = 4.0;

/// What is searched for.
pub(crate) struct Request<'a> {
    pub(crate) query: &'a str,
    pub(crate) kind: Option<&'a str>,
    pub(crate) depth: u32,
    pub(crate) limit: usize,
    pub(crate) cursor: Option<&'a str>,
}

/// An entity with how well each word fits each of its fields.
struct Candidate<'g> {
    entity: &'g Entity,
    fits: [Vec<f64>; WEIGHTS.len()],
    whole: bool,
}

/// The entities that have words of the query, the best first.
pub(crate) fn search(ctx: &Ctx, graph: &Graph, request: &Request<'_>) -> Result<Found> {
    let wanted = query_words(request.query)?;
    let skip = match request.cursor {
        None => 0,
        Some(cursor) => cursor
            .parse::<usize>()
            .map_err(|_| Error::invalid_arguments("`cursor` is not a `next_cursor` of a page before"))?,
    };
    let mut candidates = Vec::new();
    let mut steps = Steps::new(ctx);
    for entity in graph.entities.values().filter(|entity| request.kind.is_none_or(|kind| entity.kind == kind)) {
        for _ in 0..=entity.observations.len() {
            steps.step()?;
        }
        candidates.extend(candidate(entity, &wanted));
    }
    let mut ranked = rank(&candidates, wanted.len(), graph.entities.len());
    let total = ranked.len();
    let suggestion = if total == 0 { nearest(request.query, graph.entities.keys().map(String::as_str)) } else { None };
    let page: Vec<(f64, &Candidate<'_>)> = ranked.drain(..).skip(skip).take(request.limit).collect();
    let links = Links::of(graph, Direction::Any, &[]);
    let (mut hits, mut bytes) = (Vec::new(), 0);
    for (score, candidate) in page {
        let hit = hit(ctx, graph, &links, candidate, score, &wanted, request.depth)?;
        bytes += serde_json::to_vec(&hit)?.len();
        if bytes > MAX_ANSWER_BYTES && !hits.is_empty() {
            break;
        }
        hits.push(hit);
    }
    let next = skip.saturating_add(hits.len());
    let next_cursor = (next < total).then(|| next.to_string());
    Ok(Found { hits, total: total as u64, suggestion: suggestion.map(str::to_owned), next_cursor })
}

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn query_words(query: &str) -> Result<Vec<Word>> {
    let lower = query.to_lowercase();
    let mut found: Vec<Word> = Vec::new();
    for word in words(&lower) {
        if found.iter().all(|other| other.text != word) {
            found.push(Word { text: word.to_owned(), part: is_long(word) || !word.is_ascii() });
        }
    }
    if found.is_empty() {
        return Err(Error::invalid_arguments(
            "`query` has no word: give letters or digits, as `chess`, or list entities by `graph_get`",
        ));
    }
    if found.len() > MAX_SEARCH_WORDS {
        return Err(Error::invalid_arguments(format!(
            "`query` has {} different words; the bound is {MAX_SEARCH_WORDS}: give the words that matter",
            found.len()
        )));
    }
    Ok(found)
}

/// A word of the query.
struct Word {
    text: String,
    /// Whether parts of words fit it. Languages without spaces have words of one character.
    part: bool,
}

fn is_long(word: &str) -> bool {
    word.chars().nth(MIN_PART - 1).is_some()
}

/// How well words of the query fit a text in lower case: 1 where one is a word of it, less where it is a part of one or has one as its
/// beginning. Each of `best` is raised to it.
fn fit(text: &str, wanted: &[Word], best: &mut [f64]) {
    for other in words(text) {
        for (word, best) in wanted.iter().zip(best.iter_mut()).filter(|(_, best)| **best < 1.0) {
            let word_text = word.text.as_str();
            if other == word_text {
                *best = 1.0;
            } else if *best < 0.6
                && ((word.part && other.starts_with(word_text)) || (word_text.starts_with(other) && is_long(other)))
            {
                *best = 0.6;
            } else if *best < 0.3 && word.part && other.len() > word_text.len() && other.contains(word_text) {
                *best = 0.3;
            }
        }
    }
}

fn candidate<'g>(entity: &'g Entity, wanted: &[Word]) -> Option<Candidate<'g>> {
    let mut fits = [(); WEIGHTS.len()].map(|()| vec![0.0_f64; wanted.len()]);
    let name = entity.name.to_lowercase();
    let mut look = |field: Field, text: &str| {
        let at = WEIGHTS.iter().position(|(other, _)| *other == field);
        if let Some(best) = at.and_then(|at| fits.get_mut(at)) {
            fit(text, wanted, best);
        }
    };
    look(Field::Name, &name);
    look(Field::Type, &entity.kind.to_lowercase());
    for (property, value) in &entity.properties {
        look(Field::Property, &format!("{property} {}", plain(value)).to_lowercase());
    }
    for observation in &entity.observations {
        look(Field::Observation, &observation.text.to_lowercase());
    }
    let any = fits.iter().flatten().any(|fit| *fit > 0.0);
    let whole = words(&name).eq(wanted.iter().map(|word| word.text.as_str()));
    any.then_some(Candidate { entity, fits, whole })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The candidates with their scores: for each word its best field, weighed by how few entities have the word.
fn rank<'c, 'g>(candidates: &'c [Candidate<'g>], words: usize, entities: usize) -> Vec<(f64, &'c Candidate<'g>)> {
    let of_word = |candidate: &Candidate<'_>, word: usize| {
        let weighed = candidate
            .fits
            .iter()
            .zip(WEIGHTS)
            .map(|(fits, (_, weight))| fits.get(word).copied().unwrap_or_default() * weight);
        weighed.fold(0.0, f64::max)
    };
    let rarity = |word: usize| {
        let with = candidates.iter().filter(|candidate| of_word(candidate, word) > 0.0).count();
        (1.0 + entities as f64 / (with as f64 + 1.0)).ln()
    };
    let rarity: Vec<f64> = (0..words).map(rarity).collect();
    let score = |candidate: &Candidate<'_>| {
        let sum: f64 = rarity.iter().enumerate().map(|(word, rarity)| of_word(candidate, word) * rarity).sum();
        if candidate.whole { sum + WHOLE_NAME } else { sum }
    };
    let mut ranked: Vec<_> = candidates.iter().map(|candidate| (score(candidate), candidate)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.entity.name.cmp(&b.1.entity.name)));
    ranked
}

fn hit(
    ctx: &Ctx,
    graph: &Graph,
    links: &Links<'_>,
    candidate: &Candidate<'_>,
    score: f64,
    wanted: &[Word],
    depth: u32,
) -> Result<Hit> {
    let entity = candidate.entity;
    let matched = WEIGHTS.iter().zip(&candidate.fits).filter(|(_, fits)| fits.iter().any(|fit| *fit > 0.0));
    let matched: Vec<Field> = matched.map(|((field, _), _)| *field).collect();
    let best = entity.observations.iter().map(|observation| (&observation.text, fits(&observation.text, wanted)));
    let best = best.filter(|(_, fit)| *fit > 0.0).reduce(|best, other| if other.1 > best.1 { other } else { best });
    let starts = graph.entities.get_key_value(&entity.name).map(|(name, _)| vec![name.as_str()]).unwrap_or_default();
    let (reached, more_neighbours) = links.around(ctx, &starts, depth, MAX_NEIGHBOURS)?;
    let neighbours = reached.into_iter().map(|reached| Neighbour {
        name: reached.name.to_owned(),
        kind: graph.entities.get(reached.name).map(|entity| entity.kind.clone()).unwrap_or_default(),
        distance: reached.distance,
        by: reached.by.1.clone(),
        from: reached.by.0.clone(),
        to: reached.by.2.clone(),
    });
    Ok(Hit {
        name: entity.name.clone(),
        kind: entity.kind.clone(),
        score: (score * 1000.0).round() / 1000.0,
        matched,
        observation: best.map(|(text, _)| snippet(text, wanted)),
        neighbours: neighbours.collect(),
        more_neighbours,
    })
}

fn fits(text: &str, wanted: &[Word]) -> f64 {
    let mut best = vec![0.0; wanted.len()];
    fit(&text.to_lowercase(), wanted, &mut best);
    best.iter().sum()
}

/// The part of a text with the first word of the query in it.
fn snippet(text: &str, wanted: &[Word]) -> String {
    let characters = text.chars().count();
    if characters <= SNIPPET {
        return text.to_owned();
    }
    let word = words(text).find(|word| fits(word, wanted) > 0.0).unwrap_or_default();
    // Where the word begins, in characters, and some of them before.
    let at = text.find(word).and_then(|at| text.get(..at)).map_or(0, |before| before.chars().count());
    let from = at.saturating_sub(SNIPPET / 4);
    let part: String = text.chars().skip(from).take(SNIPPET).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if from + SNIPPET < characters { "…" } else { "" };
    format!("{before}{part}{after}")
}

/// Refuses a type that no entity has.
pub(crate) fn check_type(graph: &Graph, kind: Option<&str>) -> Result<()> {
    let Some(kind) = kind.filter(|kind| graph.entities.values().all(|entity| entity.kind != *kind)) else {
        return Ok(());
    };
    let near = nearest(kind, graph.entities.values().map(|entity| entity.kind.as_str()));
    let near = near.map_or_else(
        || "`graph_get` lists entities with their types".to_owned(),
        |near| format!("did you mean `{}`?", shortened(near)),
    );
    Err(Error::not_found(format!("`type`: no entity is of the type `{}`; {near}", shortened(kind))))
}
