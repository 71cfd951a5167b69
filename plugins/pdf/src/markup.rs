//! The text of a page, put together of its pieces: plain and with its layout.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    limits::MAX_COLUMNS,
    line::{Line, PARAGRAPH, in_order},
    markdown::markdown,
    piece::Piece,
};

/// A form of text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// Lines in the order in which the file has them, which is the reading order of most files.
    #[default]
    Text,
    /// Lines from top to bottom with the distances between columns kept, for tables and forms.
    Layout,
    /// Paragraphs joined, headings by size, lists, tables, and code in fixed-width fonts.
    Markdown,
}

/// Puts a page together.
pub(crate) fn write(pieces: Vec<Piece>, form: Form) -> String {
    match form {
        Form::Text => text(&in_order(pieces)),
        Form::Layout => layout(pieces),
        Form::Markdown => markdown(&in_order(pieces)),
    }
}

fn text(lines: &[Line]) -> String {
    let mut text = String::new();
    let mut before: Option<&Line> = None;
    for line in lines {
        if let Some(before) = before {
            text.push_str(if before.breaks(line) { "\n\n" } else { "\n" });
        }
        text.push_str(&line.text());
        before = Some(line);
    }
    text.trim().to_owned()
}

fn layout(mut pieces: Vec<Piece>) -> String {
    pieces.retain(|piece| !piece.text.trim().is_empty());
    upright(&mut pieces);
    pieces.sort_by(|a, b| b.y.total_cmp(&a.y));
    let mut rows: Vec<Vec<Piece>> = Vec::new();
    for piece in pieces {
        match rows.last_mut() {
            Some(row) if row.first().is_some_and(|first| (first.y - piece.y).abs() < first.size * 0.5) => {
                row.push(piece)
            }
            _ => rows.push(vec![piece]),
        }
    }
    let all = || rows.iter().flatten();
    let left = all().map(|piece| piece.x).fold(f32::MAX, f32::min);
    let mut widths: Vec<f32> = all().map(|piece| piece.width / piece.text.chars().count().max(1) as f32).collect();
    widths.sort_by(f32::total_cmp);
    let unit = widths.get(widths.len() / 2).copied().filter(|unit| *unit > 0.5).unwrap_or(5.0);
    let mut text = String::new();
    let mut above: Option<(f32, f32)> = None;
    for row in &mut rows {
        row.sort_by(|a, b| a.x.total_cmp(&b.x));
        let Some(first) = row.first() else { continue };
        if above.is_some_and(|(y, size)| y - first.y > size.max(first.size) * PARAGRAPH) {
            text.push('\n');
        }
        above = Some((first.y, first.size));
        let mut line = String::new();
        let mut column = 0;
        for piece in row.iter() {
            let wanted = (((piece.x - left) / unit).round() as usize).min(MAX_COLUMNS);
            let spaces = wanted.saturating_sub(column).max(usize::from(column > 0));
            line.extend(std::iter::repeat_n(' ', spaces));
            line.push_str(&piece.text);
            column = column + spaces + piece.text.chars().count();
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// Turns a page so that most of its text runs from left to right.
fn upright(pieces: &mut [Piece]) {
    // Right, up, left, down.
    let mut shares = [0_usize; 4];
    let direction = |(cos, sin): (f32, f32)| match (cos.abs() >= sin.abs(), cos >= 0.0, sin >= 0.0) {
        (true, true, _) => 0,
        (false, _, true) => 1,
        (true, false, _) => 2,
        (false, _, false) => 3,
    };
    for piece in pieces.iter() {
        if let Some(share) = shares.get_mut(direction(piece.along)) {
            *share += piece.text.len();
        }
    }
    let most = shares.iter().enumerate().max_by_key(|(_, share)| **share).map_or(0, |(most, _)| most);
    for piece in pieces {
        (piece.x, piece.y) = match most {
            0 => return,
            1 => (piece.y, -piece.x),
            2 => (-piece.x, -piece.y),
            _ => (-piece.y, piece.x),
        };
    }
}
