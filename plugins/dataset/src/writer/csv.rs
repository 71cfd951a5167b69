//! CSV and TSV: a header line, quotes where they are needed, `\n` after every row. Null is an empty cell.

use csv::{Writer, WriterBuilder};
use schemars::JsonSchema;
use serde::Deserialize;

use super::sink::{RowSink, WRITE_BUFFER};
use crate::{
    error::{Error, Result},
    files::NewFile,
    text,
    types::Schema,
    value::{Row, Value},
};

/// A word for null is written into every cell without a value: a long one would make a small table a large file.
const MAX_NULL: usize = 32;

/// How a csv or tsv file is to be written, where it is not as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvOutput {
    /// Whether the first line names the columns; true if not given.
    #[serde(default)]
    pub header: Option<bool>,
    /// The character between cells, as `;`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub delimiter: Option<String>,
    /// The word for null, as `NA`.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub null: Option<String>,
}

impl CsvOutput {
    fn delimiter(&self, usual: u8) -> Result<u8> {
        match self.delimiter.as_deref().map(str::as_bytes) {
            None => Ok(usual),
            Some([byte]) if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | b'"' | 0) => Ok(*byte),
            Some(_) => Err(Error::invalid("`delimiter` of the csv output is one ASCII character, and not `\"`")),
        }
    }

    fn null(&self) -> Result<String> {
        match &self.null {
            Some(word) if word.len() > MAX_NULL => {
                Err(Error::invalid(format!("`null` of the csv output has at most {MAX_NULL} bytes")))
            }
            word => Ok(word.clone().unwrap_or_default()),
        }
    }
}

pub(super) struct CsvSink {
    writer: Writer<NewFile>,
    path: String,
    cell: String,
    null: String,
}

impl CsvSink {
    /// `usual` is the format's delimiter.
    pub(super) fn new(file: NewFile, usual: u8, output: &CsvOutput, schema: &Schema) -> Result<Self> {
        let (path, delimiter, null) = (file.path().to_owned(), output.delimiter(usual)?, output.null()?);
        let writer = WriterBuilder::new().delimiter(delimiter).buffer_capacity(WRITE_BUFFER).from_writer(file);
        let mut sink = Self { writer, path, cell: String::new(), null };
        if output.header.unwrap_or(true) {
            let header = schema.columns().iter().map(|column| column.name.as_str());
            sink.writer.write_record(header).map_err(|error| sink.explain(error))?;
        }
        Ok(sink)
    }

    fn explain(&self, error: csv::Error) -> Error {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Error::io(&self.path, error),
            other => Error::format(&self.path, format!("{other:?}")),
        }
    }

    fn write_row(&mut self, row: &Row) -> Result<()> {
        for value in row {
            self.cell.clear();
            if matches!(value, Value::Null) {
                self.cell.push_str(&self.null);
            } else {
                text::write(value, &mut self.cell);
                if !self.null.is_empty() && self.cell == self.null {
                    return Err(Error::invalid(format!(
                        "a cell has the text `{}`, which is to stand for null: choose another `null`",
                        self.null
                    )));
                }
            }
            self.writer.write_field(&self.cell).map_err(|error| self.explain(error))?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(|error| self.explain(error))
    }
}

impl RowSink for CsvSink {
    fn write(&mut self, rows: Vec<Row>) -> Result<()> {
        rows.iter().try_for_each(|row| self.write_row(row))
    }

    fn finish(self: Box<Self>) -> Result<NewFile> {
        let path = self.path;
        self.writer.into_inner().map_err(|failed| Error::io(&path, failed.into_error()))
    }
}
