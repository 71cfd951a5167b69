//! Phrases in documents: whether words of a query stand in a row.
//!
//! A phrase has to be in a document. The index has no positions: documents that have all of its words, and fit the rest of the
//! query, are read and looked through, [`MAX_PHRASE_BYTES`] of them at most.

use serde_json::{Map, Value};
use tandem_segments::bits::Bits;
use tandem_segments::{Error, Result};

use crate::analysis::{Kind, words};
use crate::document::{decode, texts};
use crate::parse::Phrase;
use crate::query::{Plan, Searched};
use crate::segment::Segment;
use crate::settings::MAX_PHRASE_BYTES;

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
