//! CSV and TSV: a header line, quotes where they are needed, `\n` after every row. Null is an empty cell.

use csv::{Writer, WriterBuilder};

use super::sink::{RowSink, WRITE_BUFFER};
use crate::{
    error::{Error, Result},
    files::NewFile,
    text,
    types::Schema,
    value::Row,
};

pub(super) struct CsvSink {
    writer: Writer<NewFile>,
    path: String,
    cell: String,
}

impl CsvSink {
    pub(super) fn new(file: NewFile, delimiter: u8, schema: &Schema) -> Result<Self> {
        let path = file.path().to_owned();
        let writer = WriterBuilder::new().delimiter(delimiter).buffer_capacity(WRITE_BUFFER).from_writer(file);
        let mut sink = Self { writer, path, cell: String::new() };
        let header = schema.columns().iter().map(|column| column.name.as_str());
        sink.writer.write_record(header).map_err(|error| sink.explain(error))?;
        Ok(sink)
    }

    fn explain(&self, error: csv::Error) -> Error {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Error::io(&self.path, error),
            other => Error::format(&self.path, format!("{other:?}")),
        }
    }

    fn write_row(&mut self, row: &Row) -> csv::Result<()> {
        for value in row {
            self.cell.clear();
            text::write(value, &mut self.cell);
            self.writer.write_field(&self.cell)?;
        }
        self.writer.write_record(None::<&[u8]>)
    }
}

impl RowSink for CsvSink {
    fn write(&mut self, rows: Vec<Row>) -> Result<()> {
        for row in &rows {
            self.write_row(row).map_err(|error| self.explain(error))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<NewFile> {
        let path = self.path;
        self.writer.into_inner().map_err(|failed| Error::io(&path, failed.into_error()))
    }
}
