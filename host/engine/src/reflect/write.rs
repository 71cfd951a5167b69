//! WIT values to JSON text.
//!
//! **Bounds.** Writing stops at the call's output limit: escapes and base64 make the text longer than the value was, so
//! the limit is kept while it is written and not after.

use std::io::{self, Write};

use base64::{engine::general_purpose::STANDARD, write::EncoderWriter};
use wasmtime::component::Val;

use super::{
    schema::{MAX_SAFE, NOT_FINITE},
    shape::{Member, Shape},
};

/// Why a value was not written.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Its text is longer than the limit.
    TooLong,
    /// It is not of the type that its function has.
    OtherType,
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Self::TooLong
    }
}

impl From<serde_json::Error> for Stop {
    fn from(_: serde_json::Error) -> Self {
        Self::TooLong
    }
}

/// Bytes up to a limit.
struct Bounded {
    bytes: Vec<u8>,
    left: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The JSON of a value, of at most `max` bytes; as the member `key` of an object, if one is given.
pub(crate) fn json(shape: &Shape, value: &Val, key: Option<&str>, max: u64) -> Result<String, Stop> {
    let mut out = Bounded { bytes: Vec::new(), left: usize::try_from(max).unwrap_or(usize::MAX) };
    if let Some(key) = key {
        out.write_all(b"{")?;
        string(&mut out, key)?;
        out.write_all(b":")?;
    }
    write(&mut out, shape, value)?;
    if key.is_some() {
        out.write_all(b"}")?;
    }
    String::from_utf8(out.bytes).map_err(|_| Stop::OtherType)
}

fn string(out: &mut Bounded, text: &str) -> Result<(), Stop> {
    Ok(serde_json::to_writer(out, text)?)
}

fn write(out: &mut Bounded, shape: &Shape, value: &Val) -> Result<(), Stop> {
    match (shape, value) {
        (Shape::Bool, Val::Bool(value)) => Ok(write!(out, "{value}")?),
        (Shape::Int(_), value) => integer(out, value),
        (Shape::Float32, Val::Float32(value)) if value.is_finite() => Ok(serde_json::to_writer(out, value)?),
        (Shape::Float64, Val::Float64(value)) if value.is_finite() => Ok(serde_json::to_writer(out, value)?),
        (Shape::Float32, Val::Float32(value)) => not_finite(out, f64::from(*value)),
        (Shape::Float64, Val::Float64(value)) => not_finite(out, *value),
        (Shape::Char, Val::Char(value)) => string(out, value.encode_utf8(&mut [0; 4])),
        (Shape::Text, Val::String(value)) => string(out, value),
        (Shape::Bytes, Val::List(values)) => bytes(out, values),
        (Shape::List(element), Val::List(values)) => sequence(out, values.iter().map(|value| (&**element, value))),
        (Shape::Tuple(parts), Val::Tuple(values)) if parts.len() == values.len() => {
            sequence(out, parts.iter().zip(values))
        }
        (Shape::Record { fields, .. }, Val::Record(values)) if fields.len() == values.len() => {
            record(out, fields, values)
        }
        (Shape::Variant { cases, .. }, Val::Variant(name, value)) => {
            let case = cases.iter().find(|case| *case.name == **name).ok_or(Stop::OtherType)?;
            match (&case.shape, value) {
                (None, None) => string(out, name),
                (Some(shape), Some(value)) => single(out, name, Some((shape, value))),
                _ => Err(Stop::OtherType),
            }
        }
        (Shape::Enum { .. }, Val::Enum(name)) => string(out, name),
        (Shape::Flags { .. }, Val::Flags(names)) => Ok(serde_json::to_writer(out, names)?),
        (Shape::Option(_), Val::Option(None)) => Ok(out.write_all(b"null")?),
        (Shape::Option(some), Val::Option(Some(value))) => match &**some {
            Shape::Option(_) => single(out, "some", Some((some, value))),
            some => write(out, some, value),
        },
        (Shape::Result(ok, err), Val::Result(value)) => {
            let (name, shape, value) = match value {
                Ok(value) => ("ok", ok, value),
                Err(value) => ("err", err, value),
            };
            match (shape, value) {
                (Some(shape), Some(value)) => single(out, name, Some((shape, value))),
                (None, None) => single(out, name, None),
                _ => Err(Stop::OtherType),
            }
        }
        _ => Err(Stop::OtherType),
    }
}

/// A number up to where every reader has it exactly, beyond that its digits in a string.
fn integer(out: &mut Bounded, value: &Val) -> Result<(), Stop> {
    let value: i128 = match value {
        Val::S8(value) => (*value).into(),
        Val::U8(value) => (*value).into(),
        Val::S16(value) => (*value).into(),
        Val::U16(value) => (*value).into(),
        Val::S32(value) => (*value).into(),
        Val::U32(value) => (*value).into(),
        Val::S64(value) => (*value).into(),
        Val::U64(value) => (*value).into(),
        _ => return Err(Stop::OtherType),
    };
    Ok(if value.abs() > MAX_SAFE { write!(out, "\"{value}\"") } else { write!(out, "{value}") }?)
}

fn not_finite(out: &mut Bounded, value: f64) -> Result<(), Stop> {
    let [nan, infinite, negative] = NOT_FINITE;
    string(
        out,
        if value.is_nan() {
            nan
        } else if value > 0.0 {
            infinite
        } else {
            negative
        },
    )
}

fn bytes(out: &mut Bounded, values: &[Val]) -> Result<(), Stop> {
    out.write_all(b"\"")?;
    let mut encoder = EncoderWriter::new(&mut *out, &STANDARD);
    for value in values {
        let Val::U8(byte) = value else { return Err(Stop::OtherType) };
        encoder.write_all(&[*byte])?;
    }
    encoder.finish()?;
    drop(encoder);
    Ok(out.write_all(b"\"")?)
}

fn sequence<'v>(out: &mut Bounded, values: impl Iterator<Item = (&'v Shape, &'v Val)>) -> Result<(), Stop> {
    out.write_all(b"[")?;
    for (index, (shape, value)) in values.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        write(out, shape, value)?;
    }
    Ok(out.write_all(b"]")?)
}

/// Fields that have no value are left out.
fn record(out: &mut Bounded, fields: &[Member<Shape>], values: &[(String, Val)]) -> Result<(), Stop> {
    out.write_all(b"{")?;
    let mut first = true;
    for (field, (_, value)) in fields.iter().zip(values) {
        if matches!(value, Val::Option(None)) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.write_all(b",")?;
        }
        string(out, &field.name)?;
        out.write_all(b":")?;
        write(out, &field.shape, value)?;
    }
    Ok(out.write_all(b"}")?)
}

fn single(out: &mut Bounded, name: &str, value: Option<(&Shape, &Val)>) -> Result<(), Stop> {
    out.write_all(b"{")?;
    string(out, name)?;
    out.write_all(b":")?;
    match value {
        Some((shape, value)) => write(out, shape, value)?,
        None => out.write_all(b"null")?,
    }
    Ok(out.write_all(b"}")?)
}
