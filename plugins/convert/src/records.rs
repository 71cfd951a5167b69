//! JSON as rows: a list of objects, whose keys become the first row, or a list of lists. It is read row by row, twice.

use std::collections::HashMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::cells::{Cell, Sink};
use crate::limits::{MAX_CELLS, MAX_CONVERTED_BYTES, MAX_SHEET_COLUMNS};

/// One row as it is in the document.
enum Row {
    List(Vec<Cell>),
    Object(Vec<(String, Cell)>),
}

/// The columns of objects, in the order in which they come first.
#[derive(Default)]
struct Columns {
    index: HashMap<String, usize>,
    names: Vec<String>,
    objects: u64,
    lists: u64,
    bytes: usize,
}

impl Columns {
    fn add(&mut self, row: Row) -> Result<()> {
        match row {
            Row::List(_) => self.lists += 1,
            Row::Object(fields) => {
                self.objects += 1;
                for (name, _) in fields {
                    let next = self.names.len();
                    if let std::collections::hash_map::Entry::Vacant(entry) = self.index.entry(name) {
                        self.bytes += entry.key().len();
                        self.names.push(entry.key().clone());
                        entry.insert(next);
                    }
                }
            }
        }
        let (rows, width) = (self.objects + self.lists, self.names.len());
        if self.objects > 0 && self.lists > 0 {
            return Err(Error::invalid_arguments(format!("path: row {rows}: objects and lists are mixed")));
        }
        if width > MAX_SHEET_COLUMNS
            || rows.saturating_mul(width as u64) > MAX_CELLS
            || self.bytes > MAX_CONVERTED_BYTES
        {
            return Err(Error::invalid_arguments(format!(
                "path: row {rows}: more than {MAX_SHEET_COLUMNS} columns, or {MAX_CELLS} cells with gaps"
            )));
        }
        Ok(())
    }

    /// The cells of a row, each in its column.
    fn place(&self, row: Row) -> Vec<Cell> {
        match row {
            Row::List(cells) => cells,
            Row::Object(fields) => {
                let mut cells = vec![Cell::Empty; self.names.len()];
                for (name, cell) in fields {
                    if let Some(slot) = self.index.get(&name).and_then(|index| cells.get_mut(*index)) {
                        *slot = cell;
                    }
                }
                cells
            }
        }
    }
}

/// Writes the head, if there is one, and each row to `sink`.
pub(crate) fn read(call: Call<'_>, path: &str, text: &str, sink: &mut dyn Sink) -> Result<()> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut columns = Columns::default();
    each(call, path, text, &mut |row| columns.add(row))?;
    if columns.objects > 0 {
        let head: Vec<Cell> = columns.names.iter().cloned().map(Cell::Text).collect();
        sink.row(&head)?;
    }
    each(call, path, text, &mut |row| sink.row(&columns.place(row)))
}

/// Calls `visit` with each row of the list that `text` is.
fn each(call: Call<'_>, path: &str, text: &str, visit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut stopped = None;
    let rows = Rows { call, visit, stopped: &mut stopped };
    let read = rows.deserialize(&mut reader).and_then(|()| reader.end());
    if let Some(error) = stopped {
        return Err(error);
    }
    read.map_err(|error| {
        Error::invalid_arguments(format!("path: `{path}` is not a JSON list of objects or of lists: {error}"))
    })
}

struct Rows<'a> {
    call: Call<'a>,
    visit: &'a mut dyn FnMut(Row) -> Result<()>,
    /// Why `visit` ended the reading.
    stopped: &'a mut Option<Error>,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> std::result::Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        const ROWS_A_CHECK: u64 = 10_000;
        let mut count = 0_u64;
        while let Some(row) = list.next_element_seed(OneRow)? {
            count += 1;
            let checked = if count.is_multiple_of(ROWS_A_CHECK) { self.call.check() } else { Ok(()) };
            if let Err(error) = checked.and_then(|()| (self.visit)(row)) {
                *self.stopped = Some(error);
                return Err(de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

struct OneRow;

impl<'de> DeserializeSeed<'de> for OneRow {
    type Value = Row;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> std::result::Result<Row, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneRow {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list as a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Row, A::Error> {
        let mut cells = Vec::new();
        while let Some(value) = list.next_element::<&RawValue>()? {
            cells.push(cell::<A::Error>(value)?);
            check_width::<A::Error>(cells.len())?;
        }
        Ok(Row::List(cells))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> std::result::Result<Row, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = object.next_entry::<String, &RawValue>()? {
            fields.push((name, cell::<A::Error>(value)?));
            check_width::<A::Error>(fields.len())?;
        }
        Ok(Row::Object(fields))
    }
}

fn check_width<E: de::Error>(width: usize) -> std::result::Result<(), E> {
    if width > MAX_SHEET_COLUMNS {
        return Err(E::custom(format_args!("a row has more than {MAX_SHEET_COLUMNS} columns")));
    }
    Ok(())
}

/// A cell of a value: lists and objects stay the JSON that they are.
fn cell<E: de::Error>(value: &RawValue) -> std::result::Result<Cell, E> {
    let source = value.get();
    Ok(match source.as_bytes().first() {
        Some(b'n') => Cell::Empty,
        Some(b't') => Cell::Bool(true),
        Some(b'f') => Cell::Bool(false),
        Some(b'"') => Cell::Text(serde_json::from_str(source).map_err(E::custom)?),
        Some(b'{' | b'[') => Cell::Text(source.to_owned()),
        _ => Cell::Number(source.to_owned()),
    })
}
