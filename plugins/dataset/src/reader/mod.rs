//! Reading tables: a file becomes a schema and a stream of row batches.
//!
//! CSV and JSON carry no schema, so they are read twice: once to see what every column holds, once for the rows. Neither
//! pass holds more than a batch. A batch ends at [`BATCH_ROWS`] rows or [`BATCH_BYTES`] bytes; a row beyond
//! [`MAX_ROW_BYTES`] is refused. Nothing is skipped: a row that cannot be read ends the call with its line and column.

mod csv;
mod dialect;
mod elements;
mod json;
mod memory;
mod parquet;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

pub use dialect::{Dialect, Encoding};
pub use memory::{ExactRow, InlineRow, InlineRows, inline, open_rows};

use crate::{
    error::{Error, Result},
    files::{Files, Opened},
    format::Format,
    meter::Meter,
    types::{DataType, Schema, Seen},
    value::{Row, Value},
};

/// Rows of a batch at most: enough to make the cost per batch vanish, few enough to stay small.
pub const BATCH_ROWS: usize = 1_024;
/// Bytes of a batch at most, about.
pub const BATCH_BYTES: usize = 1 << 20;
/// Bytes of one row at most: a quote that is never closed must not swallow the memory.
pub const MAX_ROW_BYTES: usize = 4 << 20;
/// What a file is read by. Large, since every read leaves the sandbox.
const READ_BUFFER: usize = 128 << 10;

/// Types that the caller gives to columns, instead of what their values look like.
pub type Types = BTreeMap<String, DataType>;

/// A stream of row batches.
pub trait RowStream {
    /// The columns of every row.
    fn schema(&self) -> &Schema;
    /// The next batch, never empty; none at the end.
    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>>;
}

/// Where rows come from, and what is known of them before they are read.
pub struct Source {
    /// The rows.
    pub stream: Box<dyn RowStream>,
    /// How many rows there are.
    pub rows: u64,
    /// How many nulls each column has, where reading told it.
    pub nulls: Option<Vec<u64>>,
    /// How many of the nulls of each column are words, such as `NA`.
    pub null_words: Option<Vec<u64>>,
    /// The format of the file; none for inline rows.
    pub format: Option<Format>,
    /// The length of the file; 0 for inline rows.
    pub bytes: u64,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("schema", self.stream.schema()).field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// How a file is to be read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions<'a> {
    /// Its format; by its name or content if none.
    pub format: Option<Format>,
    /// Types that the caller gives to columns.
    pub types: Option<&'a Types>,
    /// How a csv file is written, where it is not as usual.
    pub csv: Option<&'a Dialect>,
    /// Only these columns, in this order; all if none.
    pub columns: Option<&'a [String]>,
    /// The columns that are needed, in no order: others may be left out. Without effect if one of them is not there, so
    /// that the error about it can list all columns.
    pub needed: Option<&'a BTreeSet<String>>,
}

/// Opens a file of any format.
pub fn open(files: &Files, path: &str, options: ReadOptions<'_>, meter: &Meter<'_>) -> Result<Source> {
    let mut opened = files.open(path)?;
    let named = options.format.or_else(|| Format::of_name(path));
    let format = named.or(options.csv.and(Some(Format::Csv)));
    if options.csv.is_some() && !matches!(format, Some(Format::Csv | Format::Tsv)) {
        return Err(Error::invalid("`csv` is for files of the formats csv and tsv"));
    }
    let format = match format {
        Some(format) => format,
        None => sniff(&mut opened)?,
    };
    let bytes = opened.bytes;
    let source = match format {
        Format::Csv | Format::Tsv => csv::open(opened, format, options, meter)?,
        Format::Json | Format::Jsonl => json::open(opened, format, options, meter)?,
        Format::Parquet => parquet::open(opened, options, meter)?,
    };
    Ok(Source { format: Some(format), bytes, ..source })
}

/// Tells the format by how the content begins.
fn sniff(opened: &mut Opened) -> Result<Format> {
    let mut head = Vec::new();
    (&mut opened.file).take(512).read_to_end(&mut head).map_err(|error| Error::io(&opened.path, error))?;
    std::io::Seek::rewind(&mut opened.file).map_err(|error| Error::io(&opened.path, error))?;
    Format::of_content(&head).ok_or_else(|| {
        Error::format(&opened.path, "the format cannot be told from the name or the content: give `format`")
    })
}

/// What a first pass saw of a column.
#[derive(Debug, Clone, Copy, Default)]
struct Survey {
    seen: Seen,
    nulls: u64,
    /// How many of the nulls are words, such as `NA`.
    words: u64,
}

/// Which columns of a file are read, where they go, and as what.
#[derive(Debug)]
struct Plan {
    /// The columns of the stream.
    schema: Schema,
    /// For each column of the file: its place in the stream.
    places: Vec<Option<usize>>,
}

impl Plan {
    /// Picks the columns of `file` that the caller named, or that are needed.
    fn new(file: &Schema, options: ReadOptions<'_>) -> Result<Self> {
        let needed = options.needed.filter(|needed| needed.iter().all(|name| file.find(name).is_some()));
        match (options.columns, needed) {
            (Some([]), _) => {
                Err(Error::invalid("`columns` is empty: name at least one column, or leave it out for all"))
            }
            (Some(names), _) => Self::of(file, names),
            (None, Some(needed)) => {
                let names = file.columns().iter().map(|column| column.name.clone());
                Self::of(file, &names.filter(|name| needed.contains(name)).collect::<Vec<_>>())
            }
            (None, None) => Ok(Self { schema: file.clone(), places: (0..file.len()).map(Some).collect() }),
        }
    }

    fn of(file: &Schema, names: &[String]) -> Result<Self> {
        let mut places = vec![None; file.len()];
        let mut schema = Schema::default();
        for name in names {
            let (at, data_type) = file.place(name)?;
            if let Some(place) = places.get_mut(at) {
                *place = Some(schema.len());
            }
            schema.push(crate::types::Column { name: name.clone(), data_type })?;
        }
        Ok(Self { schema, places })
    }

    /// A row of the stream, without any value yet.
    fn empty_row(&self) -> Row {
        vec![Value::Null; self.schema.len()]
    }

    /// How many nulls each column of the stream has.
    fn nulls(&self, surveys: &[Survey]) -> Vec<u64> {
        self.counts(surveys, |survey| survey.nulls)
    }

    fn counts(&self, surveys: &[Survey], count: fn(&Survey) -> u64) -> Vec<u64> {
        let mut counts = vec![0; self.schema.len()];
        for (place, survey) in self.places.iter().zip(surveys) {
            if let Some(slot) = place.and_then(|place| counts.get_mut(place)) {
                *slot = count(survey);
            }
        }
        counts
    }
}

/// Checks that every typed column exists, and answers the type of each column that the caller typed.
fn typed_columns<'a>(
    names: impl Iterator<Item = &'a str>,
    types: Option<&Types>,
    path: &str,
) -> Result<Vec<Option<DataType>>> {
    let names: Vec<&str> = names.collect();
    let Some(types) = types else { return Ok(vec![None; names.len()]) };
    if let Some(unknown) = types.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(Error::invalid(format!("`types` names `{unknown}`, which is no column of {path}")));
    }
    if let Some((name, _)) = types.iter().find(|(_, data_type)| **data_type == DataType::Null) {
        return Err(Error::invalid(format!("`types` gives `{name}` the type null, which no value has")));
    }
    Ok(names.iter().map(|name| types.get(*name).copied()).collect())
}

/// About how much memory a row takes.
pub(crate) fn held_bytes(row: &[Value]) -> usize {
    row.iter().map(Value::held_bytes).sum::<usize>() + size_of::<Row>() + crate::meter::BLOCK_OVERHEAD
}
