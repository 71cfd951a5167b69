//! One cell: its kinds, how two compare, and when two are the same key.
//!
//! Integers are exact over the whole range of `i64` and `u64`; comparing an integer with a float is exact too.

use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

use crate::{meter::BLOCK_OVERHEAD, types::DataType};

/// One cell.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer of the `i64` range.
    Int(i64),
    /// An integer above the `i64` range; smaller ones are always [`Value::Int`].
    UInt(u64),
    /// A binary64 number, NaN and infinities included.
    Float(f64),
    /// The same, finite, with the text that it had in a text format: `1.10`, `1E5`. It only matters where text is
    /// written.
    Decimal(f64, Box<str>),
    /// Days since 1970-01-01.
    Date(i32),
    /// An instant: seconds since 1970-01-01T00:00:00Z and nanoseconds after them.
    Timestamp(i64, u32),
    /// A date and time of no stated zone, counted as if it were UTC.
    DateTime(i64, u32),
    /// Text.
    Text(Box<str>),
    /// The JSON text of an array, an object, or a number that no other kind holds exactly.
    Json(Box<str>),
}

/// One row.
pub type Row = Vec<Value>;

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::UInt(number), Self::Int)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl Value {
    /// The integer, if it fits 64 bits.
    pub fn integer(number: i128) -> Option<Self> {
        i64::try_from(number).map(Self::Int).or_else(|_| u64::try_from(number).map(Self::UInt)).ok()
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as an integer, if it is one.
    pub fn as_integer(&self) -> Option<i128> {
        match self {
            Self::Int(number) => Some(i128::from(*number)),
            Self::UInt(number) => Some(i128::from(*number)),
            _ => None,
        }
    }

    /// The value as the nearest float, if it is a number.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::UInt(number) => Some(*number as f64),
            _ => self.float(),
        }
    }

    fn float(&self) -> Option<f64> {
        match self {
            Self::Float(number) | Self::Decimal(number, _) => Some(*number),
            _ => None,
        }
    }

    /// The type of a column that holds only this.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Bool(_) => DataType::Bool,
            Self::Int(_) => DataType::Int64,
            Self::UInt(_) => DataType::Uint64,
            Self::Float(_) | Self::Decimal(..) => DataType::Float64,
            Self::Date(_) => DataType::Date,
            Self::Timestamp(..) => DataType::Timestamp,
            Self::DateTime(..) => DataType::Datetime,
            Self::Text(_) => DataType::String,
            Self::Json(_) => DataType::Json,
        }
    }

    /// About how much memory it takes.
    pub fn held_bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Text(text) | Self::Json(text) | Self::Decimal(_, text) => text.len() + BLOCK_OVERHEAD,
                _ => 0,
            }
    }

    /// Compares two values of one kind, numbers of any kind; none where they have no order (nulls, NaN, other kinds).
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Timestamp(a, x), Self::Timestamp(b, y)) | (Self::DateTime(a, x), Self::DateTime(b, y)) => {
                Some((a, x).cmp(&(b, y)))
            }
            (Self::Json(a), Self::Json(b)) => (a == b).then_some(Ordering::Equal),
            (a, b) => match (a.float(), b.float()) {
                (Some(a), Some(b)) => a.partial_cmp(&b),
                (Some(a), None) => b.as_integer().and_then(|b| compare_mixed(b, a)).map(Ordering::reverse),
                (None, Some(b)) => a.as_integer().and_then(|a| compare_mixed(a, b)),
                (None, None) => Some(a.as_integer()?.cmp(&b.as_integer()?)),
            },
        }
    }

    /// A total order for sorting: within a kind as [`Value::compare`], NaN after every number, kinds among each other in
    /// the order of their definition.
    pub fn order(&self, other: &Self) -> Ordering {
        self.compare(other).unwrap_or_else(|| {
            let nan = |value: &Self| matches!(value, Self::Float(number) if number.is_nan());
            match (self, other) {
                (Self::Json(a), Self::Json(b)) => a.cmp(b),
                (a, b) => a.rank().cmp(&b.rank()).then_with(|| nan(a).cmp(&nan(b))),
            }
        })
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) | Self::UInt(_) | Self::Float(_) | Self::Decimal(..) => 2,
            Self::Date(_) => 3,
            Self::Timestamp(..) => 4,
            Self::DateTime(..) => 5,
            Self::Text(_) => 6,
            Self::Json(_) => 7,
        }
    }
}

/// Compares without rounding the integer, which a conversion to a float would above 2^53.
fn compare_mixed(integer: i128, float: f64) -> Option<Ordering> {
    // Every 64-bit integer lies strictly between.
    const BEYOND: f64 = 36_893_488_147_419_103_232.0;
    if float.is_nan() {
        None
    } else if float >= BEYOND {
        Some(Ordering::Less)
    } else if float <= -BEYOND {
        Some(Ordering::Greater)
    } else {
        let whole = float.trunc();
        Some(integer.cmp(&(whole as i128)).then_with(|| whole.partial_cmp(&float).unwrap_or(Ordering::Equal)))
    }
}

/// Equality as keys of groups, joins and distinct rows need it: null equals null, NaN equals NaN, 1 equals 1.0.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.order(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::Null => {}
            Self::Bool(value) => value.hash(state),
            Self::Int(value) => i128::from(*value).hash(state),
            Self::UInt(value) => i128::from(*value).hash(state),
            Self::Float(value) | Self::Decimal(value, _) => match value {
                value if value.is_nan() => {}
                // Equal numbers must hash alike: a whole float as the integer that it equals.
                value if value.fract() == 0.0 => (*value as i128).hash(state),
                value => value.to_bits().hash(state),
            },
            Self::Date(days) => days.hash(state),
            Self::Timestamp(seconds, nanos) | Self::DateTime(seconds, nanos) => (seconds, nanos).hash(state),
            Self::Text(text) | Self::Json(text) => text.hash(state),
        }
    }
}
