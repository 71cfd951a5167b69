//! Blocks of text on pages.

use crate::{
    blocks::{Block, Span, Style},
    canvas::Canvas,
    faces::{Face, Family, Run},
    fault::{Fault, Result},
    limits::MAX_CREATED_PAGES,
    wrap::{Line, wrap},
};

const SIZE: f32 = 10.5;
const CODE_SIZE: f32 = 9.0;
/// From one line to the next, in sizes.
const LEADING: f32 = 1.4;
/// Of the headings of level 1 to 6.
const HEADINGS: [f32; 6] = [20.0, 16.0, 13.5, 12.0, 11.0, 10.5];
/// 20 mm.
pub(crate) const MARGIN: f32 = 56.7;
const INDENT: f32 = 18.0;
const PARAGRAPH_GAP: f32 = 6.0;
const CELL_GAP: f32 = 10.0;
/// Narrower columns of text are not made narrower: deep lists would leave nothing.
const MIN_WIDTH: f32 = 72.0;
/// Levels of headings that become bookmarks.
const BOOKMARK_LEVELS: usize = 3;

/// A heading, for the bookmarks.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) level: usize,
    pub(crate) title: String,
    /// The index of its page.
    pub(crate) page: usize,
    pub(crate) y: f32,
}

/// Draws blocks on pages.
pub(crate) struct Composer {
    family: Family,
    top: f32,
    width: f32,
    /// The pages before the one that is drawn on.
    done: Vec<Canvas>,
    page: Canvas,
    marks: Vec<Mark>,
    y: f32,
    /// Where the bars of quotes stand, to draw one beside each line.
    bars: Vec<f32>,
}

impl Composer {
    pub(crate) fn new(family: Family, (width, height): (f32, f32)) -> Self {
        let top = height - MARGIN;
        Self {
            family,
            top,
            width: width - 2.0 * MARGIN,
            done: Vec::new(),
            page: Canvas::default(),
            marks: Vec::new(),
            y: top,
            bars: Vec::new(),
        }
    }

    /// Draws all blocks; the pages and the headings on them.
    pub(crate) fn compose(mut self, blocks: &[Block]) -> Result<(Vec<Canvas>, Vec<Mark>)> {
        self.blocks(blocks, MARGIN, self.width)?;
        self.done.push(self.page);
        Ok((self.done, self.marks))
    }

    fn blocks(&mut self, blocks: &[Block], x: f32, width: f32) -> Result<()> {
        for block in blocks {
            match block {
                Block::Heading(level, spans) => self.heading(*level, spans, x, width)?,
                Block::Paragraph(spans) => {
                    let lines = wrap(spans, self.family, SIZE, width);
                    self.lines(&lines, x, SIZE)?;
                    self.gap(PARAGRAPH_GAP);
                }
                Block::Code(text) => self.code(text, x, width)?,
                Block::List(first, items) => self.list(*first, items, x, width)?,
                Block::Quote(inner) => {
                    self.bars.push(x + 3.0);
                    let inside = self.blocks(inner, x + INDENT, (width - INDENT).max(MIN_WIDTH));
                    self.bars.pop();
                    inside?;
                }
                Block::Table(rows) => self.table(rows, x, width)?,
                Block::Rule => {
                    self.room(PARAGRAPH_GAP * 2.0)?;
                    let y = self.y - PARAGRAPH_GAP;
                    self.page.fill([x, y, width, 0.7], 0.6);
                    self.y -= PARAGRAPH_GAP * 2.0;
                }
            }
        }
        Ok(())
    }

    fn heading(&mut self, level: usize, spans: &[Span], x: f32, width: f32) -> Result<()> {
        let size = level.checked_sub(1).and_then(|at| HEADINGS.get(at)).copied().unwrap_or(SIZE);
        let bold = |span: &Span| Span { style: Style { bold: true, ..span.style }, ..span.clone() };
        let spans: Vec<Span> = spans.iter().map(bold).collect();
        let lines = wrap(&spans, self.family, size, width);
        self.gap(size * 0.6);
        // A heading does not stand alone at the end of a page.
        let height = lines.len() as f32 * size * LEADING;
        self.room((height + 3.0 * SIZE * LEADING).min(self.top - MARGIN))?;
        if level <= BOOKMARK_LEVELS {
            let title: String = spans.iter().map(|span| span.text.replace('\n', " ")).collect();
            self.marks.push(Mark { level, title, page: self.done.len(), y: self.y });
        }
        self.lines(&lines, x, size)?;
        self.gap(size * 0.3);
        Ok(())
    }

    fn code(&mut self, text: &str, x: f32, width: f32) -> Result<()> {
        let style = Style { code: true, ..Style::default() };
        for line in text.lines() {
            // Spaces that begin a line are kept: they are no space between words.
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            let (blank, rest) = line.split_at(indent);
            let first = Run::new(Face::of(self.family, style), blank, CODE_SIZE, None);
            let inner = (width - 2.0 * PARAGRAPH_GAP - first.width).max(MIN_WIDTH);
            let span = Span { text: rest.to_owned(), style, link: None };
            let mut lines = wrap(&[span], self.family, CODE_SIZE, inner);
            if lines.is_empty() {
                lines.push(Line::new());
            }
            for line in &lines {
                let height = CODE_SIZE * LEADING;
                self.room(height)?;
                let y = self.y;
                self.page.fill([x, y - height, width, height], 0.94);
                self.lines(std::slice::from_ref(line), x + PARAGRAPH_GAP + first.width, CODE_SIZE)?;
            }
        }
        self.gap(PARAGRAPH_GAP);
        Ok(())
    }

    fn list(&mut self, first: Option<u64>, items: &[Vec<Block>], x: f32, width: f32) -> Result<()> {
        let face = Face::of(self.family, Style::default());
        for (item, at) in items.iter().zip(0_u64..) {
            let label = first.map_or("•".to_owned(), |first| format!("{}.", first.saturating_add(at)));
            let label = Run::new(face, &label, SIZE, None);
            let indent = INDENT.max(label.width + 5.0);
            self.room(SIZE * LEADING)?;
            let y = self.y - SIZE;
            self.page.text(face, &label.bytes, x + indent - label.width - 5.0, y, SIZE);
            if item.is_empty() {
                self.y -= SIZE * LEADING;
            }
            self.blocks(item, x + indent, (width - indent).max(MIN_WIDTH))?;
            // Items stand closer than paragraphs.
            self.y = (self.y + PARAGRAPH_GAP * 0.6).min(self.top);
        }
        self.gap(PARAGRAPH_GAP * 0.6);
        Ok(())
    }

    fn table(&mut self, rows: &[Vec<Vec<Span>>], x: f32, width: f32) -> Result<()> {
        let columns = rows.first().map_or(0, Vec::len);
        if columns == 0 {
            return Ok(());
        }
        let widths = self.column_widths(rows, columns, width);
        for (at, row) in rows.iter().enumerate() {
            let cells: Vec<Vec<Line>> =
                row.iter().zip(&widths).map(|(cell, width)| self.cell(cell, at, *width)).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            self.room((height as f32 * SIZE * LEADING).min(self.top - MARGIN))?;
            for index in 0..height {
                self.room(SIZE * LEADING)?;
                let mut left = x;
                for (cell, width) in cells.iter().zip(&widths) {
                    if let Some(line) = cell.get(index) {
                        let y = self.y - SIZE;
                        self.page.line(line, left, y, SIZE);
                    }
                    left += width + CELL_GAP;
                }
                self.y -= SIZE * LEADING;
            }
            let y = self.y - 1.0;
            self.page.fill([x, y, width, 0.5], if at == 0 { 0.3 } else { 0.8 });
            self.y -= 3.0;
        }
        self.gap(PARAGRAPH_GAP);
        Ok(())
    }

    fn cell(&self, spans: &[Span], row: usize, width: f32) -> Vec<Line> {
        let head =
            |span: &Span| Span { style: Style { bold: row == 0 || span.style.bold, ..span.style }, ..span.clone() };
        let spans: Vec<Span> = spans.iter().map(head).collect();
        wrap(&spans, self.family, SIZE, width)
    }

    /// As wide as the longest cells where there is room, and else in shares of their lengths.
    fn column_widths(&self, rows: &[Vec<Vec<Span>>], columns: usize, width: f32) -> Vec<f32> {
        let mut widths = vec![SIZE; columns];
        for (at, row) in rows.iter().enumerate() {
            for (cell, widest) in row.iter().zip(&mut widths) {
                for line in self.cell(cell, at, f32::MAX) {
                    *widest = widest.max(line.iter().map(|run| run.width).sum());
                }
            }
        }
        let room = (width - CELL_GAP * columns.saturating_sub(1) as f32).max(SIZE);
        // One long column does not take the place of all others.
        let bounded: Vec<f32> = widths.iter().map(|wide| wide.min(room * 0.7)).collect();
        let all: f32 = bounded.iter().sum();
        if widths.iter().sum::<f32>() <= room {
            return widths;
        }
        bounded.iter().map(|wide| (wide / all * room).max(SIZE)).collect()
    }

    fn lines(&mut self, lines: &[Line], x: f32, size: f32) -> Result<()> {
        let height = size * LEADING;
        for line in lines {
            self.room(height)?;
            let y = self.y;
            for bar in self.bars.clone() {
                self.page.fill([bar, y - height, 1.5, height], 0.7);
            }
            self.page.line(line, x, y - size, size);
            self.y -= height;
        }
        Ok(())
    }

    /// Begins a page where there is too little room on this one.
    fn room(&mut self, height: f32) -> Result<()> {
        if self.y - height >= MARGIN || self.y >= self.top {
            return Ok(());
        }
        if self.done.len() + 1 >= MAX_CREATED_PAGES {
            return Err(Fault::Limit(format!(
                "the text needs more than {MAX_CREATED_PAGES} pages, the bound of a new file: make several"
            )));
        }
        self.done.push(std::mem::take(&mut self.page));
        self.y = self.top;
        Ok(())
    }

    /// Leaves room, except at the top of a page.
    fn gap(&mut self, height: f32) {
        if self.y < self.top {
            self.y -= height;
        }
    }
}
