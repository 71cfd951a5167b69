//! The language of queries: words, `word*`, `"words in a row"`, and `field:` before any of them.
//!
//! A phrase has to be in a document. The index has no positions: documents that have all of its words, and fit the rest of the
//! query, are read and looked through, [`MAX_PHRASE_BYTES`] of them at most.

use std::ops::Range;

use serde_json::{Map, Value};
use tandem_segments::bits::Bits;
use tandem_segments::{Error, Result};

use crate::analysis::{Kind, words};
use crate::document::{decode, texts};
use crate::query::{Plan, Searched, Wanted, of_kind};
use crate::segment::Segment;
use crate::settings::{FieldKind, MAX_PHRASE_BYTES, MAX_WORDS, Settings};

/// The longest query text; [`MAX_WORDS`] long words fit.
const MAX_QUERY_BYTES: usize = 4096;

/// A query in its parts.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) words: Vec<Wanted>,
    pub(crate) phrases: Vec<Phrase>,
}

/// Words in a row.
#[derive(Debug)]
pub(crate) struct Phrase {
    /// Which words of the query.
    words: Range<usize>,
    field: Option<usize>,
}

/// Reads a query.
pub(crate) fn parse(settings: &Settings, query: &str) -> Result<Parsed> {
    if query.len() > MAX_QUERY_BYTES {
        return Err(Error::invalid(format!("the query has {} bytes; use at most {MAX_QUERY_BYTES}", query.len())));
    }
    let mut parsed = Parsed { words: Vec::new(), phrases: Vec::new() };
    let mut rest = query;
    let mut field = None;
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        if is_quote(first)
            && let Some((inside, next)) = after.split_once(is_quote)
        {
            parsed.phrase(inside, field.take());
            rest = next;
            continue;
        }
        if first.is_whitespace() || is_quote(first) {
            (field, rest) = (None, after);
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || is_quote(c)).unwrap_or(rest.len());
        let (part, next) = rest.split_at(end);
        if field.is_none()
            && let Some((name, inside)) = named_field(settings, part, next)?
        {
            field = Some(name);
            rest = rest.get(part.len() - inside.len()..).unwrap_or_default();
            continue;
        }
        only_trailing_star(part)?;
        parsed.add(part, field.take(), false);
        rest = next;
    }
    if parsed.words.is_empty() || parsed.words.len() > MAX_WORDS {
        return Err(Error::invalid(format!(
            "the query has {} words; use 1 to {MAX_WORDS}, or leave it out to get all documents",
            parsed.words.len()
        )));
    }
    Ok(parsed)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}')
}

/// The field that `part` begins with, as `title:`, and what follows.
fn named_field<'q>(settings: &Settings, part: &'q str, next: &str) -> Result<Option<(usize, &'q str)>> {
    let Some((name, inside)) = part.split_once(':') else { return Ok(None) };
    let is_name = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
    let says_something =
        inside.chars().next().map_or(next.starts_with(is_quote), |c| c.is_alphanumeric() || is_quote(c));
    if !is_name || !says_something {
        return Ok(None);
    }
    if settings.field(name).is_none() {
        let texts = settings.fields.iter().filter(|field| field.kind.is_text()).map(|field| field.name.as_str());
        return Err(Error::invalid(format!(
            "`{name}:` names no field of the index; its text fields are `{}`. Put a space after the colon to search for `{name}` as a \
             word",
            texts.collect::<Vec<_>>().join("`, `")
        )));
    }
    let wanted = [FieldKind::Text, FieldKind::Folded];
    let number = of_kind(settings, name, &wanted, "what `field:` searches").map_err(|error| {
        Error::invalid(format!(
            "{error}: use `filter` for others, as {{\"op\": \"eq\", \"field\": \"{name}\", \"value\": …}}"
        ))
    })?;
    Ok(Some((number, inside)))
}

/// Refuses `*word` and `wo*rd`: terms are found by how they begin, and a star that stood for nothing would find nothing.
fn only_trailing_star(part: &str) -> Result<()> {
    match part.split_once('*') {
        Some((_, after)) if after.contains(char::is_alphanumeric) => Err(Error::invalid(format!(
            "`{part}`: `*` stands for the rest of a word and goes at its end, as `{}*`; in quotes it is no sign",
            after.trim_matches(|c: char| !c.is_alphanumeric())
        ))),
        _ => Ok(()),
    }
}

impl Parsed {
    fn add(&mut self, text: &str, field: Option<usize>, must: bool) {
        let wanted = words(text).filter(|word| word.kind != Kind::Part && !(must && word.kind == Kind::Whole));
        self.words.extend(wanted.map(|word| {
            let after = text.get(word.start + word.text.len()..).unwrap_or_default();
            let prefix = !must && after.starts_with('*');
            Wanted { word: word.text.to_owned(), prefix, bonus: word.kind == Kind::Whole, must, field }
        }));
    }

    fn phrase(&mut self, text: &str, field: Option<usize>) {
        let start = self.words.len();
        self.add(text, field, true);
        let words = start..self.words.len();
        if words.len() > 1 {
            self.phrases.push(Phrase { words, field });
        }
    }
}

/// Leaves in `found` only rows that have all phrases. `read` counts the bytes of documents over all segments.
pub(crate) fn keep(segment: &Segment<'_>, plan: &Plan<'_>, found: &mut Bits, read: &mut usize) -> Result<()> {
    if plan.phrases.is_empty() || found.count() == 0 {
        return Ok(());
    }
    let mut documents = segment.documents();
    let rows: Vec<u32> = found.iter().collect();
    for row in rows {
        let stored = documents.row(row)?;
        *read += stored.len();
        if *read > MAX_PHRASE_BYTES {
            return Err(Error::invalid(format!(
                "the words of the phrase are in more than {} MiB of documents; add rarer words, or a filter",
                MAX_PHRASE_BYTES >> 20
            )));
        }
        let fields = decode(stored)?;
        if !plan.phrases.iter().all(|phrase| phrase.is_in(plan, &fields)) {
            found.remove(row);
        }
    }
    Ok(())
}

impl Phrase {
    fn is_in(&self, plan: &Plan<'_>, fields: &Map<String, Value>) -> bool {
        let wanted = plan.words.as_deref().and_then(|words| words.get(self.words.clone())).unwrap_or_default();
        let mut searched = plan.fields.iter().filter(|field| self.field.is_none_or(|number| number == field.number));
        searched.any(|field| {
            let terms: Vec<String> = wanted.iter().map(|word| field.term(word)).collect();
            fields.get(field.name).into_iter().flat_map(texts).any(|text| has_in_a_row(field, text, &terms))
        })
    }
}

fn has_in_a_row(field: &Searched<'_>, text: &str, wanted: &[String]) -> bool {
    let own: Vec<String> =
        words(text).filter(|word| word.kind == Kind::Word).map(|word| field.analyzer.term(word.text)).collect();
    own.windows(wanted.len().max(1)).any(|window| window == wanted)
}
