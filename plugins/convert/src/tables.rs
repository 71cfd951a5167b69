//! Rows as CSV, Markdown or JSON.

use std::collections::HashSet;

use serde_json::{Map, Value};
use tandem_sdk::prelude::*;

use crate::cells::{Cell, Sink};
use crate::limits::MAX_CONVERTED_BYTES;

fn too_large() -> Error {
    Error::invalid_arguments(format!("path: the table becomes more than {MAX_CONVERTED_BYTES} bytes of text"))
}

/// Comma-separated values.
pub(crate) struct Csv(csv::Writer<Vec<u8>>);

impl Csv {
    pub(crate) fn new() -> Self {
        Self(csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()))
    }

    pub(crate) fn finish(self) -> Result<String> {
        let written = self.0.into_inner().map_err(|error| Error::other(error.error().to_string()))?;
        String::from_utf8(written).map_err(Error::other)
    }
}

impl Sink for Csv {
    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        if self.0.get_ref().len() > MAX_CONVERTED_BYTES {
            return Err(too_large());
        }
        let written = match cells {
            [] => self.0.write_record([""]),
            cells => self.0.write_record(cells.iter().map(Cell::as_text)),
        };
        written.map_err(Error::other)
    }
}

/// A table of Markdown, whose head is the first row.
#[derive(Default)]
pub(crate) struct Markdown {
    head: Option<Vec<Cell>>,
    rows: String,
    width: usize,
}

impl Markdown {
    pub(crate) fn finish(self) -> String {
        let Some(mut head) = self.head else { return String::new() };
        // Cells beyond those of the head are not shown.
        head.resize(self.width.max(1), Cell::Empty);
        let mut out = String::new();
        push_row(&mut out, &head);
        out.push_str(&format!("|{}\n", " --- |".repeat(head.len())));
        out.push_str(&self.rows);
        out
    }
}

impl Sink for Markdown {
    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        self.width = self.width.max(cells.len());
        if self.head.is_none() {
            self.head = Some(cells.to_vec());
            return Ok(());
        }
        push_row(&mut self.rows, cells);
        if self.rows.len() > MAX_CONVERTED_BYTES { Err(too_large()) } else { Ok(()) }
    }
}

fn push_row(out: &mut String, cells: &[Cell]) {
    out.push('|');
    for cell in cells {
        let text = cell.as_text().replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ");
        out.extend([" ", text.trim(), " |"]);
    }
    out.push_str(if cells.is_empty() { " |\n" } else { "\n" });
}

/// A list of objects, named by the first row.
#[derive(Default)]
pub(crate) struct Json {
    names: Option<Vec<String>>,
    out: String,
}

impl Json {
    pub(crate) fn finish(self) -> String {
        if self.out.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", self.out) }
    }
}

impl Sink for Json {
    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        let Some(names) = &self.names else {
            self.names = Some(unique(cells));
            return Ok(());
        };
        let mut object = Map::new();
        for index in 0..names.len().max(cells.len()) {
            let name = names.get(index).cloned().unwrap_or_else(|| format!("column_{}", index + 1));
            object.insert(name, value(cells.get(index).unwrap_or(&Cell::Empty)));
        }
        if !self.out.is_empty() {
            self.out.push_str(",\n");
        }
        self.out.push_str(&serde_json::to_string(&object).map_err(Error::other)?);
        if self.out.len() > MAX_CONVERTED_BYTES { Err(too_large()) } else { Ok(()) }
    }
}

/// The names of columns: each once, and none empty.
fn unique(cells: &[Cell]) -> Vec<String> {
    let mut seen = HashSet::new();
    let named = cells.iter().enumerate().map(|(index, cell)| {
        let mut name = cell.as_text().trim().to_owned();
        if name.is_empty() || seen.contains(&name) {
            name = format!("column_{}", index + 1);
        }
        seen.insert(name.clone());
        name
    });
    named.collect()
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) => Value::String(text.clone()),
        Cell::Bool(flag) => Value::Bool(*flag),
        Cell::Number(number) => {
            serde_json::from_str(number).map_or_else(|_| Value::String(number.clone()), Value::Number)
        }
    }
}
