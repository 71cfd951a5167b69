//! Workbooks of Excel as rows.

use std::io::{BufReader, Cursor};

use calamine::{DataRef, Reader, Xlsx};
use quick_xml::events::{BytesStart, Event};
use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::cells::{Cell, Sink};
use crate::files::Package;
use crate::limits::{MAX_CELLS, MAX_CONVERTED_BYTES, MAX_SHEETS, MAX_STRINGS, MAX_STYLE_BYTES, MAX_STYLES};

/// Rows between two reports of progress.
const ROWS_A_REPORT: u32 = 10_000;

/// What `calamine` keeps in memory of each part, counted with the reader that it uses.
#[derive(Default)]
struct Counts {
    strings: u64,
    claimed: u64,
    formats: u64,
    records: u64,
    longest: u64,
}

impl Counts {
    fn add(&mut self, element: &BytesStart<'_>) {
        match element.local_name().as_ref() {
            "si" => self.strings += 1,
            "xf" => self.formats += 1,
            "font" | "fill" | "border" | "numFmt" | "Relationship" | "sheet" | "definedName" => self.records += 1,
            "sst" | "name" => {}
            _ => return,
        }
        for attribute in element.attributes().with_checks(false).flatten() {
            self.longest = self.longest.max(attribute.value.len() as u64);
            if attribute.key.local_name().as_ref() == "uniqueCount" {
                self.claimed = self.claimed.max(attribute.value.trim().parse().unwrap_or(0));
            }
        }
    }

    /// What is too much: its name, its number and the bound.
    fn excess(&self) -> Option<(&'static str, u64, u64)> {
        let each = [
            ("claimed shared strings (uniqueCount)", self.claimed, MAX_STRINGS),
            ("shared strings", self.strings, MAX_STRINGS),
            ("cell formats", self.formats, MAX_STYLES),
            ("fonts, fills, borders, sheets, names and relations", self.records, MAX_STYLES),
            ("bytes of cell formats", self.longest.saturating_mul(self.formats), MAX_STYLE_BYTES),
        ];
        each.into_iter().find(|(_, count, bound)| count > bound)
    }
}

/// Refuses a workbook that claims or holds more than fits into memory, before `calamine` reserves it.
fn check_counts(call: Call<'_>, path: &str, package: &mut Package<'_>) -> Result<()> {
    const EVENTS_A_CHECK: u32 = 65_536;
    package.each(|part, content| {
        let mut reader = quick_xml::Reader::from_reader(BufReader::new(content));
        let config = reader.config_mut();
        (config.check_end_names, config.expand_empty_elements) = (false, true);
        let (mut counts, mut buffer, mut events) = (Counts::default(), Vec::new(), 0u32);
        loop {
            buffer.clear();
            match reader.read_event_into(&mut buffer) {
                Ok(Event::Start(element)) => counts.add(&element),
                // The reader of the workbook reports a damaged part, if it needs it.
                Ok(Event::Eof) | Err(_) => return Ok(()),
                Ok(_) => {}
            }
            if let Some((what, count, bound)) = counts.excess() {
                return Err(Error::invalid_arguments(format!(
                    "path: `{path}`, part `{part}`: {count} {what}; at most {bound} are read"
                )));
            }
            events += 1;
            if events.is_multiple_of(EVENTS_A_CHECK) {
                call.check()?;
            }
        }
    })
}

fn open<'a>(call: Call<'_>, path: &str, bytes: &'a [u8]) -> Result<Xlsx<Cursor<&'a [u8]>>> {
    check_counts(call, path, &mut Package::open(call, path, bytes)?)?;
    let book = Xlsx::new(Cursor::new(bytes))
        .map_err(|error| Error::invalid_arguments(format!("path: `{path}` is not a workbook: {error}")))?;
    if book.sheet_names().len() > MAX_SHEETS {
        return Err(Error::invalid_arguments(format!("path: `{path}` has more than {MAX_SHEETS} sheets")));
    }
    Ok(book)
}

/// The names of the sheets.
pub(crate) fn names(call: Call<'_>, path: &str, bytes: &[u8]) -> Result<Vec<String>> {
    Ok(open(call, path, bytes)?.sheet_names())
}

fn value(cell: &DataRef<'_>) -> Cell {
    match cell {
        DataRef::DateTime(when) if when.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = when.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            let midnight = (hour, minute, second) == (0, 0, 0);
            Cell::Text(if midnight { date } else { format!("{date}T{hour:02}:{minute:02}:{second:02}") })
        }
        DataRef::DateTime(span) => Cell::number(span.as_f64()),
        DataRef::Int(number) => Cell::Number(number.to_string()),
        DataRef::Float(number) => Cell::number(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Bool(flag) => Cell::Bool(*flag),
        DataRef::Error(error) => Cell::Text(error.to_string()),
        DataRef::Empty => Cell::Empty,
    }
}

/// The sheet that is meant: the first unless named.
pub(crate) fn choose(path: &str, names: &[String], sheet: Option<&str>) -> Result<String> {
    let Some(name) = sheet else {
        let first = names.first().cloned();
        return first.ok_or_else(|| Error::invalid_arguments(format!("path: `{path}` has no sheet")));
    };
    if names.iter().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let hint = nearest(name, names).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    Err(Error::invalid_arguments(format!("sheet: no sheet `{name}`; {hint}sheets: {}", names.join(", "))))
}

/// The most similar name, if one is similar. Names of sheets have 31 characters at most; longer ones are not compared.
fn nearest<'n>(name: &str, names: &'n [String]) -> Option<&'n String> {
    const SIMILAR: f64 = 0.75;
    const MAX_COMPARED: usize = 64;
    let lower: String = name.chars().take(MAX_COMPARED).collect::<String>().to_lowercase();
    let near = names.iter().filter(|other| other.len() <= MAX_COMPARED);
    let near = near.map(|other| (strsim::jaro_winkler(&lower, &other.to_lowercase()), other));
    near.filter(|(score, _)| *score >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

/// Writes one sheet, the first unless named, to `sink`. Rows begin at the first of the sheet and end at their last cell.
pub(crate) fn read(call: Call<'_>, path: &str, bytes: &[u8], sheet: Option<&str>, sink: &mut dyn Sink) -> Result<()> {
    let mut book = open(call, path, bytes)?;
    let name = choose(path, &book.sheet_names(), sheet)?;
    let failed =
        |why: &dyn std::fmt::Display| Error::invalid_arguments(format!("path: `{path}`, sheet `{name}`: {why}"));
    let mut cells = book.worksheet_cells_reader(&name).map_err(|error| failed(&error))?;
    let mut row: Vec<Cell> = Vec::new();
    let (mut current, mut count, mut size) = (0u32, 0u64, 0usize);
    while let Some(cell) = cells.next_cell().map_err(|error| failed(&error))? {
        let (line, column) = cell.get_position();
        if line < current || (line == current && (column as usize) < row.len()) {
            return Err(failed(&format!("row {}: cells are out of order", line + 1)));
        }
        count += u64::from(line - current)
            + 1
            + (column as usize).saturating_sub(if line == current { row.len() } else { 0 }) as u64;
        let value = value(cell.get_value());
        size += value.as_text().len();
        if count > MAX_CELLS || size > MAX_CONVERTED_BYTES {
            return Err(failed(&format!(
                "row {}: more than {MAX_CELLS} cells with gaps, or {MAX_CONVERTED_BYTES} bytes",
                line + 1
            )));
        }
        if line > current && line % ROWS_A_REPORT == 0 {
            call.check()?;
            call.progress(f64::from(line), None, "rows");
        }
        while current < line {
            sink.row(&row)?;
            row.clear();
            current += 1;
        }
        row.resize(column as usize, Cell::Empty);
        row.push(value);
    }
    if row.is_empty() { Ok(()) } else { sink.row(&row) }
}
