//! The text of a page as Markdown.

use crate::line::Line;

/// A line is a heading where it is larger than most text by this factor.
const HEADING: f32 = 1.12;
const MAX_HEADING_CHARS: usize = 200;
const MAX_LEVEL: usize = 4;
/// Different sizes of text that are counted.
const MAX_SIZES: usize = 100;

/// The size of most of the text, and the larger ones from the largest.
fn sizes(lines: &[Line]) -> (f32, Vec<i32>) {
    let mut counts: Vec<(i32, usize)> = Vec::new();
    for piece in lines.iter().flat_map(|line| &line.pieces) {
        let (size, chars) = (tenths(piece.size), piece.text.len());
        if let Some((_, count)) = counts.iter_mut().find(|(known, _)| *known == size) {
            *count += chars;
        } else if counts.len() < MAX_SIZES {
            counts.push((size, chars));
        }
    }
    let body = counts.iter().max_by_key(|(_, count)| *count).map_or(0, |(size, _)| *size);
    let mut larger: Vec<i32> =
        counts.into_iter().map(|(size, _)| size).filter(|size| *size as f32 > body as f32 * HEADING).collect();
    larger.sort_unstable_by(|a, b| b.cmp(a));
    (body as f32 / 10.0, larger)
}

fn tenths(size: f32) -> i32 {
    (size * 10.0).round() as i32
}

/// Writes lines as headings, paragraphs, lists, tables and code.
pub(crate) fn markdown(lines: &[Line]) -> String {
    let (body, larger) = sizes(lines);
    let mut writer = Writer::default();
    let lines: Vec<(&Line, Vec<String>)> =
        lines.iter().map(|line| (line, line.cells())).filter(|(_, cells)| !cells.is_empty()).collect();
    for (at, (line, cells)) in lines.iter().enumerate() {
        // Rows come in company: a line with a gap alone is none.
        let like = |other: Option<usize>| {
            other.and_then(|other| lines.get(other)).is_some_and(|(_, other)| other.len() == cells.len())
        };
        if cells.len() > 1 && (like(at.checked_sub(1)) || like(at.checked_add(1))) {
            let columns = cells.len();
            writer.add(line, Block::Row(columns), &row(cells));
            continue;
        }
        let text = cells.join(" ");
        let (block, content) = block(line, text.trim(), body, &larger);
        writer.add(line, block, &content);
    }
    writer.end()
}

fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.trim().replace('|', "\\|")).collect();
    format!("| {} |", cells.join(" | "))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Heading,
    Item,
    Code,
    /// Of a table with so many columns.
    Row(usize),
    Paragraph,
}

impl Block {
    /// Whether a line of the kind `next` belongs to the block that is open.
    fn takes(self, next: Self) -> bool {
        matches!((self, next), (Self::Paragraph | Self::Item, Self::Paragraph) | (Self::Code, Self::Code))
            || (self == next && matches!(self, Self::Row(_)))
    }
}

#[derive(Default)]
struct Writer<'a> {
    text: String,
    last: Option<(&'a Line, Block)>,
}

impl<'a> Writer<'a> {
    fn add(&mut self, line: &'a Line, block: Block, content: &str) {
        let goes_on = self.last.is_some_and(|(last, open)| {
            open.takes(block) && (!last.breaks(line) || matches!(block, Block::Code | Block::Row(_)))
        });
        if let Some((_, open)) = self.last {
            self.text.push_str(match (goes_on, open, block) {
                (true, _, Block::Paragraph) => " ",
                (true, ..) | (false, Block::Item, Block::Item) => "\n",
                (false, Block::Code, _) => "\n```\n\n",
                (false, ..) => "\n\n",
            });
        }
        if block == Block::Code && !goes_on {
            self.text.push_str("```\n");
        }
        self.text.push_str(content);
        if let (false, Block::Row(columns)) = (goes_on, block) {
            self.text.push_str("\n|");
            self.text.push_str(&" --- |".repeat(columns));
        }
        let in_item = goes_on && matches!(self.last, Some((_, Block::Item)));
        self.last = Some((line, if in_item { Block::Item } else { block }));
    }

    fn end(mut self) -> String {
        if matches!(self.last, Some((_, Block::Code))) {
            self.text.push_str("\n```");
        }
        self.text
    }
}

fn block(line: &Line, content: &str, body: f32, larger: &[i32]) -> (Block, String) {
    if line.size() > body * HEADING && content.chars().count() <= MAX_HEADING_CHARS {
        let rank = larger.iter().position(|size| *size <= tenths(line.size())).unwrap_or(0);
        return (Block::Heading, format!("{} {content}", "#".repeat((rank + 1).min(MAX_LEVEL))));
    }
    if line.all(|piece| piece.fixed) {
        return (Block::Code, line.text());
    }
    let item = ["•", "◦", "▪", "‣", "·", "–", "-", "*"].iter().find_map(|mark| content.strip_prefix(mark));
    if let Some(item) = item.filter(|item| item.starts_with(' ')) {
        return (Block::Item, format!("- {}", item.trim_start()));
    }
    let number = content.split_once(['.', ')']).filter(|(number, rest)| {
        (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) && rest.starts_with(' ')
    });
    if let Some((number, rest)) = number {
        return (Block::Item, format!("{number}. {}", rest.trim_start()));
    }
    let bold = line.all(|piece| piece.bold);
    (Block::Paragraph, if bold { format!("**{content}**") } else { content.to_owned() })
}
