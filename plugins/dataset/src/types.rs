//! Columns and their types, and how a type is found from the values of a column.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    text,
    value::Value,
};

/// No table may have more columns: every reader, encoder and description costs memory per column.
pub const MAX_COLUMNS: usize = 1_000;

/// What a column holds. `timestamp`: instants as `2024-01-31T10:00:00Z`; `datetime`: the same without a zone; `json`:
/// arrays, objects, or values of several types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = crate::schema::names_only)]
pub enum DataType {
    /// Only nulls.
    Null,
    /// `true` and `false`.
    Bool,
    /// Integers of the signed 64-bit range, exact.
    Int64,
    /// Integers of the unsigned 64-bit range, exact.
    Uint64,
    /// Floating-point numbers.
    Float64,
    /// Days, as `2024-01-31`.
    Date,
    /// Instants, as `2024-01-31T10:00:00Z` (RFC 3339).
    Timestamp,
    /// Date and time without a zone, as `2024-01-31T10:00:00` (ISO 8601).
    Datetime,
    /// Text.
    String,
    /// Arrays, objects, or values of several types.
    Json,
}

impl DataType {
    /// The name that callers see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int64 => "int64",
            Self::Uint64 => "uint64",
            Self::Float64 => "float64",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Datetime => "datetime",
            Self::String => "string",
            Self::Json => "json",
        }
    }

    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int64 | Self::Uint64 | Self::Float64)
    }

    /// Whether it is a date, or a date and time.
    pub fn is_time(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::Datetime)
    }

    /// The narrowest type that holds the values of both.
    pub fn unify(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Null, other) | (other, Self::Null) => other,
            (a, b) if a.is_number() && b.is_number() && (a == Self::Float64 || b == Self::Float64) => Self::Float64,
            _ => Self::Json,
        }
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, unique in the table.
    pub name: String,
    /// What it holds.
    pub data_type: DataType,
}

/// The columns of a table, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    columns: Vec<Column>,
    places: HashMap<String, usize>,
}

impl Schema {
    /// Checks the number and the names of the columns.
    pub fn new(columns: Vec<Column>) -> Result<Self> {
        let mut schema = Self::default();
        for column in columns {
            schema.push(column)?;
        }
        Ok(schema)
    }

    /// Adds a column.
    pub fn push(&mut self, column: Column) -> Result<()> {
        if self.columns.len() >= MAX_COLUMNS {
            return Err(Error::Bound(format!("a table has at most {MAX_COLUMNS} columns")));
        }
        if self.places.insert(column.name.clone(), self.columns.len()).is_some() {
            return Err(Error::invalid(format!("two columns are named `{}`: rename one", column.name)));
        }
        self.columns.push(column);
        Ok(())
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Where the column is, if there is one of that name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Where the column is and what it holds; an error that lists the columns if there is none.
    pub fn place(&self, name: &str) -> Result<(usize, DataType)> {
        let found = self.find(name).and_then(|at| self.columns.get(at).map(|column| (at, column.data_type)));
        found.ok_or_else(|| {
            let names: Vec<&str> = self.columns.iter().take(40).map(|column| column.name.as_str()).collect();
            let more = if self.len() > names.len() { ", …" } else { "" };
            Error::invalid(format!("there is no column `{name}` here: the columns are {}{more}", names.join(", ")))
        })
    }

    /// Sets what a column holds.
    pub fn set_type(&mut self, at: usize, data_type: DataType) {
        if let Some(column) = self.columns.get_mut(at) {
            column.data_type = data_type;
        }
    }
}

/// What was seen in a column so far. Only facts are kept, so that columns of any length merge into one type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen(u16);

impl Seen {
    const BOOL: u16 = 1;
    const INT: u16 = 1 << 1;
    const NEGATIVE: u16 = 1 << 2;
    /// Beyond ±2^53: a float would round it.
    const WIDE: u16 = 1 << 3;
    const UINT: u16 = 1 << 4;
    const FLOAT: u16 = 1 << 5;
    /// `NaN`, `Infinity` or `-Infinity` as text, which is a number only among numbers.
    const FLOAT_WORD: u16 = 1 << 6;
    const DATE: u16 = 1 << 7;
    const TIMESTAMP: u16 = 1 << 8;
    const DATETIME: u16 = 1 << 9;
    const TEXT: u16 = 1 << 10;
    const JSON: u16 = 1 << 11;

    /// Whether text was seen, after which a text column cannot become anything else.
    pub fn is_text(self) -> bool {
        self.0 & Self::TEXT != 0
    }

    /// Notes a cell of a text format.
    pub(crate) fn note_text(&mut self, cell: &str) {
        match text::guess(cell) {
            Some(value) => self.note(&value),
            None if text::float_word(cell).is_some() => self.0 |= Self::FLOAT_WORD,
            None => self.0 |= Self::TEXT,
        }
    }

    /// Notes a typed value. Text that is a date is noted as a date: JSON has no other way to write one.
    pub fn note(&mut self, value: &Value) {
        self.0 |= match value {
            Value::Null => 0,
            Value::Bool(_) => Self::BOOL,
            Value::Int(number) => {
                let wide = if (-text::MAX_EXACT..=text::MAX_EXACT).contains(number) { 0 } else { Self::WIDE };
                Self::INT | wide | if *number < 0 { Self::NEGATIVE } else { 0 }
            }
            Value::UInt(_) => Self::UINT | Self::WIDE,
            Value::Float(_) | Value::Decimal(..) => Self::FLOAT,
            Value::Date(_) => Self::DATE,
            Value::Timestamp(..) => Self::TIMESTAMP,
            Value::DateTime(..) => Self::DATETIME,
            Value::Text(text) => match text::guess_time(text) {
                Some(Value::Date(_)) => Self::DATE,
                Some(Value::Timestamp(..)) => Self::TIMESTAMP,
                Some(Value::DateTime(..)) => Self::DATETIME,
                _ if text::float_word(text).is_some() => Self::FLOAT_WORD,
                _ => Self::TEXT,
            },
            Value::Json(_) => Self::JSON,
        };
    }

    /// The type that holds everything that was seen without changing it; `mixed` where no scalar type does.
    pub fn data_type(self, mixed: DataType) -> DataType {
        const NUMBER: u16 = Seen::INT | Seen::NEGATIVE | Seen::WIDE | Seen::UINT | Seen::FLOAT | Seen::FLOAT_WORD;
        let only = |mask: u16| self.0 & !mask == 0;
        if self.0 == 0 {
            DataType::Null
        } else if only(Self::BOOL) {
            DataType::Bool
        } else if only(Self::INT | Self::NEGATIVE | Self::WIDE) {
            DataType::Int64
        } else if only(Self::INT | Self::WIDE | Self::UINT) {
            DataType::Uint64
        } else if only(NUMBER) && !only(Self::FLOAT_WORD) && self.0 & Self::WIDE == 0 {
            DataType::Float64
        } else if only(Self::DATE) {
            DataType::Date
        } else if only(Self::TIMESTAMP) {
            DataType::Timestamp
        } else if only(Self::DATETIME) {
            DataType::Datetime
        } else if only(Self::TEXT | Self::FLOAT_WORD | Self::DATE | Self::TIMESTAMP | Self::DATETIME) {
            DataType::String
        } else {
            mixed
        }
    }
}
