//! Reading tables: a file becomes a schema and a stream of row batches.
//!
//! CSV and JSON carry no schema, so they are read twice: once to see what every column holds, once for the rows. Neither
//! pass holds more than a batch. A batch ends at [`BATCH_ROWS`] rows or [`BATCH_BYTES`] bytes; a row beyond
//! [`MAX_ROW_BYTES`] is refused. Nothing is skipped: a row that cannot be read ends the call with its line and column.

mod csv;
mod dialect;
mod elements;
mod json;
mod limits;
mod memory;
mod notation;
mod options;
mod parquet;
mod plan;
mod stream;
mod typed;

use std::io::Read;

pub use dialect::{Dialect, Encoding};
pub use limits::{BATCH_BYTES, BATCH_ROWS, MAX_ROW_BYTES};
pub use memory::{ExactRow, InlineRow, InlineRows, inline, open_rows};
pub use options::ReadOptions;
pub(crate) use stream::held_bytes;
pub use stream::{RowStream, Source};
pub use typed::Types;

use crate::{
    error::{Error, Result},
    files::{Files, Opened},
    format::Format,
    meter::Meter,
};

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
