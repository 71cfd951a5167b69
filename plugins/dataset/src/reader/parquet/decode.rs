//! What the stored values of a flat column mean.

use parquet::{
    basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical},
    data_type::Int96,
    schema::types::ColumnDescriptor,
};
use serde_json::value::RawValue;

use crate::{json, types::DataType, value::Value};

/// Days from the Julian day 0 to 1970-01-01.
const JULIAN_EPOCH: i64 = 2_440_588;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// How stored values become ours.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Decode {
    Bool,
    Int,
    Unsigned,
    Float,
    Half,
    Date,
    /// Instants if `utc`, else times without a zone; in parts of a second.
    Time {
        utc: bool,
        per_second: i64,
    },
    /// A time of day, in parts of a second.
    TimeOfDay {
        per_second: i64,
    },
    Decimal {
        scale: usize,
    },
    Text,
    Json,
    Uuid,
    /// Lists, maps and structures.
    Nested,
    /// It cannot be read, and why.
    Refused(String),
}

impl Decode {
    /// How to decode a leaf column.
    pub(super) fn of(leaf: &ColumnDescriptor) -> Result<Self, String> {
        let decimal = |scale: i32| {
            usize::try_from(scale)
                .map(|scale| Self::Decimal { scale })
                .map_err(|_| "a decimal of negative scale".to_owned())
        };
        if let Some(logical) = leaf.logical_type_ref() {
            return match logical {
                LogicalType::String | LogicalType::Enum => Ok(Self::Text),
                LogicalType::Decimal(decimal_type) => decimal(decimal_type.scale),
                LogicalType::Date => Ok(Self::Date),
                LogicalType::Time(time) => Ok(Self::TimeOfDay { per_second: per_second(time.unit) }),
                LogicalType::Timestamp(time) => {
                    Ok(Self::Time { utc: time.is_adjusted_to_u_t_c, per_second: per_second(time.unit) })
                }
                LogicalType::Integer(integer) => Ok(if integer.is_signed { Self::Int } else { Self::Unsigned }),
                LogicalType::Json => Ok(Self::Json),
                LogicalType::Uuid => Ok(Self::Uuid),
                LogicalType::Float16 => Ok(Self::Half),
                LogicalType::Unknown => Self::physical(leaf.physical_type()),
                other => Err(format!("values of the type {other:?} cannot be read")),
            };
        }
        match leaf.converted_type() {
            ConvertedType::NONE => Self::physical(leaf.physical_type()),
            ConvertedType::UTF8 | ConvertedType::ENUM => Ok(Self::Text),
            ConvertedType::DECIMAL => decimal(leaf.type_scale()),
            ConvertedType::DATE => Ok(Self::Date),
            ConvertedType::TIME_MILLIS => Ok(Self::TimeOfDay { per_second: 1_000 }),
            ConvertedType::TIME_MICROS => Ok(Self::TimeOfDay { per_second: 1_000_000 }),
            ConvertedType::TIMESTAMP_MILLIS => Ok(Self::Time { utc: true, per_second: 1_000 }),
            ConvertedType::TIMESTAMP_MICROS => Ok(Self::Time { utc: true, per_second: 1_000_000 }),
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
                Ok(Self::Unsigned)
            }
            ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32 | ConvertedType::INT_64 => {
                Ok(Self::Int)
            }
            ConvertedType::JSON => Ok(Self::Json),
            other => Err(format!("values of the type {other} cannot be read")),
        }
    }

    fn physical(physical: Physical) -> Result<Self, String> {
        Ok(match physical {
            Physical::BOOLEAN => Self::Bool,
            Physical::INT32 | Physical::INT64 => Self::Int,
            Physical::INT96 => Self::Time { utc: false, per_second: NANOS_PER_SECOND },
            Physical::FLOAT | Physical::DOUBLE => Self::Float,
            // Writers of old did not mark text as text.
            Physical::BYTE_ARRAY => Self::Text,
            Physical::FIXED_LEN_BYTE_ARRAY => return Err("binary values cannot be read".to_owned()),
        })
    }

    /// Whether the column has at most one value a row.
    pub(super) fn is_flat(&self) -> bool {
        *self != Self::Nested
    }

    /// What a column of these values holds.
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Self::Bool => DataType::Bool,
            Self::Int => DataType::Int64,
            Self::Unsigned => DataType::Uint64,
            Self::Float | Self::Half => DataType::Float64,
            Self::Date => DataType::Date,
            Self::Time { utc: true, .. } => DataType::Timestamp,
            Self::Time { utc: false, .. } => DataType::Datetime,
            Self::TimeOfDay { .. } | Self::Decimal { .. } | Self::Text | Self::Uuid => DataType::String,
            Self::Json | Self::Nested | Self::Refused(_) => DataType::Json,
        }
    }

    pub(super) fn int32(&self, number: i32) -> Result<Value, String> {
        match self {
            Self::Date => Ok(Value::Date(number)),
            Self::Unsigned => Ok(Value::Int(i64::from(number.cast_unsigned()))),
            _ => self.int64(i64::from(number)),
        }
    }

    pub(super) fn int64(&self, number: i64) -> Result<Value, String> {
        Ok(match self {
            Self::Unsigned => Value::from(number.cast_unsigned()),
            Self::Time { utc, per_second } => time(number, *per_second, *utc),
            Self::TimeOfDay { per_second } => Value::from(time_of_day(number, *per_second).as_str()),
            Self::Decimal { scale } => Value::from(decimal(i128::from(number), *scale).as_str()),
            _ => Value::Int(number),
        })
    }

    pub(super) fn int96(&self, stored: &Int96) -> Value {
        let [low, high, day] = stored.data() else { return Value::Null };
        let nanos = (u64::from(*high) << 32 | u64::from(*low)).cast_signed();
        let seconds = (i64::from(*day) - JULIAN_EPOCH) * 86_400 + nanos.div_euclid(NANOS_PER_SECOND);
        Value::DateTime(seconds, u32::try_from(nanos.rem_euclid(NANOS_PER_SECOND)).unwrap_or(0))
    }

    pub(super) fn bytes(&self, bytes: &[u8]) -> Result<Value, String> {
        match self {
            Self::Decimal { scale } => {
                let number = big_endian(bytes).ok_or("a decimal of more than 128 bits cannot be read")?;
                Ok(Value::from(decimal(number, *scale).as_str()))
            }
            Self::Uuid => Ok(Value::from(uuid(bytes).as_str())),
            Self::Half => match bytes {
                [low, high] => Ok(Value::Float(half(u16::from_le_bytes([*low, *high])))),
                _ => Err("a 16-bit number does not have 16 bits".to_owned()),
            },
            _ => {
                let text = str::from_utf8(bytes).map_err(|_| "it holds bytes that are not text (UTF-8)")?;
                if *self == Self::Json {
                    let raw: &RawValue = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
                    return Ok(json::from_raw(raw.get()));
                }
                Ok(Value::from(text))
            }
        }
    }
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => NANOS_PER_SECOND,
    }
}

/// A time that is counted in parts of a second since 1970.
pub(super) fn time(number: i64, per_second: i64, utc: bool) -> Value {
    let nanos = number.rem_euclid(per_second) * (NANOS_PER_SECOND / per_second);
    let (seconds, nanos) = (number.div_euclid(per_second), u32::try_from(nanos).unwrap_or(0));
    if utc { Value::Timestamp(seconds, nanos) } else { Value::DateTime(seconds, nanos) }
}

/// `HH:MM:SS` with as many decimals as are stored.
pub(super) fn time_of_day(number: i64, per_second: i64) -> String {
    let (seconds, part) = (number.div_euclid(per_second), number.rem_euclid(per_second));
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let digits = per_second.ilog10() as usize;
    if part == 0 { clock } else { format!("{clock}.{part:0digits$}") }
}

/// The number with its last `scale` digits behind the point.
pub(super) fn decimal(number: i128, scale: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A two's complement number, most significant byte first.
pub(super) fn big_endian(bytes: &[u8]) -> Option<i128> {
    let first = bytes.first()?;
    let sign = if *first >= 0x80 { -1 } else { 0 };
    (bytes.len() <= 16).then(|| bytes.iter().fold(sign, |number, byte| number << 8 | i128::from(*byte)))
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The value of an IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
    sign * match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
    }
}
