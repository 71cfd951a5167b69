//! The pieces of text of a page, put together of its glyphs.

use crate::{
    fault::{Fault, Result},
    limits::{MAX_PAGE_TEXT, MAX_PIECES},
};

/// Text in a row without a gap wider than a few spaces.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// Where it begins, in points from the lower left of the page.
    pub(crate) x: f32,
    pub(crate) y: f32,
    /// How long it is along its direction.
    pub(crate) width: f32,
    pub(crate) size: f32,
    /// The direction of its line, of length 1.
    pub(crate) along: (f32, f32),
    pub(crate) bold: bool,
    pub(crate) fixed: bool,
}

/// Shares of the size: a gap up to the first is none, up to the second one space, and beyond that another piece begins.
const NO_GAP: f32 = 0.17;
const WORD_GAP: f32 = 1.0;
/// How far a piece may begin before the end of the last and still go on with it.
const BACK: f32 = 0.35;
/// How far off the line it may be.
const OFF_LINE: f32 = 0.3;

impl Piece {
    /// Where another begins as seen from here: how far along the line after the end, and how far above the line.
    pub(crate) fn offset(&self, other: &Self) -> (f32, f32) {
        let (dx, dy) = (other.x - self.x, other.y - self.y);
        let (cos, sin) = self.along;
        (dx * cos + dy * sin - self.width, dy * cos - dx * sin)
    }

    /// Whether another is on the same line.
    pub(crate) fn in_line(&self, other: &Self) -> bool {
        let (_, above) = self.offset(other);
        let (cos, sin) = self.along;
        let same = cos * other.along.0 + sin * other.along.1 > 0.98;
        same && above.abs() < self.size.max(other.size) * OFF_LINE
    }
}

/// What a page says.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    pub(crate) pieces: Vec<Piece>,
    /// Characters that the file does not tell.
    pub(crate) unknown: u64,
    /// Whether the content stops at a syntax error, or a part of it could not be read.
    pub(crate) damaged: bool,
    bytes: usize,
}

impl Pieces {
    /// Adds a glyph.
    pub(crate) fn push(&mut self, glyph: Piece) -> Result<()> {
        self.bytes = self.bytes.saturating_add(glyph.text.len());
        if self.bytes > MAX_PAGE_TEXT {
            return Err(Fault::Limit(format!(
                "a page has more than {MAX_PAGE_TEXT} bytes of text, the bound of a page"
            )));
        }
        let finite = [glyph.x, glyph.y, glyph.width, glyph.size].iter().all(|value| value.is_finite());
        if !finite {
            self.damaged = true;
            return Ok(());
        }
        if let Some(last) = self.pieces.last_mut()
            && last.bold == glyph.bold
            && last.fixed == glyph.fixed
            && (last.size - glyph.size).abs() < last.size * 0.1
            && last.in_line(&glyph)
        {
            let (gap, _) = last.offset(&glyph);
            let size = last.size;
            if gap > -size * BACK && gap < size * WORD_GAP {
                if gap > size * NO_GAP && !last.text.ends_with(' ') && !glyph.text.starts_with(' ') {
                    last.text.push(' ');
                }
                last.text.push_str(&glyph.text);
                last.width = (last.width + gap + glyph.width).max(last.width);
                return Ok(());
            }
        }
        if self.pieces.len() >= MAX_PIECES {
            return Err(Fault::Limit(format!("a page has more than {MAX_PIECES} pieces of text, the bound of a page")));
        }
        self.pieces.push(glyph);
        Ok(())
    }
}
