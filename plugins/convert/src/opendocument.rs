//! Sheets of OpenDocument (ISO/IEC 26300) as rows.

use quick_xml::events::BytesStart;
use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::cells::{Cell, Sink, is_number};
use crate::files::Package;
use crate::limits::{MAX_CELLS, MAX_CONVERTED_BYTES, MAX_SHEETS};
use crate::sheet;
use crate::xml::{Node, attribute, walk};

const CONTENT: &str = "content.xml";

/// The content of a workbook.
fn content(call: Call<'_>, path: &str, bytes: &[u8]) -> Result<String> {
    let mut package = Package::open(call, path, bytes)?;
    if !package.has(CONTENT) {
        return Err(Error::invalid_arguments(format!(
            "path: `{path}` has no part `{CONTENT}`: not an OpenDocument file"
        )));
    }
    package.part(CONTENT)
}

/// The names of the sheets.
pub(crate) fn names(call: Call<'_>, path: &str, bytes: &[u8]) -> Result<Vec<String>> {
    names_of(path, &content(call, path, bytes)?)
}

fn names_of(path: &str, xml: &str) -> Result<Vec<String>> {
    let (mut names, mut depth) = (Vec::new(), 0_usize);
    walk(&format!("part `{CONTENT}`"), xml, |node| {
        match node {
            Node::Start("table", element) => {
                depth += 1;
                if depth == 1 {
                    names.push(attribute(element, "name").unwrap_or_default());
                }
            }
            Node::End("table") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if names.len() > MAX_SHEETS {
            return Err(Error::invalid_arguments(format!("path: `{path}` has more than {MAX_SHEETS} sheets")));
        }
        Ok(())
    })?;
    Ok(names)
}

/// Writes the rows of one sheet, the first unless named, to `sink`.
pub(crate) fn read(call: Call<'_>, path: &str, bytes: &[u8], name: Option<&str>, sink: &mut dyn Sink) -> Result<()> {
    let xml = content(call, path, bytes)?;
    let chosen = sheet::choose(path, &names_of(path, &xml)?, name)?;
    let mut reader = Sheet {
        call,
        path,
        chosen: &chosen,
        sink,
        depth: 0,
        is_in: false,
        row: Vec::new(),
        row_repeats: 1,
        gap_rows: 0,
        gap_cells: 0,
        open: None,
        skipped: 0,
        cells: 0,
        bytes: 0,
    };
    walk(&format!("part `{CONTENT}`"), &xml, |node| reader.visit(&node))
}

/// A cell that is open.
#[derive(Default)]
struct Open {
    repeats: u64,
    kind: String,
    value: Option<String>,
    text: String,
    paragraphs: usize,
}

struct Sheet<'a> {
    call: Call<'a>,
    path: &'a str,
    chosen: &'a str,
    sink: &'a mut dyn Sink,
    /// Open tables: one in a cell is not read.
    depth: usize,
    is_in: bool,
    row: Vec<Cell>,
    row_repeats: u64,
    /// Empty rows and cells that count only if something follows.
    gap_rows: u64,
    gap_cells: u64,
    open: Option<Open>,
    /// Open elements of what is no content of its cell: notes and drawings.
    skipped: usize,
    cells: u64,
    bytes: u64,
}

impl Sheet<'_> {
    fn visit(&mut self, node: &Node<'_>) -> Result<()> {
        match node {
            Node::Start("table", element) => {
                self.depth += 1;
                if self.depth == 1 {
                    self.is_in = attribute(element, "name").unwrap_or_default() == self.chosen;
                }
            }
            Node::End("table") => {
                self.depth = self.depth.saturating_sub(1);
                self.is_in &= self.depth > 0;
            }
            _ if !self.is_in || self.depth != 1 => {}
            Node::Start("annotation" | "shapes" | "frame" | "custom-shape", _) => self.skipped += 1,
            Node::End("annotation" | "shapes" | "frame" | "custom-shape") => {
                self.skipped = self.skipped.saturating_sub(1)
            }
            _ if self.skipped > 0 => {}
            Node::Start("table-row", element) => {
                (self.row_repeats, self.gap_cells) = (repeats(element, "number-rows-repeated"), 0);
                self.row.clear();
            }
            Node::End("table-row") => self.end_row()?,
            Node::Start("table-cell" | "covered-table-cell", element) => self.open = Some(Open::of(element)),
            Node::End("table-cell" | "covered-table-cell") => self.end_cell()?,
            Node::Start(name, element) => self.open.iter_mut().for_each(|open| open.begin(name, element)),
            Node::Text(text) => self.text(text)?,
            Node::End(_) => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<()> {
        let Some(open) = self.open.as_mut().filter(|open| open.paragraphs > 0) else { return Ok(()) };
        open.text.push_str(text);
        if open.text.len() > MAX_CONVERTED_BYTES { Err(self.too_much()) } else { Ok(()) }
    }

    fn too_much(&self) -> Error {
        Error::invalid_arguments(format!(
            "path: `{}`, sheet `{}`: more than {MAX_CELLS} cells with gaps and repetitions, or {MAX_CONVERTED_BYTES} bytes",
            self.path, self.chosen
        ))
    }

    /// Counts before anything is repeated.
    fn count(&mut self, cells: u64, bytes: u64) -> Result<()> {
        self.cells = self.cells.saturating_add(cells);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.cells > MAX_CELLS || self.bytes > MAX_CONVERTED_BYTES as u64 { Err(self.too_much()) } else { Ok(()) }
    }

    fn end_cell(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let repeats = open.repeats;
        let cell = open.cell();
        if cell == Cell::Empty {
            self.gap_cells = self.gap_cells.saturating_add(repeats);
            return Ok(());
        }
        let gap = std::mem::take(&mut self.gap_cells);
        self.count(gap.saturating_add(repeats), repeats.saturating_mul(cell.as_text().len() as u64))?;
        self.row.extend(std::iter::repeat_n(Cell::Empty, gap as usize));
        self.row.extend(std::iter::repeat_n(cell, repeats as usize));
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        if self.row.is_empty() {
            self.gap_rows = self.gap_rows.saturating_add(self.row_repeats);
            return Ok(());
        }
        self.call.check()?;
        let again = self.row_repeats.saturating_sub(1);
        let bytes: u64 = self.row.iter().map(|cell| cell.as_text().len() as u64).sum();
        let gap = std::mem::take(&mut self.gap_rows);
        let cells = again.saturating_mul(self.row.len() as u64).saturating_add(gap);
        self.count(cells, again.saturating_mul(bytes))?;
        for _ in 0..gap {
            self.sink.row(&[])?;
        }
        for _ in 0..=again {
            self.sink.row(&self.row)?;
        }
        Ok(())
    }
}

impl Open {
    fn of(element: &BytesStart<'_>) -> Self {
        let kind = attribute(element, "value-type").unwrap_or_default();
        let value = match kind.as_str() {
            "float" | "percentage" | "currency" => attribute(element, "value"),
            "date" => attribute(element, "date-value"),
            "boolean" => attribute(element, "boolean-value"),
            "string" => attribute(element, "string-value"),
            _ => None,
        };
        Self { repeats: repeats(element, "number-columns-repeated"), kind, value, ..Self::default() }
    }

    /// An element in the cell begins.
    fn begin(&mut self, name: &str, element: &BytesStart<'_>) {
        /// Spaces of one element: more are no text.
        const MAX_SPACES: u64 = 1000;
        match name {
            "p" => {
                if self.paragraphs > 0 {
                    self.text.push('\n');
                }
                self.paragraphs += 1;
            }
            "tab" => self.text.push('\t'),
            "line-break" => self.text.push('\n'),
            "s" => self.text.extend(std::iter::repeat_n(' ', repeats(element, "c").min(MAX_SPACES) as usize)),
            _ => {}
        }
    }

    fn cell(self) -> Cell {
        let value = self.value.unwrap_or(self.text);
        match self.kind.as_str() {
            "" if value.is_empty() => Cell::Empty,
            "float" | "percentage" | "currency" if is_number(&value) => Cell::Number(value),
            "boolean" => Cell::Bool(value == "true"),
            "date" => Cell::Text(value.strip_suffix("T00:00:00").unwrap_or(&value).to_owned()),
            _ => Cell::Text(value),
        }
    }
}

/// How often an element stands, at least once.
fn repeats(element: &BytesStart<'_>, name: &str) -> u64 {
    attribute(element, name).and_then(|count| count.trim().parse().ok()).unwrap_or(1).max(1)
}
