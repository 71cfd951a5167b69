//! Rows of cells, between what they are read from and what they are written as.

use tandem_sdk::prelude::*;

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Empty,
    Text(String),
    /// A number, as JSON writes it.
    Number(String),
    Bool(bool),
}

/// What rows are written to.
pub(crate) trait Sink {
    fn row(&mut self, cells: &[Cell]) -> Result<()>;
}

impl Cell {
    /// What a text without a type means, as in CSV: a number or truth value if it is written as JSON would write it.
    pub(crate) fn guess(text: &str) -> Self {
        match text {
            "" => Self::Empty,
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            _ if is_number(text) => Self::Number(text.to_owned()),
            _ => Self::Text(text.to_owned()),
        }
    }

    pub(crate) fn number(value: f64) -> Self {
        if value.is_finite() { Self::Number(value.to_string()) } else { Self::Text(value.to_string()) }
    }

    pub(crate) fn as_text(&self) -> &str {
        match self {
            Self::Empty => "",
            Self::Text(text) | Self::Number(text) => text,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
        }
    }
}

/// Whether a text is a number of JSON: `007` and `+1` are texts.
pub(crate) fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}
