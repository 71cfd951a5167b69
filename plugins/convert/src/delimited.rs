//! CSV as rows.

use tandem_sdk::prelude::*;

use crate::call::Call;
use crate::cells::{Cell, Sink};
use crate::limits::{MAX_CELLS, MAX_SHEET_COLUMNS};

/// Rows between two reports of progress.
const ROWS_A_REPORT: u64 = 10_000;

/// Writes each record to `sink`. The delimiter is the one of `,`, `;` and tab that the first line has most.
pub(crate) fn read(call: Call<'_>, path: &str, text: &str, sink: &mut dyn Sink) -> Result<()> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let delimiter = delimiter(first);
    // Each becomes a cell, also those of one endless line.
    let count = text.bytes().filter(|byte| *byte == delimiter || *byte == b'\n').count() as u64;
    if count > MAX_CELLS {
        return Err(Error::invalid_arguments(format!(
            "path: `{path}` has {count} delimiters and line ends; at most {MAX_CELLS} are read"
        )));
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let (mut record, mut row, mut cells) = (csv::StringRecord::new(), 0_u64, Vec::new());
    let failed = |error: csv::Error| Error::invalid_arguments(format!("path: `{path}`: {error}"));
    while reader.read_record(&mut record).map_err(failed)? {
        row += 1;
        if record.len() > MAX_SHEET_COLUMNS {
            return Err(Error::invalid_arguments(format!(
                "path: `{path}`, row {row}: {} columns; at most {MAX_SHEET_COLUMNS} are read",
                record.len()
            )));
        }
        if row.is_multiple_of(ROWS_A_REPORT) {
            call.check()?;
            call.progress(row as f64, None, "rows");
        }
        cells.clear();
        cells.extend(record.iter().map(Cell::guess));
        sink.row(&cells)?;
    }
    Ok(())
}

fn delimiter(line: &str) -> u8 {
    let count = |mark: u8| line.bytes().filter(|byte| *byte == mark).count();
    // The first of equals.
    [b'\t', b';', b','].into_iter().max_by_key(|mark| count(*mark)).unwrap_or(b',')
}
