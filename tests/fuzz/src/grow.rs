//! Values of JSON that grow from a fuzzer's bytes with the words that a reader knows: plain text hardly ever gets past its
//! first check.

use serde_json::{Map, Value, json};

/// Nesting of what grows.
const DEPTH: usize = 6;
/// Members of an object, items of an array.
const WIDTH: u8 = 8;

/// The bytes that are left.
pub(crate) struct Soil<'a>(pub(crate) &'a [u8]);

impl Soil<'_> {
    /// The next byte; 0 for ever when there is none.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// One of these.
    pub(crate) fn word<'w>(&mut self, words: &[&'w str]) -> &'w str {
        let place = usize::from(self.byte()) % words.len().max(1);
        words.get(place).copied().unwrap_or_default()
    }

    /// Any value.
    pub(crate) fn value(&mut self, words: &[&str]) -> Value {
        self.deep(words, 0)
    }

    /// An object with some of these keys.
    pub(crate) fn object(&mut self, words: &[&str]) -> Map<String, Value> {
        self.members(words, 0)
    }

    fn deep(&mut self, words: &[&str], depth: usize) -> Value {
        match self.byte() % if depth < DEPTH { 8 } else { 6 } {
            0 => Value::Null,
            1 => json!(self.byte() & 1 == 1),
            2 => json!(self.byte()),
            3 => json!(u64::MAX - u64::from(self.byte())),
            4 => json!(-f64::from(self.byte()) / 3.0),
            5 => json!(self.word(words)),
            6 => (0..self.byte() % WIDTH).map(|_| self.deep(words, depth + 1)).collect(),
            _ => Value::Object(self.members(words, depth + 1)),
        }
    }

    fn members(&mut self, words: &[&str], depth: usize) -> Map<String, Value> {
        (0..self.byte() % WIDTH).map(|_| (self.word(words).to_owned(), self.deep(words, depth + 1))).collect()
    }
}
