//! CSV and TSV: RFC 4180 with a header line, in UTF-8, with `\n` or `\r\n`, unless the caller says otherwise ([`super::Dialect`]).
//!
//! An empty cell is null, quoted or not; so is a word such as `NA` in a column whose other cells are numbers, dates or
//! booleans, and the answer says how many there are. A header without a name becomes `column_N`. Refused: rows that are longer or
//! shorter than the header, a quote that is never closed, bytes that are not UTF-8, two columns of one name.

use std::{
    fs::File,
    io::{self, Read},
};

use csv::{ReaderBuilder, StringRecord};

use super::{
    dialect::{Decoded, NULL_WORDS, Settings},
    limits::{BATCH_BYTES, BATCH_ROWS, MAX_ROW_BYTES, READ_BUFFER},
    options::ReadOptions,
    plan::{Plan, Survey},
    stream::{RowStream, Source, held_bytes},
    typed::{not_a, typed_columns},
};
use crate::{
    error::{Error, Result},
    files::Opened,
    format::Format,
    meter::{Counted, Meter},
    types::{Column, DataType, Schema},
    value::Row,
};

/// Surveys the file and stands before its first row.
pub(super) fn open(opened: Opened, format: Format, options: ReadOptions<'_>, meter: &Meter<'_>) -> Result<Source> {
    meter.expect(opened.bytes.saturating_mul(2));
    let settings = Settings::new(options.csv, if format == Format::Tsv { b'\t' } else { b',' })?;
    let file = Counted::new(opened.file, meter.counter());
    let mut lines = Lines::from_start(file, opened.path, settings)?;
    let typed = typed_columns(lines.header.iter(), options.types, &lines.path)?;
    let (mut surveys, rows) = lines.survey(&typed, meter)?;
    let mut columns = Vec::with_capacity(surveys.len());
    for ((name, survey), typed) in lines.header.iter().zip(&mut surveys).zip(&typed) {
        let data_type = typed.unwrap_or_else(|| survey.seen.data_type(DataType::String));
        // What could be a word of a text is one; a column of nothing else is text too.
        let data_type = if data_type == DataType::Null && survey.words > 0 { DataType::String } else { data_type };
        if takes_words(data_type) {
            survey.nulls += survey.words
        } else {
            survey.words = 0
        }
        columns.push(Column { name: name.to_owned(), data_type });
    }
    let file = Schema::new(columns)?;
    let plan = Plan::new(&file, options)?;
    let nulls = plan.nulls(&surveys);
    let words = plan.counts(&surveys, |survey| survey.words);
    let types = file.columns().iter().map(|column| column.data_type).collect();
    let stream = Box::new(CsvStream { lines: lines.rewind()?, plan, types });
    Ok(Source { stream, rows, nulls: Some(nulls), null_words: Some(words), format: None, bytes: 0 })
}

/// Whether words such as `NA` are null in a column of this type.
fn takes_words(data_type: DataType) -> bool {
    !matches!(data_type, DataType::String | DataType::Json | DataType::Null)
}

/// Refuses to read on when one record takes more than its bound.
struct Guarded {
    inner: Decoded,
    since_record: usize,
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_record > MAX_ROW_BYTES + READ_BUFFER {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let n = self.inner.read(buffer)?;
        self.since_record += n;
        Ok(n)
    }
}

/// The records of a file, each as long as the header.
struct Lines {
    reader: csv::Reader<Guarded>,
    settings: Settings,
    header: StringRecord,
    record: StringRecord,
    /// Whether the record is the first row already.
    ready: bool,
    path: String,
}

impl Lines {
    fn from_start(file: Counted<File>, path: String, settings: Settings) -> Result<Self> {
        let inner = Decoded::new(file, settings.encoding).map_err(|error| Error::io(&path, error))?;
        let reader = ReaderBuilder::new()
            .delimiter(settings.delimiter)
            .quoting(settings.quote.is_some())
            .quote(settings.quote.unwrap_or(b'"'))
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(READ_BUFFER)
            .from_reader(Guarded { inner, since_record: 0 });
        let (header, record) = (StringRecord::new(), StringRecord::new());
        let mut lines = Self { reader, settings, header, record, ready: false, path };
        if !lines.advance()? {
            return Err(Error::format(&lines.path, "the file is empty: a table needs a header line"));
        }
        lines.header = lines.names()?;
        lines.ready = !lines.settings.header;
        Ok(lines)
    }

    /// The names of the columns, of which the first record tells the number.
    fn names(&self) -> Result<StringRecord> {
        let found = self.record.len();
        match &self.settings.names {
            Some(names) if names.len() != found => Err(Error::invalid(format!(
                "`columns` of `csv` has {} names, {} has {found} columns",
                names.len(),
                self.path
            ))),
            Some(names) => Ok(names.iter().collect()),
            None => {
                let own = |(at, cell): (usize, &str)| {
                    if cell.is_empty() || !self.settings.header {
                        format!("column_{}", at + 1)
                    } else {
                        cell.to_owned()
                    }
                };
                Ok(self.record.iter().enumerate().map(own).collect())
            }
        }
    }

    /// The same file from its first row on.
    fn rewind(self) -> Result<Self> {
        Self::from_start(self.reader.into_inner().inner.into_inner(), self.path, self.settings)
    }

    /// Whether a cell has no value in a column of this type, or of any where it is not known.
    fn is_null(&self, cell: &str) -> bool {
        cell.is_empty() || self.settings.nulls.as_ref().is_some_and(|words| words.iter().any(|word| word == cell))
    }

    /// Whether a cell is one of the words that mean null in columns of numbers.
    fn is_null_word(&self, cell: &str) -> bool {
        self.settings.nulls.is_none() && NULL_WORDS.contains(&cell)
    }

    /// Reads the next record; false at the end.
    fn advance(&mut self) -> Result<bool> {
        if std::mem::take(&mut self.ready) {
            return Ok(true);
        }
        self.reader.get_mut().since_record = 0;
        let start = self.reader.position().byte();
        match self.reader.read_record(&mut self.record) {
            Ok(more) => {
                if more && !self.header.is_empty() && self.record.len() != self.header.len() {
                    let (found, wanted) = (self.record.len(), self.header.len());
                    let last = self.header.get(found.min(wanted).saturating_sub(1)).unwrap_or_default().to_owned();
                    let problem = format!("the row has {found} cells where the header has {wanted}");
                    return Err(self.bad(start, &last, problem));
                }
                Ok(more)
            }
            Err(error) => Err(self.explain(start, error)),
        }
    }

    fn explain(&mut self, start: u64, error: csv::Error) -> Error {
        match error.into_kind() {
            csv::ErrorKind::Utf8 { err, .. } => {
                let column = self.header.get(err.field()).unwrap_or_default().to_owned();
                self.bad(start, &column, "the cell is not UTF-8: give `csv` with the `encoding`".to_owned())
            }
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let bound = MAX_ROW_BYTES >> 20;
                self.bad(start, "", format!("the row is longer than {bound} MiB: is a quote never closed?"))
            }
            csv::ErrorKind::Io(error) => Error::io(&self.path, error),
            other => Error::format(&self.path, format!("{other:?}")),
        }
    }

    /// An error in the record that starts at byte `start`. Only now is the line counted, so that counting costs good
    /// files nothing.
    fn bad(&mut self, start: u64, column: &str, problem: String) -> Error {
        match line_at(&mut self.reader.get_mut().inner, start) {
            Ok(line) => Error::bad_line(&self.path, line, column, problem),
            Err(error) => Error::io(&self.path, error),
        }
    }

    /// Reads everything once: what the columns hold, and how many rows there are.
    fn survey(&mut self, typed: &[Option<DataType>], meter: &Meter<'_>) -> Result<(Vec<Survey>, u64)> {
        let mut surveys = vec![Survey::default(); self.header.len()];
        let (mut rows, mut last) = (0_u64, 0_u64);
        while self.advance()? {
            last = self.record.position().map_or(last, csv::Position::byte);
            rows += 1;
            for (at, ((cell, survey), typed)) in self.record.iter().zip(&mut surveys).zip(typed).enumerate() {
                let takes_words = typed.is_none_or(takes_words);
                match typed {
                    _ if self.is_null(cell) => {
                        survey.nulls += 1;
                    }
                    _ if takes_words && self.is_null_word(cell) => survey.words += 1,
                    Some(wanted) if self.settings.parse(cell, *wanted).is_none() => {
                        let problem = not_a(cell, *wanted);
                        let column = self.header.get(at).unwrap_or_default().to_owned();
                        return Err(self.bad(last, &column, problem));
                    }
                    Some(_) => {}
                    None if survey.seen.is_text() => {}
                    None => survey.seen.note_guess(cell, self.settings.guess(cell)),
                }
            }
            if rows.is_multiple_of(BATCH_ROWS as u64) {
                meter.tick()?;
            }
        }
        if let Some(quote) = self.settings.quote.filter(|_| rows > 0)
            && ends_in_quotes(&mut self.reader.get_mut().inner, last, self.settings.delimiter, quote)
                .map_err(|error| Error::io(&self.path, error))?
        {
            return Err(self.bad(last, "", "a quote is opened in this row and never closed".to_owned()));
        }
        Ok((surveys, rows))
    }
}

/// The number of the line that the record at byte `start` begins on.
fn line_at(file: &mut Decoded, start: u64) -> io::Result<u64> {
    file.rewind()?;
    let (mut line, mut left) = (1, start);
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        let n = file.read(&mut buffer)?;
        let part = buffer.get(..n).unwrap_or_default();
        let before = part.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let (before, after) = part.split_at(before);
        line += before.iter().filter(|byte| **byte == b'\n').count() as u64;
        left -= before.len() as u64;
        // The record itself begins after the rest of the last line's end and after empty lines.
        let ends: usize =
            after.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|b| **b == b'\n').count();
        line += ends as u64;
        if n == 0 || !after.is_empty() {
            return Ok(line);
        }
    }
}

/// Whether the file ends inside of quotes, judged from its last record, which begins at byte `start`.
fn ends_in_quotes(file: &mut Decoded, start: u64, delimiter: u8, quote: u8) -> io::Result<bool> {
    file.seek(start)?;
    let mut raw = Vec::new();
    file.take((MAX_ROW_BYTES + 2 * READ_BUFFER) as u64).read_to_end(&mut raw)?;
    let (mut quoted, mut cell_begins) = (false, true);
    for byte in raw {
        match byte {
            // A doubled quote closes and opens again, which comes to the same.
            _ if byte == quote && quoted => (quoted, cell_begins) = (false, true),
            _ if byte == quote && cell_begins => quoted = true,
            _ => cell_begins = !quoted && (byte == delimiter || byte == b'\n' || byte == b'\r'),
        }
    }
    Ok(quoted)
}

struct CsvStream {
    lines: Lines,
    plan: Plan,
    /// The type of every column of the file.
    types: Vec<DataType>,
}

impl CsvStream {
    fn row(&mut self) -> Result<Row> {
        let mut row = self.plan.empty_row();
        for (at, ((cell, place), wanted)) in
            self.lines.record.iter().zip(&self.plan.places).zip(&self.types).enumerate()
        {
            let Some(slot) = place.and_then(|place| row.get_mut(place)) else { continue };
            if self.lines.is_null(cell) || (takes_words(*wanted) && self.lines.is_null_word(cell)) {
                continue;
            }
            match self.lines.settings.parse(cell, *wanted) {
                Some(value) => *slot = value,
                None => {
                    let problem = not_a(cell, *wanted);
                    let column = self.lines.header.get(at).unwrap_or_default().to_owned();
                    let start = self.lines.record.position().map_or(0, csv::Position::byte);
                    return Err(self.lines.bad(start, &column, problem));
                }
            }
        }
        Ok(row)
    }
}

impl RowStream for CsvStream {
    fn schema(&self) -> &Schema {
        &self.plan.schema
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        meter.tick()?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < BATCH_ROWS && bytes < BATCH_BYTES && self.lines.advance()? {
            let row = self.row()?;
            bytes += held_bytes(&row);
            rows.push(row);
        }
        Ok((!rows.is_empty()).then_some(rows))
    }
}
