//! The words of a text, and how rare they are in a collection.

use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

use crate::{
    fault::{Fault, Result},
    limits::{MAX_TERMS, MAX_TERMS_BYTES, MAX_WORD_BYTES},
};

/// The words of a text by UAX #29, in lower case: those that have a letter or a digit, and no more than 256 bytes.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words().filter(|word| word.len() <= MAX_WORD_BYTES).map(str::to_lowercase)
}

/// How many documents of a collection have each word.
#[derive(Default)]
pub(crate) struct Statistics {
    having: HashMap<String, u32>,
    bytes: usize,
    pub(crate) documents: u64,
    words: u64,
}

impl Statistics {
    /// Counts a document.
    pub(crate) fn add(&mut self, text: &str) -> Result<()> {
        let mut seen = HashSet::new();
        for word in words(text) {
            self.words += 1;
            if !seen.insert(word.clone()) {
                continue;
            }
            if let Some(count) = self.having.get_mut(&word) {
                *count = count.saturating_add(1);
                continue;
            }
            self.bytes += word.len();
            if self.having.len() >= MAX_TERMS || self.bytes > MAX_TERMS_BYTES {
                return Err(Fault::Limit(format!(
                    "the collection has more than {MAX_TERMS} different words, or {MAX_TERMS_BYTES} bytes of them: split it"
                )));
            }
            self.having.insert(word, 1);
        }
        self.documents += 1;
        Ok(())
    }

    /// Different words.
    pub(crate) fn terms(&self) -> usize {
        self.having.len()
    }

    /// Words of a document, on average.
    pub(crate) fn average(&self) -> f64 {
        self.words as f64 / self.documents.max(1) as f64
    }

    /// How rare a word is: `ln(1 + (N - n + 0.5) / (n + 0.5))` for `n` documents of `N` that have it.
    fn rarity(&self, word: &str) -> f64 {
        let having = f64::from(self.having.get(word).copied().unwrap_or(0));
        ((self.documents as f64 - having + 0.5) / (having + 0.5)).max(0.0).ln_1p()
    }

    /// The BM25 weights of the words of a text, the heaviest first.
    pub(crate) fn weigh(&self, text: &str, k1: f64, b: f64) -> Vec<(String, f32)> {
        let (mut counts, mut length) = (HashMap::<String, u32>::new(), 0_u64);
        for word in words(text) {
            *counts.entry(word).or_default() += 1;
            length += 1;
        }
        let norm = k1 * (1.0 - b + b * length as f64 / self.average().max(f64::MIN_POSITIVE));
        let weight = |count: u32| f64::from(count) * (k1 + 1.0) / (f64::from(count) + norm);
        let weights = counts.into_iter().map(|(word, count)| {
            let weight = self.rarity(&word) * weight(count);
            (word, weight as f32)
        });
        let mut weights: Vec<_> = weights.collect();
        weights.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        weights
    }
}
