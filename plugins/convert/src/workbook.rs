//! Rows as an Excel workbook (ISO/IEC 29500) of one sheet, written part by part.

use std::fmt::Write as _;
use std::io::{Seek, Write};

use tandem_sdk::prelude::*;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::cells::{Cell, Sink};
use crate::limits::{MAX_CELL_CHARS, MAX_SHEET_COLUMNS, MAX_SHEET_ROWS};

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const BOOK_RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
const SHEET_BEGIN: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;
const SHEET_END: &str = "</sheetData></worksheet>";

/// Digits of an integer that a number of Excel keeps: a longer one is written as text.
const MAX_DIGITS: usize = 15;

/// A workbook that is being written.
pub(crate) struct Workbook<W: Write + Seek> {
    zip: ZipWriter<W>,
    rows: usize,
}

impl<W: Write + Seek> Workbook<W> {
    pub(crate) fn begin(out: W) -> Result<Self> {
        let mut zip = ZipWriter::new(out);
        for (name, content) in [
            ("[Content_Types].xml", TYPES),
            ("_rels/.rels", RELATIONS),
            ("xl/workbook.xml", BOOK),
            ("xl/_rels/workbook.xml.rels", BOOK_RELATIONS),
            ("xl/worksheets/sheet1.xml", SHEET_BEGIN),
        ] {
            zip.start_file(name, SimpleFileOptions::default()).map_err(Error::other)?;
            zip.write_all(content.as_bytes()).map_err(Error::other)?;
        }
        Ok(Self { zip, rows: 0 })
    }

    /// What it was written to.
    pub(crate) fn finish(mut self) -> Result<W> {
        self.zip.write_all(SHEET_END.as_bytes()).map_err(Error::other)?;
        self.zip.finish().map_err(Error::other)
    }
}

impl<W: Write + Seek> Sink for Workbook<W> {
    fn row(&mut self, cells: &[Cell]) -> Result<()> {
        self.rows += 1;
        let row = self.rows;
        if row > MAX_SHEET_ROWS || cells.len() > MAX_SHEET_COLUMNS {
            return Err(Error::invalid_arguments(format!(
                "path: row {row} does not fit: a sheet of Excel has {MAX_SHEET_ROWS} rows and {MAX_SHEET_COLUMNS} columns"
            )));
        }
        let mut xml = format!("<row r=\"{row}\">");
        for (index, cell) in cells.iter().enumerate() {
            push_cell(&mut xml, row, index, cell)?;
        }
        xml.push_str("</row>");
        self.zip.write_all(xml.as_bytes()).map_err(Error::other)
    }
}

fn push_cell(xml: &mut String, row: usize, index: usize, cell: &Cell) -> Result<()> {
    let name = column(index);
    // A string takes all that is written.
    let _ = match cell {
        Cell::Empty => Ok(()),
        Cell::Bool(flag) => write!(xml, "<c r=\"{name}{row}\" t=\"b\"><v>{}</v></c>", u8::from(*flag)),
        Cell::Number(number) if is_exact(number) => write!(xml, "<c r=\"{name}{row}\"><v>{number}</v></c>"),
        Cell::Text(text) | Cell::Number(text) => {
            let length = text.encode_utf16().count();
            if length > MAX_CELL_CHARS {
                return Err(Error::invalid_arguments(format!(
                    "path: cell {name}{row} has {length} characters; a cell of Excel has {MAX_CELL_CHARS} at most"
                )));
            }
            let text = escape(text);
            write!(xml, "<c r=\"{name}{row}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
        }
    };
    Ok(())
}

/// Whether Excel keeps all digits of a number.
fn is_exact(number: &str) -> bool {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    mantissa.bytes().filter(u8::is_ascii_digit).count() <= MAX_DIGITS
        || (number.contains(['.', 'e', 'E']) && number.parse::<f64>().is_ok_and(|value| value.is_finite()))
}

/// The letters of a column: A to XFD.
fn column(index: usize) -> String {
    let (mut name, mut rest) = (Vec::new(), index + 1);
    while rest > 0 {
        name.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    name.iter().rev().collect()
}

/// Text of XML; what XML cannot hold as `_xHHHH_`, as Excel does, and so what looks like that.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' | '\n' => escaped.push(character),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(escaped, "_x{:04X}_", u32::from(character));
            }
            '_' if looks_escaped(text.get(at..).unwrap_or_default()) => escaped.push_str("_x005F_"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Whether a text begins as `_xHHHH_`.
fn looks_escaped(text: &str) -> bool {
    matches!(text.as_bytes().get(..7), Some([b'_', b'x', digits @ .., b'_']) if digits.iter().all(u8::is_ascii_hexdigit))
}
