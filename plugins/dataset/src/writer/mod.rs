//! Writing tables: rows go in batch by batch, a complete file comes out or none.

mod csv;
mod json;
mod parquet;
mod sink;

use self::sink::RowSink;
use crate::{
    error::Result,
    files::{Files, NewFile},
    format::Format,
    meter::Meter,
    reader::RowStream,
    types::Schema,
};

/// Where a result goes.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The file.
    pub path: String,
    /// Its format.
    pub format: Format,
    /// Whether to replace a file that is there.
    pub overwrite: bool,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The rows.
    pub rows: u64,
    /// The bytes of the file.
    pub bytes: u64,
}

/// Writes all rows of `stream`.
pub fn write_all(
    stream: &mut dyn RowStream,
    files: &Files,
    destination: &Destination,
    meter: &Meter<'_>,
) -> Result<Written> {
    let file = files.create(&destination.path, destination.overwrite)?;
    let mut sink = open(file, destination.format, stream.schema())?;
    let mut rows = 0;
    while let Some(batch) = stream.next(meter)? {
        rows += batch.len() as u64;
        sink.write(batch)?;
    }
    let bytes = sink.finish()?.commit()?;
    Ok(Written { rows, bytes })
}

fn open(file: NewFile, format: Format, schema: &Schema) -> Result<Box<dyn RowSink>> {
    Ok(match format {
        Format::Csv => Box::new(csv::CsvSink::new(file, b',', schema)?),
        Format::Tsv => Box::new(csv::CsvSink::new(file, b'\t', schema)?),
        Format::Json => Box::new(json::JsonSink::array(file, schema)),
        Format::Jsonl => Box::new(json::JsonSink::lines(file, schema)),
        Format::Parquet => Box::new(parquet::ParquetSink::new(file, schema)?),
    })
}
