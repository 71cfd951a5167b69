//! Cuts a text into pieces that fit a chunk: at the ends of blocks, where these are too long of sentences, then of words.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::{
    fault::{Fault, Result},
    limits::{MAX_PIECES, MAX_WORD_BYTES},
    measure::Measure,
    watch::Watch,
};

/// What a piece ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Section,
    Block,
    Sentence,
    Word,
    Character,
}

/// A piece and its length.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) range: Range<usize>,
    pub(crate) length: usize,
}

pub(crate) struct Cutter<'a> {
    pub(crate) text: &'a str,
    /// Where blocks begin.
    pub(crate) blocks: &'a [usize],
    pub(crate) measure: &'a Measure,
    /// The longest piece.
    pub(crate) size: usize,
    /// The level that is cut to, whatever fits.
    pub(crate) level: Level,
    pub(crate) watch: &'a Watch<'a>,
}

impl Cutter<'_> {
    /// The pieces of a section, in order.
    pub(crate) fn cut(&self, section: Range<usize>) -> Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        // What is left to cut, the first on top.
        let mut left = vec![(section, Level::Section)];
        while let Some((range, level)) = left.pop() {
            let text = self.text.get(range.clone()).unwrap_or_default();
            if text.trim().is_empty() {
                continue;
            }
            if level >= self.level {
                let whole = level < Level::Word || text.len() <= MAX_WORD_BYTES;
                let length = if whole { self.measure.of(text)? } else { usize::MAX };
                // A character may be several tokens: that is as short as a piece gets.
                if length <= self.size || text.chars().nth(1).is_none() {
                    pieces.push(Piece { range, length });
                    self.watch.tick(pieces.len() as u64, "pieces")?;
                    if pieces.len() > MAX_PIECES {
                        return Err(Fault::Limit(format!(
                            "the text has more than {MAX_PIECES} pieces: split the text"
                        )));
                    }
                    continue;
                }
            }
            let (ends, level) = self.finer(&range, text, level);
            let begins = std::iter::once(range.start).chain(ends.iter().copied());
            let parts: Vec<_> = begins.zip(ends.iter().copied()).map(|(begin, end)| (begin..end, level)).collect();
            left.extend(parts.into_iter().rev());
        }
        Ok(pieces)
    }

    /// Where the parts of a piece end, and what they are.
    fn finer(&self, range: &Range<usize>, text: &str, level: Level) -> (Vec<usize>, Level) {
        let offset = |ends: Vec<usize>| ends.into_iter().map(|end| range.start + end).collect();
        match level {
            Level::Section => {
                let from = self.blocks.partition_point(|start| *start <= range.start);
                let to = self.blocks.partition_point(|start| *start < range.end);
                let mut ends = self.blocks.get(from..to).unwrap_or_default().to_vec();
                ends.push(range.end);
                (ends, Level::Block)
            }
            Level::Block => (offset(sentence_ends(text)), Level::Sentence),
            Level::Sentence => (offset(word_ends(text)), Level::Word),
            Level::Word | Level::Character => {
                let half = text.floor_char_boundary(text.len() / 2);
                let half = if half == 0 { text.chars().next().map_or(0, char::len_utf8) } else { half };
                (offset(vec![half, text.len()]), Level::Character)
            }
        }
    }
}

/// Where sentences end, by UAX #29. A line end inside of a paragraph ends none where the next line begins with a letter.
fn sentence_ends(text: &str) -> Vec<usize> {
    let mut flat = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let goes_on = lines.peek().and_then(|next| next.chars().next()).is_some_and(char::is_alphabetic);
        match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
            (Some(line), _) if goes_on => flat.extend([line, "  "]),
            (None, Some(line)) if goes_on => flat.extend([line, " "]),
            _ => flat.push_str(line),
        }
    }
    flat.split_sentence_bound_indices().map(|(at, sentence)| at + sentence.len()).collect()
}

/// Where words end, with the space and the signs after them.
fn word_ends(text: &str) -> Vec<usize> {
    let starts = word_starts(text);
    starts.into_iter().skip(1).chain([text.len()]).collect()
}

/// Where words begin, and the text.
pub(crate) fn word_starts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let mut space = false;
    for (at, part) in text.split_word_bound_indices() {
        let is_space = part.chars().all(char::is_whitespace);
        // Between two words without a space, as in Chinese, is a place to cut too.
        let is_word = part.chars().any(char::is_alphanumeric);
        if at > 0 && !is_space && (space || is_word) {
            starts.push(at);
        }
        space = is_space;
    }
    starts
}
