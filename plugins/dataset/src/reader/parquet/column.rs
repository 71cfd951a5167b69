//! One flat column of a row group, read batch by batch.

use parquet::{
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::{ByteArray, DataType as Physical, FixedLenByteArray, Int96},
};

use super::decode::Decode;
use crate::value::{Row, Value};

/// Where the reading of a column is.
pub(super) struct ColumnCursor {
    name: String,
    reader: ColumnReader,
    max_def_level: i16,
    decode: Decode,
    place: usize,
}

impl ColumnCursor {
    pub(super) fn new(name: String, reader: ColumnReader, max_def_level: i16, decode: Decode, place: usize) -> Self {
        Self { name, reader, max_def_level, decode, place }
    }

    /// Reads one value for each row, into its place.
    pub(super) fn fill(&mut self, rows: &mut [Row]) -> Result<(), String> {
        let target = Target { max_def_level: self.max_def_level, place: self.place, rows };
        let decode = &self.decode;
        let filled = match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => target.fill(reader, |flag: &bool| Ok(Value::Bool(*flag))),
            ColumnReader::Int32ColumnReader(reader) => target.fill(reader, |number| decode.int32(*number)),
            ColumnReader::Int64ColumnReader(reader) => target.fill(reader, |number| decode.int64(*number)),
            ColumnReader::Int96ColumnReader(reader) => target.fill(reader, |time: &Int96| Ok(decode.int96(time))),
            ColumnReader::FloatColumnReader(reader) => {
                target.fill(reader, |number: &f32| Ok(Value::Float(f64::from(*number))))
            }
            ColumnReader::DoubleColumnReader(reader) => target.fill(reader, |number: &f64| Ok(Value::Float(*number))),
            ColumnReader::ByteArrayColumnReader(reader) => {
                target.fill(reader, |bytes: &ByteArray| decode.bytes(bytes.data()))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                target.fill(reader, |bytes: &FixedLenByteArray| decode.bytes(bytes.data()))
            }
        };
        filled.map_err(|problem| format!("column `{}`: {problem}", self.name))
    }
}

struct Target<'a> {
    max_def_level: i16,
    place: usize,
    rows: &'a mut [Row],
}

impl Target<'_> {
    fn fill<P: Physical>(
        self,
        reader: &mut ColumnReaderImpl<P>,
        decode: impl Fn(&P::T) -> Result<Value, String>,
    ) -> Result<(), String> {
        let wanted = self.rows.len();
        let (mut levels, mut values) = (Vec::with_capacity(wanted), Vec::with_capacity(wanted));
        let (records, ..) =
            reader.read_records(wanted, Some(&mut levels), None, &mut values).map_err(|error| error.to_string())?;
        if records != wanted {
            return Err("it ends before the row group does".to_owned());
        }
        let mut values = values.iter();
        for (at, row) in self.rows.iter_mut().enumerate() {
            let present = self.max_def_level == 0 || levels.get(at) == Some(&self.max_def_level);
            if let (true, Some(slot)) = (present, row.get_mut(self.place)) {
                let value = values.next().ok_or("it has fewer values than it says")?;
                *slot = decode(value)?;
            }
        }
        Ok(())
    }
}
