//! Passages of a text around the words that a query matched.

use serde_json::{Map, Value};

use crate::analysis::{Analyzer, words};
use crate::document::texts;
use crate::query::Plan;

/// A passage is about as long as two lines on a screen.
const PASSAGE_BYTES: usize = 160;
/// What stands before its first match, at most.
const LEAD_BYTES: usize = 60;
/// Passages of one field.
const MAX_PASSAGES: usize = 2;

/// The passages of every searched field in which a word matched.
pub(crate) fn highlights(plan: &Plan<'_>, fields: &Map<String, Value>) -> Map<String, Value> {
    let mut found = Map::new();
    let wanted = plan.words.as_deref().unwrap_or_default();
    for field in &plan.fields {
        let here = wanted.iter().filter(|word| word.field.is_none_or(|number| number == field.number));
        let terms: Vec<(String, bool)> = here.map(|word| (field.term(word), word.prefix)).collect();
        let mut passages = Vec::new();
        for text in fields.get(field.name).into_iter().flat_map(texts) {
            passages.extend(cut(text, &matches(text, field.analyzer, &terms)));
        }
        passages.truncate(MAX_PASSAGES);
        if !passages.is_empty() {
            found.insert(field.name.to_owned(), passages.into());
        }
    }
    found
}

/// Where the words of a text are that match one of the terms.
fn matches(text: &str, analyzer: Analyzer, terms: &[(String, bool)]) -> Vec<(usize, usize)> {
    let fits = |word: &str| {
        let plain = analyzer.plain(word);
        let begins = terms.iter().any(|(wanted, prefix)| *prefix && plain.starts_with(wanted.as_str()));
        begins || {
            let term = analyzer.stem(plain);
            terms.iter().any(|(wanted, prefix)| !prefix && term == *wanted)
        }
    };
    let mut found: Vec<(usize, usize)> = Vec::new();
    // Passages hold so many words at most, whatever the text.
    for word in words(text).filter(|word| fits(word.text)).take(MAX_PASSAGES * PASSAGE_BYTES) {
        let end = word.start + word.text.len();
        match found.last_mut() {
            // Pairs of characters overlap: 東京 and 京都 are marked as 東京都.
            Some((_, last)) if word.start < *last => *last = end.max(*last),
            _ => found.push((word.start, end)),
        }
    }
    found
}

/// Cuts passages out of a text and marks the matches in them.
fn cut(text: &str, matches: &[(usize, usize)]) -> Vec<String> {
    let mut passages = Vec::new();
    let mut rest = matches;
    while let (Some((first, first_end)), true) = (rest.first(), passages.len() < MAX_PASSAGES) {
        let begin = word_start(text, first.saturating_sub(LEAD_BYTES), *first);
        let end = word_end(text, (begin + PASSAGE_BYTES).max(*first_end));
        let inside = rest.partition_point(|(_, match_end)| *match_end <= end).max(1);
        let (here, later) = rest.split_at(inside);
        passages.push(mark(text, begin, end, here));
        rest = later;
    }
    passages
}

fn mark(text: &str, begin: usize, end: usize, matches: &[(usize, usize)]) -> String {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let mut passage = String::with_capacity(end - begin + matches.len() * 9 + 6);
    if begin > 0 {
        passage.push('…');
    }
    let mut at = begin;
    for (start, stop) in matches {
        passage.extend([part(at, *start), "<em>", part(*start, *stop), "</em>"]);
        at = *stop;
    }
    passage.push_str(part(at, end));
    if end < text.len() {
        passage.push('…');
    }
    passage
}

/// The first start of a word from `at` on, at most `latest`.
fn word_start(text: &str, at: usize, latest: usize) -> usize {
    if at == 0 {
        return 0;
    }
    let at = text.floor_char_boundary(at);
    let space = text.get(at..latest).and_then(|lead| lead.char_indices().find(|(_, c)| c.is_whitespace()));
    space.map_or(latest, |(offset, c)| at + offset + c.len_utf8())
}

/// The last end of a word up to `at`, which is the end of the text or of a character.
fn word_end(text: &str, at: usize) -> usize {
    if at >= text.len() { text.len() } else { text.floor_char_boundary(at) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::settings::{Field, FieldKind, Language};

    fn passages(text: &str, language: Language, terms: &[(&str, bool)]) -> Vec<String> {
        let terms: Vec<(String, bool)> = terms.iter().map(|(term, prefix)| (term.to_string(), *prefix)).collect();
        let field = Field { name: String::new(), kind: FieldKind::Text, language };
        cut(text, &matches(text, Analyzer::new(&field), &terms))
    }

    #[test]
    fn matching_words_are_marked_by_their_stem() {
        let marked = passages("Runs, running and runners.", Language::English, &[("run", false)]);
        assert_eq!(marked, ["<em>Runs</em>, <em>running</em> and runners."]);
        let marked = passages("Runs, running and runners.", Language::None, &[("runn", true)]);
        assert_eq!(marked, ["Runs, <em>running</em> and <em>runners</em>."]);
        let marked = passages("新東京都庁", Language::None, &[("東京", false), ("京都", false), ("庁", false)]);
        assert_eq!(marked, ["新<em>東京都</em><em>庁</em>"]);
    }

    #[test]
    fn long_texts_are_cut_around_their_matches() {
        let text = format!("{} needle {} needle {}", "hay ".repeat(100), "hay ".repeat(100), "hay ".repeat(100));
        let marked = passages(&text, Language::None, &[("needle", false)]);
        assert_eq!(marked.len(), 2);
        for passage in marked {
            assert!(passage.starts_with("…hay") && passage.contains("<em>needle</em>") && passage.ends_with('…'));
            assert!(passage.len() < 200, "{passage}");
        }
    }

    proptest! {
        #[test]
        fn a_passage_without_its_marks_is_part_of_the_text(text in "[a-c é東\\n]{0,400}") {
            for passage in passages(&text, Language::None, &[("a", true), ("東", false)]) {
                let bare = passage.replace("<em>", "").replace("</em>", "").replace('…', "");
                prop_assert!(text.contains(&bare), "{:?}", passage);
                prop_assert!(passage.contains("<em>"));
            }
        }
    }
}
