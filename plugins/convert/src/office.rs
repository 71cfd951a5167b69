//! Word and PowerPoint documents as Markdown or text.

use std::collections::{HashMap, HashSet};

use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::files::{Package, resolve};
use crate::xml::{Node, attribute, relation, walk};

#[derive(Default)]
struct Document {
    markdown: bool,
    out: String,
    prefix: String,
    paragraph: String,
    in_text: bool,
    cells: Option<Vec<String>>,
    cell: Option<String>,
    rows: usize,
}

impl Document {
    fn style(&mut self, id: &str) {
        if !self.markdown {
            return;
        }
        let level = id.strip_prefix("Heading").and_then(|level| level.parse::<usize>().ok());
        if let Some(level) = level {
            self.prefix = format!("{} ", "#".repeat(level.clamp(1, 6)));
        } else if id == "Title" {
            self.prefix = "# ".into();
        } else if id.starts_with("ListNumber") {
            self.prefix = "1. ".into();
        } else if id.starts_with("List") {
            self.prefix = "- ".into();
        }
    }

    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        let prefix = std::mem::take(&mut self.prefix);
        if let Some(cell) = &mut self.cell {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(text.trim());
        } else if !text.trim().is_empty() {
            self.out.push_str(&prefix);
            self.out.push_str(text.trim_end());
            self.out.push_str(if self.markdown { "\n\n" } else { "\n" });
        }
    }

    fn end_row(&mut self) {
        let cells = self.cells.take().unwrap_or_default();
        if !self.markdown {
            self.out.push_str(&cells.join("\t"));
            self.out.push('\n');
            return;
        }
        let escaped: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        self.out.push_str(&format!("| {} |\n", escaped.join(" | ")));
        if self.rows == 0 {
            self.out.push_str(&format!("|{}\n", " --- |".repeat(cells.len())));
        }
        self.rows += 1;
    }

    fn visit(&mut self, node: Node<'_>) {
        match node {
            Node::Start("t", _) => self.in_text = true,
            Node::Start("tab", _) if self.cells.is_none() => self.paragraph.push('\t'),
            Node::Start("br", _) => self.paragraph.push('\n'),
            Node::Start("pStyle", element) => self.style(&attribute(element, "val").unwrap_or_default()),
            Node::Start("numPr", _) if self.markdown && self.prefix.is_empty() => self.prefix = "- ".into(),
            Node::Start("tbl", _) => self.rows = 0,
            Node::Start("tr", _) => self.cells = Some(Vec::new()),
            Node::Start("tc", _) => self.cell = Some(String::new()),
            Node::End("t") => self.in_text = false,
            Node::End("p") => self.end_paragraph(),
            Node::End("tc") => {
                let cell = self.cell.take().unwrap_or_default();
                if let Some(cells) = &mut self.cells {
                    cells.push(cell);
                }
            }
            Node::End("tr") => self.end_row(),
            Node::End("tbl") => self.out.push('\n'),
            Node::Text(text) if self.in_text => self.paragraph.push_str(text),
            Node::Start(..) | Node::End(_) | Node::Text(_) => {}
        }
    }

    fn part(&mut self, package: &mut Package<'_>, name: &str) -> Result<()> {
        let xml = package.part(name)?;
        walk(&format!("part `{name}`"), &xml, |node| {
            self.visit(node);
            Ok(())
        })
    }
}

/// A Word document's body.
pub(crate) fn docx(call: Call<'_>, path: &str, bytes: &[u8], markdown: bool) -> Result<String> {
    let mut package = Package::open(call, path, bytes)?;
    let mut document = Document { markdown, ..Document::default() };
    document.part(&mut package, "word/document.xml")?;
    Ok(document.out.trim_end().to_owned() + "\n")
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
    let mut document = Document { markdown, ..Document::default() };
    let names = slides(path, &mut package)?;
    for (index, name) in names.iter().enumerate() {
        call.check()?;
        call.progress(index as f64, Some(names.len() as f64), "slides");
        let number = index + 1;
        document.out.push_str(&if markdown { format!("## Slide {number}\n\n") } else { format!("Slide {number}\n") });
        document.part(&mut package, name)?;
    }
    Ok(document.out.trim_end().to_owned() + "\n")
}
