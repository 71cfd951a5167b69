//! JSON (an array with one object a line) and JSON Lines.

use std::io::Write;

use super::sink::{RowSink, WRITE_BUFFER};
use crate::{
    error::{Error, Result},
    files::NewFile,
    json::ObjectWriter,
    types::Schema,
    value::Row,
};

pub(super) struct JsonSink {
    file: NewFile,
    objects: ObjectWriter,
    /// What is not written yet.
    out: String,
    begin: &'static str,
    between: &'static str,
    end: &'static str,
    rows: u64,
}

impl JsonSink {
    pub(super) fn array(file: NewFile, schema: &Schema) -> Self {
        Self::new(file, schema, ["[\n", ",\n", "\n]\n"])
    }

    pub(super) fn lines(file: NewFile, schema: &Schema) -> Self {
        Self::new(file, schema, ["", "\n", "\n"])
    }

    fn new(file: NewFile, schema: &Schema, [begin, between, end]: [&'static str; 3]) -> Self {
        Self { file, objects: ObjectWriter::new(schema), out: String::new(), begin, between, end, rows: 0 }
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.file.write_all(self.out.as_bytes());
        self.out.clear();
        written.map_err(|error| Error::io(self.file.path(), error))
    }
}

impl RowSink for JsonSink {
    fn write(&mut self, rows: Vec<Row>) -> Result<()> {
        for row in &rows {
            self.out.push_str(if self.rows == 0 { self.begin } else { self.between });
            self.objects.write(row, &mut self.out);
            self.rows += 1;
            if self.out.len() >= WRITE_BUFFER {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<NewFile> {
        match (self.rows, self.begin.is_empty()) {
            (0, true) => {}
            (0, false) => self.out.push_str("[]\n"),
            _ => self.out.push_str(self.end),
        }
        self.flush()?;
        Ok(self.file)
    }
}
