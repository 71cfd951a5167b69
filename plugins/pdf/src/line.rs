//! Lines of a page.

use crate::piece::Piece;

/// A line: its pieces from left to right.
pub(crate) struct Line {
    pub(crate) pieces: Vec<Piece>,
}

/// A distance of this many sizes between two lines begins a paragraph.
pub(crate) const PARAGRAPH: f32 = 1.7;
/// A gap of this many sizes begins another cell of a table.
const CELL: f32 = 1.0;
/// A gap of this many sizes is a space.
const SPACE: f32 = 0.1;

/// Lines as the content has them.
pub(crate) fn in_order(pieces: Vec<Piece>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for piece in pieces {
        if let Some(line) = lines.last_mut()
            && let Some(last) = line.pieces.last()
            && last.in_line(&piece)
            && last.offset(&piece).0 > -last.size.max(last.width * 0.1)
        {
            line.pieces.push(piece);
        } else {
            lines.push(Line { pieces: vec![piece] });
        }
    }
    lines
}

impl Line {
    pub(crate) fn text(&self) -> String {
        self.cells().join(" ").trim_end().to_owned()
    }

    /// Its parts between wide gaps.
    pub(crate) fn cells(&self) -> Vec<String> {
        let mut cells = vec![String::new()];
        let mut before: Option<&Piece> = None;
        for piece in &self.pieces {
            let gap = before.map_or(0.0, |before| before.offset(piece).0 / before.size.max(f32::MIN_POSITIVE));
            if gap >= CELL {
                cells.push(String::new());
            }
            if let Some(cell) = cells.last_mut() {
                if gap > SPACE && gap < CELL && !cell.ends_with(' ') && !piece.text.starts_with(' ') {
                    cell.push(' ');
                }
                cell.push_str(&piece.text);
            }
            before = Some(piece);
        }
        cells.retain(|cell| !cell.trim().is_empty());
        cells
    }

    pub(crate) fn size(&self) -> f32 {
        self.pieces.iter().map(|piece| piece.size).fold(0.0, f32::max)
    }

    pub(crate) fn all(&self, is: impl Fn(&Piece) -> bool) -> bool {
        self.pieces.iter().all(is)
    }

    /// Whether the next line begins a paragraph.
    pub(crate) fn breaks(&self, next: &Self) -> bool {
        let (Some(here), Some(there)) = (self.pieces.first(), next.pieces.first()) else { return false };
        let (_, above) = here.offset(there);
        above > 0.0 || -above > self.size().max(next.size()) * PARAGRAPH
    }
}
