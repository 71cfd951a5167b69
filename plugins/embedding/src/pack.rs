//! Packs pieces into chunks that overlap.

use std::ops::Range;

use crate::{
    fault::{Fault, Result},
    limits::MAX_CHUNKS,
    measure::Measure,
    pieces::{Piece, word_starts},
};

pub(crate) struct Packer<'a> {
    pub(crate) text: &'a str,
    pub(crate) measure: &'a Measure,
    pub(crate) size: usize,
    pub(crate) overlap: usize,
    pub(crate) chunks: Vec<Range<usize>>,
}

impl Packer<'_> {
    /// Adds the chunks of a section: each begins with the end of the one before, as much as `overlap` says and there is room for.
    pub(crate) fn pack(&mut self, pieces: &[Piece]) -> Result<()> {
        let mut rest = pieces;
        let mut before: Option<Range<usize>> = None;
        while let Some((first, _)) = rest.split_first() {
            let room = self.overlap.min(self.size.saturating_sub(first.length));
            let mut start = before.map_or(Ok(first.range.start), |before| self.tail(&before, room))?;
            if self.length(start..first.range.end)? > self.size {
                start = first.range.start;
            }
            let taken = self.most(start, rest)?;
            let end = rest.get(taken - 1).map_or(first.range.end, |piece| piece.range.end);
            self.push(start..end)?;
            before = Some(start..end);
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// How many pieces fit a chunk that begins at `start`, at least one. Tokens of pieces together may be more or fewer than their
    /// sum, which is where the search begins.
    fn most(&self, start: usize, pieces: &[Piece]) -> Result<usize> {
        let (mut fits, mut too_many) = (1, pieces.len() + 1);
        let (mut step, mut found_low, mut found_high) = (1, false, false);
        let mut probe = self.guess(start, pieces)?;
        while too_many - fits > 1 {
            probe = probe.clamp(fits + 1, too_many - 1);
            let end = pieces.get(probe - 1).map_or(start, |piece| piece.range.end);
            if self.length(start..end)? <= self.size {
                (fits, found_low) = (probe, true);
            } else {
                (too_many, found_high) = (probe, true);
            }
            probe = match (found_low, found_high) {
                (true, true) => fits.midpoint(too_many),
                (true, false) => fits.saturating_add(step),
                _ => too_many.saturating_sub(step),
            };
            step *= 2;
        }
        Ok(fits)
    }

    /// How many pieces fit by the sum of their lengths.
    fn guess(&self, start: usize, pieces: &[Piece]) -> Result<usize> {
        let space = usize::from(matches!(self.measure, Measure::Characters));
        let begin = pieces.first().map_or(start, |piece| piece.range.start);
        let mut sum = self.length(start..begin)?;
        let fitting = pieces.iter().take_while(|piece| {
            sum = sum.saturating_add(piece.length).saturating_add(space);
            sum <= self.size
        });
        Ok(fitting.count())
    }

    /// Where the end of a chunk begins that is at most `room` long.
    fn tail(&self, chunk: &Range<usize>, room: usize) -> Result<usize> {
        if room == 0 {
            return Ok(chunk.end);
        }
        let text = self.text.get(chunk.clone()).unwrap_or_default();
        let starts = word_starts(text);
        // The first of the words from which on the rest fits. The whole chunk never is.
        let (mut low, mut high) = (1, starts.len());
        while low < high {
            let middle = low.midpoint(high);
            let start = starts.get(middle).copied().unwrap_or(text.len());
            if self.measure.of(text.get(start..).unwrap_or_default())? <= room {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(chunk.start + starts.get(low).copied().unwrap_or(text.len()))
    }

    fn length(&self, range: Range<usize>) -> Result<usize> {
        self.measure.of(self.text.get(range).unwrap_or_default())
    }

    /// Adds a chunk without the space around it.
    fn push(&mut self, range: Range<usize>) -> Result<()> {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let start = range.start + (text.len() - text.trim_start().len());
        let end = start + text.trim().len();
        if self.chunks.len() >= MAX_CHUNKS {
            return Err(Fault::Limit(format!(
                "the text has more than {MAX_CHUNKS} chunks: raise `size`, or split the text"
            )));
        }
        self.chunks.push(start..end);
        Ok(())
    }
}
