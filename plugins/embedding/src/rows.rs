//! JSON Lines files, line by line.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
};

use serde_json::{Map, Value};
use tandem_granted_folders::{self as folders, Location};

use crate::{
    fault::{Fault, Result},
    limits::{BUFFER_BYTES, MAX_LINE_BYTES, MAX_ROWS, MAX_ROWS_BYTES},
};

/// The lines of a file that are not blank.
pub(crate) struct Lines {
    file: BufReader<File>,
    path: String,
    line: Vec<u8>,
    number: u64,
    rows: u64,
}

impl Lines {
    /// Opens the file at a location, the value of `argument`.
    pub(crate) fn open(argument: &str, location: &Location) -> Result<Self> {
        let (file, length) = folders::open(argument, location)?;
        if length > MAX_ROWS_BYTES {
            return Err(Fault::limit(
                &location.path,
                format_args!("it has {length} bytes and a file of rows at most {MAX_ROWS_BYTES}"),
            ));
        }
        let file = BufReader::with_capacity(BUFFER_BYTES, file);
        Ok(Self { file, path: location.path.clone(), line: Vec::new(), number: 0, rows: 0 })
    }

    /// The next line as it stands, with its line end.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>> {
        loop {
            self.line.clear();
            let most = MAX_LINE_BYTES as u64 + 1;
            let read = self.file.by_ref().take(most).read_until(b'\n', &mut self.line);
            if read.map_err(|error| Fault::io(&self.path, error))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.line.len() > MAX_LINE_BYTES {
                return Err(self.limit(format_args!("has more than {MAX_LINE_BYTES} bytes, the bound of a row")));
            }
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        self.rows += 1;
        if self.rows > MAX_ROWS {
            return Err(self.limit(format_args!("is beyond {MAX_ROWS} rows, the bound of a file: split it")));
        }
        Ok(Some(&self.line))
    }

    /// The next line as a row.
    pub(crate) fn row(&mut self) -> Result<Option<Map<String, Value>>> {
        if self.next()?.is_none() {
            return Ok(None);
        }
        self.parse().map(Some)
    }

    /// The line that [`Self::next`] gave, as a row.
    pub(crate) fn parse(&self) -> Result<Map<String, Value>> {
        serde_json::from_slice(&self.line)
            .map_err(|error| self.damaged(format_args!("is not a JSON object: {error}: give a JSON Lines file")))
    }

    /// What is wrong with the last line.
    pub(crate) fn damaged(&self, what: impl std::fmt::Display) -> Fault {
        Fault::damaged(&self.path, format_args!("line {} {what}", self.number))
    }

    fn limit(&self, what: impl std::fmt::Display) -> Fault {
        Fault::limit(&self.path, format_args!("line {} {what}", self.number))
    }
}

/// The text in a column of a row.
pub(crate) fn text_of<'r>(lines: &Lines, row: &'r Map<String, Value>, column: &str) -> Result<&'r str> {
    match row.get(column) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => {
            Err(lines.damaged(format_args!("has no text in `{column}`: name a column of texts in `text_column`")))
        }
        None => {
            let names: Vec<_> = row.keys().take(20).map(String::as_str).collect();
            Err(lines.damaged(format_args!(
                "has no column `{column}`: name one in `text_column`; the columns are {}",
                names.join(", ")
            )))
        }
    }
}
