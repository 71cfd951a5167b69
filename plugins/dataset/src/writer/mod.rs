//! Writing tables: rows go in batch by batch, a complete file comes out or none.

mod csv;
mod json;
mod parquet;
mod sink;

pub use self::csv::CsvOutput;
use self::{csv::CsvSink, sink::RowSink};
use crate::{
    error::{Error, Result},
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
    /// How it is written, where it is csv or tsv.
    pub csv: Option<CsvOutput>,
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
    let csv = match (&destination.csv, destination.format) {
        (csv, Format::Csv | Format::Tsv) => csv.clone().unwrap_or_default(),
        (None, _) => CsvOutput::default(),
        (Some(_), _) => {
            return Err(Error::invalid(format!(
                "`csv` is for csv and tsv, and {} is written in neither",
                destination.path
            )));
        }
    };
    let file = files.create(&destination.path, destination.overwrite)?;
    let mut sink = open(file, destination.format, &csv, stream.schema())?;
    let mut rows = 0;
    while let Some(batch) = stream.next(meter)? {
        rows += batch.len() as u64;
        sink.write(batch)?;
    }
    let bytes = sink.finish()?.commit()?;
    Ok(Written { rows, bytes })
}

fn open(file: NewFile, format: Format, csv: &CsvOutput, schema: &Schema) -> Result<Box<dyn RowSink>> {
    Ok(match format {
        Format::Csv => Box::new(CsvSink::new(file, b',', csv, schema)?),
        Format::Tsv => Box::new(CsvSink::new(file, b'\t', csv, schema)?),
        Format::Json => Box::new(json::JsonSink::array(file, schema)),
        Format::Jsonl => Box::new(json::JsonSink::lines(file, schema)),
        Format::Parquet => Box::new(parquet::ParquetSink::new(file, schema)?),
    })
}
