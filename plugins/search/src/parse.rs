//! The language of queries: words, `word*`, `"words in a row"`, and `field:` before any of them.

use std::ops::Range;

use tandem_segments::{Error, Result};

use crate::analysis::{Kind, words};
use crate::fields::of_kind;
use crate::settings::{FieldKind, MAX_WORDS, Settings};

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
    pub(crate) words: Range<usize>,
    /// The only field where it counts.
    pub(crate) field: Option<usize>,
}

/// A word of a query.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) word: String,
    /// Whether it stands for every term that begins with it.
    pub(crate) prefix: bool,
    /// Whether a document may lack it, since it has other words of the query instead.
    pub(crate) bonus: bool,
    /// Whether a document must have it, whatever else it has: it is of a phrase.
    pub(crate) must: bool,
    /// The only field where it counts.
    pub(crate) field: Option<usize>,
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
        no_exclusion(part, next)?;
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
    if is_name && inside.starts_with(['<', '>', '=', '[', '{']) && settings.field(name).is_some() {
        return Err(Error::invalid(format!(
            "`{part}`: a query compares no values: use `filter`, as {{\"op\": \"gt\", \"field\": \"{name}\", \"value\": …}}"
        )));
    }
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

/// Refuses `-word` and `word~`, as other languages have them: the words alone would find the opposite, or nothing. `-5` is a number.
fn no_exclusion(part: &str, next: &str) -> Result<()> {
    let excludes = part.strip_prefix('-').is_some_and(|after| match after.chars().next() {
        Some(first) => first.is_alphabetic(),
        None => next.starts_with(is_quote),
    });
    if excludes {
        return Err(Error::invalid(format!(
            "`{part}`: words cannot be excluded: leave it out, or use `filter` with `not` for keyword and number fields"
        )));
    }
    match part.split_once('~') {
        Some((word, _)) if word.ends_with(char::is_alphanumeric) => Err(Error::invalid(format!(
            "`{part}`: words are not matched by similar spelling; give the beginning of the word, as `{word}*`"
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
