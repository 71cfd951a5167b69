//! Rows of a file, one after the other.

use graphitesql::Value;

use crate::fault::Result;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Integers alone.
    Integer,
    /// Numbers.
    Real,
    /// Anything.
    Text,
}

impl Kind {
    /// As a CREATE TABLE has it.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Text => "TEXT",
        }
    }
}

/// A column of a file.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// The rows of a file, each with a value for each column.
pub(crate) trait Rows {
    fn next_row(&mut self) -> Result<Option<Vec<Value>>>;
}
