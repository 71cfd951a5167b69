//! Queries: what they ask for, and whether they may.

use tandem_segments::filter::Filter;
use tandem_segments::{Error, Result};

use crate::analysis::Analyzer;
use crate::fields::{known, of_kind};
use crate::model::{Matching, SearchField};
use crate::parse::{Parsed, Phrase, Wanted, parse};
use crate::settings::{FieldKind, MAX_FACET_VALUES, MAX_FACETS, MAX_HITS, MAX_LISTS, MAX_OFFSET, Settings};

/// A boost beyond this drowns everything else.
const MAX_BOOST: f32 = 1000.0;

/// What a client asks for.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// None: all documents that fit the filter.
    pub(crate) query: Option<String>,
    /// None: all text fields.
    pub(crate) fields: Option<Vec<SearchField>>,
    pub(crate) matching: Matching,
    pub(crate) filter: Option<Filter>,
    pub(crate) facets: Vec<String>,
    pub(crate) facet_size: u32,
    pub(crate) highlight: bool,
    pub(crate) return_fields: Option<Vec<String>>,
    pub(crate) limit: u32,
    pub(crate) offset: u32,
}

/// A query that fits its index.
pub(crate) struct Plan<'s> {
    /// None: all documents.
    pub(crate) words: Option<Vec<Wanted>>,
    /// What has to stand in a document as it is written.
    pub(crate) phrases: Vec<Phrase>,
    pub(crate) fields: Vec<Searched<'s>>,
    pub(crate) matching: Matching,
    pub(crate) filter: Option<&'s Filter>,
    /// The fields that the filter needs, with their numbers.
    pub(crate) filter_fields: Vec<(&'s str, usize)>,
    pub(crate) facets: Vec<(&'s str, usize)>,
}

/// A field that is searched.
pub(crate) struct Searched<'s> {
    pub(crate) name: &'s str,
    pub(crate) number: usize,
    pub(crate) boost: f32,
    pub(crate) analyzer: Analyzer,
}

impl Searched<'_> {
    /// The term that a wanted word is in this field.
    pub(crate) fn term(&self, wanted: &Wanted) -> String {
        // The beginning of a word has no stem.
        if wanted.prefix { self.analyzer.plain(&wanted.word) } else { self.analyzer.term(&wanted.word) }
    }
}

impl<'s> Plan<'s> {
    pub(crate) fn new(settings: &'s Settings, search: &'s Search) -> Result<Self> {
        check_numbers(search)?;
        let (words, phrases) = match search.query.as_deref().map(|query| parse(settings, query)).transpose()? {
            Some(Parsed { words, phrases }) => (Some(words), phrases),
            None => (None, Vec::new()),
        };
        let fields = searched(settings, search.fields.as_deref())?;
        if let Some(word) = words
            .iter()
            .flatten()
            .find(|word| word.field.is_some_and(|number| fields.iter().all(|field| field.number != number)))
        {
            let name = word.field.and_then(|number| settings.fields.get(number)).map_or("", |field| &field.name);
            return Err(Error::invalid(format!("`{name}:` is in the query and not among the `fields` to search")));
        }
        let lists = words.as_ref().map_or(0, Vec::len) * fields.len();
        if words.is_some() && fields.is_empty() {
            return Err(Error::invalid("there is no text field to search; leave `query` out and use `filter`"));
        }
        if lists > MAX_LISTS {
            return Err(Error::invalid(format!(
                "words times fields are {lists}; use at most {MAX_LISTS}: fewer words, or name the `fields` to search"
            )));
        }
        let facets = search.facets.iter().map(|name| {
            let number = of_kind(settings, name, &[FieldKind::Keyword], "a facet")?;
            Ok((name.as_str(), number))
        });
        let plan = Self {
            words,
            phrases,
            fields,
            matching: search.matching,
            filter: search.filter.as_ref(),
            filter_fields: filter_fields(settings, search.filter.as_ref())?,
            facets: facets.collect::<Result<_>>()?,
        };
        for name in search.return_fields.iter().flatten() {
            known(settings, name)?;
        }
        Ok(plan)
    }
}

fn check_numbers(search: &Search) -> Result<()> {
    if !(1..=MAX_HITS).contains(&search.limit) || search.offset > MAX_OFFSET {
        return Err(Error::invalid(format!("`limit` goes from 1 to {MAX_HITS} and `offset` to {MAX_OFFSET}")));
    }
    if search.facets.len() > MAX_FACETS || !(1..=MAX_FACET_VALUES).contains(&search.facet_size) {
        return Err(Error::invalid(format!(
            "use at most {MAX_FACETS} facets, and a `facet_size` from 1 to {MAX_FACET_VALUES}"
        )));
    }
    Ok(())
}

fn searched<'s>(settings: &'s Settings, fields: Option<&'s [SearchField]>) -> Result<Vec<Searched<'s>>> {
    let of = |number: usize, boost| {
        let field = settings.fields.get(number)?;
        Some(Searched { name: &field.name, number, boost, analyzer: Analyzer::new(field) })
    };
    let Some(fields) = fields else {
        let texts = settings.fields.iter().enumerate().filter(|(_, field)| field.kind.is_text());
        return Ok(texts.filter_map(|(number, _)| of(number, 1.0)).collect());
    };
    let mut chosen: Vec<Searched<'_>> = Vec::with_capacity(fields.len());
    for field in fields {
        if !(field.boost > 0.0 && field.boost <= MAX_BOOST) {
            return Err(Error::invalid(format!(
                "the boost of `{}` is {}; use more than 0 and at most {MAX_BOOST}",
                field.name, field.boost
            )));
        }
        if chosen.iter().any(|other| other.name == field.name) {
            return Err(Error::invalid(format!("the field `{}` is to be searched twice", field.name)));
        }
        let number = of_kind(settings, &field.name, &[FieldKind::Text, FieldKind::Folded], "a searched field")?;
        chosen.extend(of(number, field.boost));
    }
    Ok(chosen)
}

fn filter_fields<'s>(settings: &'s Settings, filter: Option<&Filter>) -> Result<Vec<(&'s str, usize)>> {
    let mut fields: Vec<(&str, usize)> = Vec::new();
    if let Some(filter) = filter {
        filter.check(&mut |name| {
            let number = of_kind(settings, name, &[FieldKind::Keyword, FieldKind::Number], "a filtered field")?;
            let field = settings.fields.get(number).filter(|_| fields.iter().all(|(_, other)| *other != number));
            fields.extend(field.map(|field| (field.name.as_str(), number)));
            Ok(())
        })?;
    }
    Ok(fields)
}
