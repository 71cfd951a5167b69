//! Lists, maps and structures, as JSON.

use parquet::{
    basic::ConvertedType,
    data_type::Decimal,
    errors::Result as ParquetResult,
    file::reader::RowGroupReader,
    record::{
        Field,
        reader::{ReaderIter, TreeBuilder},
    },
    schema::types::{SchemaDescPtr, SchemaDescriptor},
};

use super::{
    super::limits::BATCH_ROWS,
    decode::{Decode, big_endian, decimal, time, time_of_day},
};
use crate::{json, text, value::Value};

/// Whether the leaves of a nested column can be read.
pub(super) fn decode(descriptor: &SchemaDescriptor, leaves: std::ops::Range<usize>) -> Result<Decode, String> {
    for leaf in leaves {
        let leaf = descriptor.column(leaf);
        if matches!(leaf.converted_type(), ConvertedType::INTERVAL | ConvertedType::BSON) {
            return Err(format!("values of the type {} cannot be read", leaf.converted_type()));
        }
    }
    Ok(Decode::Nested)
}

/// The rows of a row group that hold only nested columns.
pub(super) fn rows(descriptor: SchemaDescPtr, group: &dyn RowGroupReader) -> ParquetResult<ReaderIter> {
    TreeBuilder::new().with_batch_size(BATCH_ROWS).as_iter(descriptor, group)
}

/// The value of one field.
pub(super) fn value(field: &Field) -> Result<Value, String> {
    if *field == Field::Null {
        return Ok(Value::Null);
    }
    let mut out = String::new();
    write(field, &mut out)?;
    Ok(json::from_raw(&out))
}

fn write(field: &Field, out: &mut String) -> Result<(), String> {
    let scalar = match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => Value::Bool(*flag),
        Field::Byte(number) => Value::Int(i64::from(*number)),
        Field::Short(number) => Value::Int(i64::from(*number)),
        Field::Int(number) => Value::Int(i64::from(*number)),
        Field::Long(number) => Value::Int(*number),
        Field::UByte(number) => Value::Int(i64::from(*number)),
        Field::UShort(number) => Value::Int(i64::from(*number)),
        Field::UInt(number) => Value::Int(i64::from(*number)),
        Field::ULong(number) => Value::from(*number),
        Field::Float16(number) => Value::Float(number.to_f64()),
        Field::Float(number) => Value::Float(f64::from(*number)),
        Field::Double(number) => Value::Float(*number),
        Field::Decimal(number) => Value::from(decimal_text(number)?.as_str()),
        Field::Str(text) => Value::from(text.as_str()),
        Field::Bytes(bytes) => {
            Value::from(bytes.as_utf8().map_err(|_| "it holds bytes that are not text (UTF-8)".to_owned())?)
        }
        Field::Date(days) => Value::Date(*days),
        Field::TimeMillis(number) => Value::from(time_of_day(i64::from(*number), 1_000).as_str()),
        Field::TimeMicros(number) => Value::from(time_of_day(*number, 1_000_000).as_str()),
        Field::TimestampMillis(number) => time(*number, 1_000, true),
        Field::TimestampMicros(number) => time(*number, 1_000_000, true),
        Field::Group(row) => {
            return write_members(row.get_column_iter().map(|(name, field)| (name.clone(), field)), out);
        }
        Field::ListInternal(list) => return write_list(list.elements().iter(), out),
        Field::MapInternal(map) => {
            let mut members = Vec::with_capacity(map.len());
            for (key, field) in map.entries() {
                let name = match key {
                    Field::Str(name) => name.clone(),
                    other => text::display(&value(other)?),
                };
                members.push((name, field));
            }
            return write_members(members.into_iter(), out);
        }
    };
    json::write(&scalar, out);
    Ok(())
}

fn write_members<'a>(members: impl Iterator<Item = (String, &'a Field)>, out: &mut String) -> Result<(), String> {
    out.push('{');
    for (at, (name, field)) in members.enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::write(&Value::from(name.as_str()), out);
        out.push(':');
        write(field, out)?;
    }
    out.push('}');
    Ok(())
}

fn write_list<'a>(elements: impl Iterator<Item = &'a Field>, out: &mut String) -> Result<(), String> {
    out.push('[');
    for (at, field) in elements.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(field, out)?;
    }
    out.push(']');
    Ok(())
}

fn decimal_text(number: &Decimal) -> Result<String, String> {
    let scale = usize::try_from(number.scale()).map_err(|_| "a decimal of negative scale".to_owned())?;
    let unscaled = big_endian(number.data()).ok_or("a decimal of more than 128 bits cannot be read")?;
    Ok(decimal(unscaled, scale))
}
