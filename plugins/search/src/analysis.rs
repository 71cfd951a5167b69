//! From text to terms.
//!
//! Words are cut by the rules of Unicode (UAX #29), brought to lower case and, where the field has a language, to
//! their Snowball stem. A word of more than [`MAX_WORD_BYTES`] is no word (encoded data, mostly) and is left out.

use frostem::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

use crate::settings::Language;

/// The longest word of any language we know of is shorter.
pub(crate) const MAX_WORD_BYTES: usize = 256;

/// Cuts texts into terms.
#[derive(Clone, Copy)]
pub(crate) struct Analyzer {
    stemmer: Option<Stemmer>,
}

/// A word of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word<'t> {
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// As it stands.
    pub(crate) text: &'t str,
}

/// The words of a text.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let words = text.unicode_word_indices().map(|(start, text)| Word { start, text });
    words.filter(|word| word.text.len() <= MAX_WORD_BYTES)
}

impl Analyzer {
    pub(crate) fn new(language: Language) -> Self {
        let algorithm = match language {
            Language::None => None,
            Language::Dutch => Some(Algorithm::DutchPorter),
            Language::English => Some(Algorithm::English),
            Language::French => Some(Algorithm::French),
            Language::German => Some(Algorithm::German),
            Language::Italian => Some(Algorithm::Italian),
            Language::Portuguese => Some(Algorithm::Portuguese),
            Language::Russian => Some(Algorithm::Russian),
            Language::Spanish => Some(Algorithm::Spanish),
            Language::Swedish => Some(Algorithm::Swedish),
        };
        Self { stemmer: algorithm.map(Stemmer::new) }
    }

    /// The term of a word.
    pub(crate) fn term(&self, word: &str) -> String {
        let lower = word.to_lowercase();
        match &self.stemmer {
            None => lower,
            Some(stemmer) => stemmer.stem(&lower).into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_by_the_rules_of_unicode() {
        let found: Vec<_> = words("Don't panic: 3.14 — naïve, 東京!").map(|word| word.text).collect();
        assert_eq!(found, ["Don't", "panic", "3.14", "naïve", "東", "京"]);
        let long = format!("a {} b", "x".repeat(MAX_WORD_BYTES + 1));
        assert_eq!(words(&long).count(), 2);
    }

    #[test]
    fn terms_are_lower_case_stems() {
        for (language, word, term) in [
            (Language::None, "Running", "running"),
            (Language::English, "Running", "run"),
            (Language::German, "Häuser", "haus"),
            (Language::French, "Continuellement", "continuel"),
            (Language::Spanish, "corriendo", "corr"),
        ] {
            assert_eq!(Analyzer::new(language).term(word), term, "{language:?}");
        }
    }
}
