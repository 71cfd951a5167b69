//! Columns and their types.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

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
