//! Word and PowerPoint documents as Markdown or text.

use std::collections::{HashMap, HashSet};

use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::files::{Package, resolve};
use crate::limits::{MAX_CONVERTED_BYTES, MAX_TABLE_CELLS};
use crate::xml::{Node, attribute, relation, walk};

/// A paragraph that is open: one in a text box is inside the one that holds the box.
#[derive(Default)]
struct Paragraph {
    prefix: String,
    text: String,
    /// The text boxes in it, which come behind it.
    boxes: String,
    /// How many tables were open at its begin.
    tables: usize,
}

/// A table that is open: one in a cell is inside the table of that cell.
#[derive(Default)]
struct Table {
    cells: Vec<String>,
    cell: Option<String>,
    rows: usize,
}

struct Document<'a> {
    path: &'a str,
    markdown: bool,
    out: String,
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    in_text: bool,
    in_tabs: bool,
    /// Open elements of what is not shown: the element itself and those in it.
    hidden: usize,
    /// Bytes of text so far.
    bytes: usize,
    /// Cells so far.
    cells: usize,
}

impl<'a> Document<'a> {
    fn new(path: &'a str, markdown: bool) -> Self {
        let (out, paragraphs, tables) = (String::new(), Vec::new(), Vec::new());
        Self { path, markdown, out, paragraphs, tables, in_text: false, in_tabs: false, hidden: 0, bytes: 0, cells: 0 }
    }

    fn prefix(&mut self, prefix: String) {
        if self.markdown
            && let Some(paragraph) = self.paragraphs.last_mut()
        {
            paragraph.prefix = prefix;
        }
    }

    fn style(&mut self, id: &str) {
        let level = id.strip_prefix("Heading").and_then(|level| level.parse::<usize>().ok());
        if let Some(level) = level {
            self.prefix(format!("{} ", "#".repeat(level.clamp(1, 6))));
        } else if id == "Title" {
            self.prefix("# ".into());
        } else if id.starts_with("ListNumber") {
            self.prefix("1. ".into());
        } else if id.starts_with("List") {
            self.prefix("- ".into());
        }
    }

    /// Adds text to the open paragraph, while the whole stays below its bound.
    fn push(&mut self, text: &str) -> Result<()> {
        self.bytes += text.len();
        if self.bytes > MAX_CONVERTED_BYTES || self.out.len() > MAX_CONVERTED_BYTES {
            return Err(Error::invalid_arguments(format!(
                "path: `{}` becomes more than {MAX_CONVERTED_BYTES} bytes of text",
                self.path
            )));
        }
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push_str(text);
        }
        Ok(())
    }

    /// The cell that is open.
    fn cell(&mut self) -> Option<&mut String> {
        self.tables.last_mut()?.cell.as_mut()
    }

    fn end_paragraph(&mut self) {
        let Some(Paragraph { prefix, text, boxes, .. }) = self.paragraphs.pop() else { return };
        if let Some(cell) = self.cell() {
            add_words(cell, &text);
            add_words(cell, &boxes);
            return;
        }
        let depth = self.tables.len();
        let outer = self.paragraphs.last_mut().filter(|outer| outer.tables == depth);
        let sink = outer.map_or(&mut self.out, |outer| &mut outer.boxes);
        if !text.trim().is_empty() {
            let end = if self.markdown { "\n\n" } else { "\n" };
            let text = text.trim_end();
            if sink.is_empty() {
                sink.reserve_exact(prefix.len() + text.len() + end.len() + boxes.len());
            }
            sink.extend([prefix.as_str(), text, end]);
        }
        sink.push_str(&boxes);
    }

    fn end_cell(&mut self) -> Result<()> {
        self.cells += 1;
        if self.cells > MAX_TABLE_CELLS {
            return Err(Error::invalid_arguments(format!(
                "path: `{}` has more than {MAX_TABLE_CELLS} cells of tables",
                self.path
            )));
        }
        if let Some(table) = self.tables.last_mut() {
            table.cells.extend(table.cell.take());
        }
        Ok(())
    }

    fn end_row(&mut self) {
        let Some(table) = self.tables.last_mut() else { return };
        let cells: Vec<String> = std::mem::take(&mut table.cells);
        let row = table.rows;
        table.rows += 1;
        let outer = self.tables.len().checked_sub(2).and_then(|index| self.tables.get_mut(index));
        if let Some(cell) = outer.and_then(|table| table.cell.as_mut()) {
            cells.iter().for_each(|text| add_words(cell, text));
        } else if self.markdown {
            let escaped: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
            self.out.push_str(&format!("| {} |\n", escaped.join(" | ")));
            if row == 0 {
                self.out.push_str(&format!("|{}\n", " --- |".repeat(cells.len())));
            }
        } else {
            self.out.push_str(&cells.join("\t"));
            self.out.push('\n');
        }
    }

    fn end_table(&mut self) {
        self.tables.pop();
        if self.tables.is_empty() {
            self.out.push('\n');
        }
    }

    /// Whether the node is in what is not shown: a second form of what was shown, or text that was moved away.
    fn is_hidden(&mut self, node: &Node<'_>) -> bool {
        let was = self.hidden > 0;
        match node {
            Node::Start("Fallback" | "moveFrom", _) => self.hidden += 1,
            Node::Start(..) if was => self.hidden += 1,
            Node::End(_) => self.hidden = self.hidden.saturating_sub(1),
            Node::Start(..) | Node::Text(_) => {}
        }
        was || self.hidden > 0
    }

    fn visit(&mut self, node: Node<'_>) -> Result<()> {
        if self.is_hidden(&node) {
            return Ok(());
        }
        match node {
            Node::Start("p", _) => {
                self.paragraphs.push(Paragraph { tables: self.tables.len(), ..Paragraph::default() });
            }
            Node::Start("t", _) => self.in_text = true,
            // The stops of a paragraph are no tabs in its text.
            Node::Start("tabs", _) => self.in_tabs = true,
            Node::Start("tab", _) if !self.in_tabs => self.push(if self.tables.is_empty() { "\t" } else { " " })?,
            Node::Start("br", _) => self.push("\n")?,
            Node::Start("pStyle", element) => self.style(&attribute(element, "val").unwrap_or_default()),
            Node::Start("numPr", _) if self.paragraphs.last().is_some_and(|it| it.prefix.is_empty()) => {
                self.prefix("- ".into());
            }
            Node::Start("tbl", _) => self.tables.push(Table::default()),
            Node::Start("tc", _) => {
                if let Some(table) = self.tables.last_mut() {
                    table.cell = Some(String::new());
                }
            }
            Node::End("t") => self.in_text = false,
            Node::End("tabs") => self.in_tabs = false,
            Node::End("p") => self.end_paragraph(),
            Node::End("tc") => self.end_cell()?,
            Node::End("tr") => self.end_row(),
            Node::End("tbl") => self.end_table(),
            Node::Text(text) if self.in_text => self.push(text)?,
            Node::Start(..) | Node::End(_) | Node::Text(_) => {}
        }
        Ok(())
    }

    fn part(&mut self, package: &mut Package<'_>, name: &str) -> Result<()> {
        let xml = package.part(name)?;
        walk(&format!("part `{name}`"), &xml, |node| self.visit(node))
    }

    /// The text, with one line end behind it.
    fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        self.out.push('\n');
        self.out
    }
}

/// Adds to a cell what is one paragraph of it.
fn add_words(cell: &mut String, text: &str) {
    let text = text.trim();
    if !cell.is_empty() && !text.is_empty() {
        cell.push(' ');
    }
    cell.push_str(text);
}

/// A Word document's body.
pub(crate) fn docx(call: Call<'_>, path: &str, bytes: &[u8], markdown: bool) -> Result<String> {
    let mut package = Package::open(call, path, bytes)?;
    let mut document = Document::new(path, markdown);
    document.part(&mut package, "word/document.xml")?;
    Ok(document.finish())
}

/// The slides' parts in the order in which they are shown, which is not the order of their numbers.
fn slides(path: &str, package: &mut Package<'_>) -> Result<Vec<String>> {
    const MAIN: &str = "ppt/presentation.xml";
    const RELATIONS: &str = "ppt/_rels/presentation.xml.rels";
    if !package.has(MAIN) {
        return Err(Error::invalid_arguments(format!("path: `{path}` has no part `{MAIN}`: not a presentation")));
    }
    let mut targets = HashMap::new();
    walk(&format!("part `{RELATIONS}`"), &package.part(RELATIONS)?, |node| {
        if let Node::Start("Relationship", element) = node
            && let (Some(id), Some(target)) = (attribute(element, "Id"), attribute(element, "Target"))
        {
            targets.insert(id, resolve("ppt", &target));
        }
        Ok(())
    })?;
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    walk(&format!("part `{MAIN}`"), &package.part(MAIN)?, |node| {
        let Node::Start("sldId", element) = node else { return Ok(()) };
        let id = relation(element).unwrap_or_default();
        let name = targets.get(&id).filter(|name| package.has(name)).ok_or_else(|| {
            Error::invalid_arguments(format!("path: `{path}`: slide {} (`{id}`) is missing", names.len() + 1))
        })?;
        if !seen.insert(name.clone()) {
            return Err(Error::invalid_arguments(format!("path: `{path}` lists the slide `{name}` twice")));
        }
        names.push(name.clone());
        Ok(())
    })?;
    Ok(names)
}

/// A presentation's slides as they are shown.
pub(crate) fn pptx(call: Call<'_>, path: &str, bytes: &[u8], markdown: bool) -> Result<String> {
    let mut package = Package::open(call, path, bytes)?;
    let mut document = Document::new(path, markdown);
    let names = slides(path, &mut package)?;
    for (index, name) in names.iter().enumerate() {
        call.check()?;
        call.progress(index as f64, Some(names.len() as f64), "slides");
        let number = index + 1;
        document.out.push_str(&if markdown { format!("## Slide {number}\n\n") } else { format!("Slide {number}\n") });
        document.part(&mut package, name)?;
    }
    Ok(document.finish())
}
