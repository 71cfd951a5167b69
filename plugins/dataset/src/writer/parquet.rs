//! Parquet: row groups of a bounded size, snappy, every column optional.
//!
//! Columns of mixed or nested values are written as JSON text and marked so. Timestamps are in microseconds, or in
//! nanoseconds where a value needs it, which is decided by the first row group: a finer value later is refused.

use std::sync::Arc;

use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType as Stored, DoubleType, Int32Type, Int64Type},
    errors::{ParquetError, Result as ParquetResult},
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::{Type, TypePtr},
};

use super::sink::RowSink;
use crate::{
    error::{Error, Result},
    files::NewFile,
    json,
    reader::held_bytes,
    text,
    types::{Column, DataType, Schema},
    value::{Row, Value},
};

/// A row group is written when it has this many rows ...
const GROUP_ROWS: usize = 128 << 10;
/// ... or takes about this much memory. Its rows, its encoded columns and one column's values are in memory together.
const GROUP_BYTES: usize = 8 << 20;
/// Columns are encoded in pieces of this many rows.
const PIECE_ROWS: usize = 8 << 10;

/// What the library says; of what it met in the file system, that.
fn failed(path: &str, error: ParquetError) -> Error {
    let error = match error {
        ParquetError::External(source) => source,
        other => return Error::format(path, other),
    };
    match error.downcast::<std::io::Error>() {
        Ok(source) => Error::io(path, *source),
        Err(other) => Error::format(path, other),
    }
}

pub(super) struct ParquetSink {
    path: String,
    columns: Vec<Column>,
    rows: Vec<Row>,
    bytes: usize,
    state: State,
}

/// The file is begun with its first row group, whose values settle the unit of each timestamp column.
enum State {
    Waiting(Box<NewFile>),
    Begun { writer: Box<SerializedFileWriter<NewFile>>, nanos: Vec<bool> },
    Failed,
}

impl ParquetSink {
    pub(super) fn new(file: NewFile, schema: &Schema) -> Result<Self> {
        if schema.is_empty() {
            return Err(Error::invalid("a parquet file needs at least one column"));
        }
        let (path, columns) = (file.path().to_owned(), schema.columns().to_vec());
        Ok(Self { path, columns, rows: Vec::new(), bytes: 0, state: State::Waiting(Box::new(file)) })
    }

    fn begin(&mut self) -> Result<()> {
        if !matches!(self.state, State::Waiting(_)) {
            return Ok(());
        }
        let State::Waiting(file) = std::mem::replace(&mut self.state, State::Failed) else { return Ok(()) };
        let nanos: Vec<bool> =
            (0..self.columns.len()).map(|at| self.rows.iter().any(|row| needs_nanos(row.get(at)))).collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_created_by(concat!("tandem dataset ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = message(&self.columns, &nanos)
            .and_then(|message| SerializedFileWriter::new(*file, message, Arc::new(properties)))
            .map_err(|error| failed(&self.path, error))?;
        self.state = State::Begun { writer: Box::new(writer), nanos };
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.begin()?;
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let State::Begun { writer, nanos } = &mut self.state else {
            return Err(Error::format(&self.path, "writing failed before"));
        };
        if rows.is_empty() {
            return Ok(());
        }
        let failed = |error| failed(&self.path, error);
        let mut group = writer.next_row_group().map_err(failed)?;
        for (at, (column, nanos)) in self.columns.iter().zip(nanos).enumerate() {
            let Some(mut target) = group.next_column().map_err(failed)? else { break };
            for piece in rows.chunks(PIECE_ROWS) {
                write_piece(&mut target, piece, at, column.data_type, *nanos)
                    .map_err(|problem| Error::format(&self.path, format!("column `{}`: {problem}", column.name)))?;
            }
            target.close().map_err(failed)?;
        }
        group.close().map_err(failed)?;
        Ok(())
    }
}

impl RowSink for ParquetSink {
    fn write(&mut self, rows: Vec<Row>) -> Result<()> {
        for row in rows {
            self.bytes += held_bytes(&row);
            self.rows.push(row);
            if self.rows.len() >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<NewFile> {
        self.flush()?;
        match self.state {
            State::Begun { writer, .. } => writer.into_inner().map_err(|error| failed(&self.path, error)),
            State::Waiting(_) | State::Failed => Err(Error::format(&self.path, "writing failed before")),
        }
    }
}

fn needs_nanos(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Timestamp(_, nanos) | Value::DateTime(_, nanos)) if nanos % 1_000 != 0)
}

/// The schema of the file.
fn message(columns: &[Column], nanos: &[bool]) -> ParquetResult<TypePtr> {
    let fields = columns.iter().zip(nanos).map(|(column, nanos)| {
        let unit = if *nanos { TimeUnit::NANOS } else { TimeUnit::MICROS };
        let (physical, logical) = match column.data_type {
            DataType::Bool => (Physical::BOOLEAN, None),
            DataType::Int64 => (Physical::INT64, None),
            DataType::Uint64 => (Physical::INT64, Some(LogicalType::integer(64, false))),
            DataType::Float64 => (Physical::DOUBLE, None),
            DataType::Date => (Physical::INT32, Some(LogicalType::Date)),
            DataType::Timestamp => (Physical::INT64, Some(LogicalType::timestamp(true, unit))),
            DataType::Datetime => (Physical::INT64, Some(LogicalType::timestamp(false, unit))),
            DataType::String | DataType::Null => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            DataType::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        };
        Type::primitive_type_builder(&column.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    });
    let fields = fields.collect::<ParquetResult<Vec<_>>>()?;
    Type::group_type_builder("table").with_fields(fields).build().map(Arc::new)
}

fn write_piece(
    target: &mut SerializedColumnWriter<'_>,
    rows: &[Row],
    at: usize,
    data_type: DataType,
    nanos: bool,
) -> Result<(), String> {
    let piece = Piece { rows, at };
    match data_type {
        DataType::Bool => piece.write::<BoolType>(target, |value| match value {
            Value::Bool(flag) => Ok(*flag),
            other => Err(unfit(other)),
        }),
        DataType::Int64 => piece.write::<Int64Type>(target, |value| match value {
            Value::Int(number) => Ok(*number),
            other => Err(unfit(other)),
        }),
        DataType::Uint64 => piece.write::<Int64Type>(target, |value| match value {
            Value::Int(number) if *number >= 0 => Ok(*number),
            Value::UInt(number) => Ok(number.cast_signed()),
            other => Err(unfit(other)),
        }),
        DataType::Float64 => piece.write::<DoubleType>(target, |value| value.as_float().ok_or_else(|| unfit(value))),
        DataType::Date => piece.write::<Int32Type>(target, |value| match value {
            Value::Date(days) => Ok(*days),
            other => Err(unfit(other)),
        }),
        DataType::Timestamp | DataType::Datetime => piece.write::<Int64Type>(target, |value| match value {
            Value::Timestamp(seconds, part) | Value::DateTime(seconds, part) => stored_time(*seconds, *part, nanos),
            other => Err(unfit(other)),
        }),
        DataType::String | DataType::Null => {
            piece.write::<ByteArrayType>(target, |value| Ok(ByteArray::from(text::display(value).into_bytes())))
        }
        DataType::Json => piece.write::<ByteArrayType>(target, |value| {
            let mut raw = String::new();
            json::write(value, &mut raw);
            Ok(ByteArray::from(raw.into_bytes()))
        }),
    }
}

/// Some rows of one column.
struct Piece<'a> {
    rows: &'a [Row],
    at: usize,
}

impl Piece<'_> {
    fn write<P: Stored>(
        &self,
        target: &mut SerializedColumnWriter<'_>,
        store: impl Fn(&Value) -> Result<P::T, String>,
    ) -> Result<(), String> {
        let mut levels = Vec::with_capacity(self.rows.len());
        let mut values = Vec::with_capacity(self.rows.len());
        for row in self.rows {
            match row.get(self.at) {
                None | Some(Value::Null) => levels.push(0),
                Some(value) => {
                    levels.push(1);
                    values.push(store(value)?);
                }
            }
        }
        target.typed::<P>().write_batch(&values, Some(&levels), None).map(drop).map_err(|error| error.to_string())
    }
}

fn unfit(value: &Value) -> String {
    format!("a {} value does not fit the column's type", value.data_type().name())
}

fn stored_time(seconds: i64, part: u32, nanos: bool) -> Result<i64, String> {
    let (per_second, part) = match (nanos, part % 1_000) {
        (true, _) => (1_000_000_000, i64::from(part)),
        (false, 0) => (1_000_000, i64::from(part / 1_000)),
        (false, _) => {
            return Err(
                "a later value has nanoseconds where the first ones have microseconds: cast the column to string"
                    .into(),
            );
        }
    };
    seconds
        .checked_mul(per_second)
        .and_then(|whole| whole.checked_add(part))
        .ok_or_else(|| "a timestamp is beyond what parquet holds: cast the column to string".to_owned())
}
