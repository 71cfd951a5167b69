//! CSV and TSV files as rows.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
};

use csv::{ByteRecord, Reader, ReaderBuilder};
use graphitesql::Value;
use tandem_granted_folders::Location;

use crate::{
    cells,
    columns::{self, Seen},
    fault::{Fault, Result},
    limits::{MAX_FILE_ROWS, MAX_ROW_BYTES},
    rows::{Column, Rows},
};

/// Bytes of the first line in which the delimiter is looked for.
const HEAD_BYTES: u64 = 64 << 10;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Fails where one row takes too many bytes, which the parser would collect.
struct Bounded {
    file: BufReader<File>,
    row_bytes: usize,
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.row_bytes = self.row_bytes.saturating_add(read);
        if self.row_bytes > MAX_ROW_BYTES {
            let text = format!("one row has more than {MAX_ROW_BYTES} bytes: is a quote not closed?");
            return Err(Fault::Limit(text).into());
        }
        Ok(read)
    }
}

/// The rows of a CSV file after its header.
pub(crate) struct CsvRows {
    reader: Reader<Bounded>,
    record: ByteRecord,
    path: String,
    columns: Vec<Column>,
}

/// Reads the file once for its columns; a second time it is read as rows.
pub(crate) fn open(location: &Location, file: &File) -> Result<(Vec<Column>, u64, CsvRows)> {
    let mut first = reader(location, file)?;
    let mut record = ByteRecord::new();
    if !advance(&mut first, &mut record, &location.path)? {
        return Err(Fault::Damaged(format!(
            "`{}` is empty: the first line of a CSV file names the columns",
            location.path
        )));
    }
    let header = texts(&record, &location.path)?;
    let names = columns::names(&location.path, header.into_iter())?;
    let mut seen = vec![Seen::default(); names.len()];
    let mut count = 0;
    while advance(&mut first, &mut record, &location.path)? {
        count += 1;
        if count > MAX_FILE_ROWS {
            return Err(Fault::Limit(format!(
                "`{}` has more than {MAX_FILE_ROWS} rows, the bound of a table",
                location.path
            )));
        }
        for (seen, cell) in seen.iter_mut().zip(texts(&record, &location.path)?) {
            seen.note_cell(cell);
        }
    }
    let columns = columns::columns(names, &seen);
    let mut again = reader(location, file)?;
    advance(&mut again, &mut record, &location.path)?;
    Ok((columns.clone(), count, CsvRows { reader: again, record, path: location.path.clone(), columns }))
}

impl Rows for CsvRows {
    fn next_row(&mut self) -> Result<Option<Vec<Value>>> {
        if !advance(&mut self.reader, &mut self.record, &self.path)? {
            return Ok(None);
        }
        let cells = texts(&self.record, &self.path)?;
        let values = cells.iter().zip(&self.columns).map(|(cell, column)| cells::value(cell, column.kind));
        Ok(Some(values.collect()))
    }
}

fn reader(location: &Location, file: &File) -> Result<Reader<Bounded>> {
    let failed = |error| Fault::io(&location.path, error);
    let mut file = BufReader::new(file.try_clone().or_else(|_| File::open(&location.at)).map_err(failed)?);
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_until(b'\n', &mut head).map_err(failed)?;
    let bom = if head.starts_with(BOM) { BOM.len() as u64 } else { 0 };
    file.seek(SeekFrom::Start(bom)).map_err(failed)?;
    let bounded = Bounded { file, row_bytes: 0 };
    Ok(ReaderBuilder::new().has_headers(false).delimiter(delimiter(&location.path, &head)).from_reader(bounded))
}

/// A tab in `.tsv`; else a comma, or what the first line has instead of one.
fn delimiter(path: &str, head: &[u8]) -> u8 {
    let name = path.to_lowercase();
    if name.ends_with(".tsv") || name.ends_with(".tab") {
        return b'\t';
    }
    let count = |wanted: u8| head.iter().filter(|byte| **byte == wanted).count();
    if count(b',') > 0 {
        return b',';
    }
    [b';', b'\t', b'|'].into_iter().find(|other| count(*other) > 0).unwrap_or(b',')
}

fn advance(reader: &mut Reader<Bounded>, record: &mut ByteRecord, path: &str) -> Result<bool> {
    reader.get_mut().row_bytes = 0;
    reader.read_byte_record(record).map_err(|error| wrong(path, error))
}

fn wrong(path: &str, error: csv::Error) -> Fault {
    let line = error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => match Fault::io(path, error) {
            Fault::Limit(text) => Fault::Limit(format!("`{path}`: {text}")),
            other => other,
        },
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Fault::Damaged(format!("`{path}`, line {line}: {len} cells, but the header has {expected_len}"))
        }
        _ => Fault::Damaged(format!("`{path}`, line {line}: not readable as CSV")),
    }
}

fn texts<'a>(record: &'a ByteRecord, path: &str) -> Result<Vec<&'a str>> {
    let line = record.position().map_or(0, csv::Position::line);
    let text = |cell| {
        std::str::from_utf8(cell).map_err(|_| {
            Fault::Damaged(format!("`{path}`, line {line}: not UTF-8; convert the file, as with `dataset_convert`"))
        })
    };
    record.iter().map(text).collect()
}
