//! The keywords and numbers of a segment, row by row, for filters and facets.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem_segments::filter::{Held, Record};

use crate::document::texts;
use crate::settings::{Field, FieldKind};

/// The values of one field.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Column {
    Keyword(Keywords),
    Number(Vec<Option<f64>>),
}

/// Every row's keywords, as positions in the sorted list of all.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Keywords {
    values: Vec<String>,
    /// Where each row's keywords end.
    ends: Vec<u32>,
    positions: Vec<u32>,
}

impl Keywords {
    fn row(&self, row: u32) -> &[u32] {
        let end = self.ends.get(row as usize).copied().unwrap_or(0) as usize;
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before as usize)).copied().unwrap_or(0) as usize;
        self.positions.get(start..end).unwrap_or_default()
    }

    /// The keywords of a row.
    pub(crate) fn of(&self, row: u32) -> impl Iterator<Item = &str> {
        self.row(row).iter().filter_map(|position| self.values.get(*position as usize)).map(String::as_str)
    }

    /// How many of the rows have each keyword.
    pub(crate) fn count(&self, rows: impl Iterator<Item = u32>) -> Vec<(&str, u64)> {
        let mut counts = vec![0u64; self.values.len()];
        for row in rows {
            for position in self.row(row) {
                if let Some(count) = counts.get_mut(*position as usize) {
                    *count += 1;
                }
            }
        }
        self.values.iter().map(String::as_str).zip(counts).filter(|(_, count)| *count > 0).collect()
    }
}

/// Gathers the values of one field, row by row.
#[derive(Debug)]
pub(crate) enum ColumnBuilder {
    None,
    Keyword { rows: Vec<Vec<String>> },
    Number(Vec<Option<f64>>),
}

impl ColumnBuilder {
    pub(crate) fn new(field: &Field) -> Self {
        match field.kind {
            FieldKind::Text | FieldKind::Folded | FieldKind::Stored => Self::None,
            FieldKind::Keyword => Self::Keyword { rows: Vec::new() },
            FieldKind::Number => Self::Number(Vec::new()),
        }
    }

    /// Adds the next row's value.
    pub(crate) fn push(&mut self, value: &Value) {
        match self {
            Self::None => {}
            Self::Keyword { rows } => {
                let mut keywords: Vec<String> = texts(value).map(str::to_owned).collect();
                keywords.sort_unstable();
                keywords.dedup();
                rows.push(keywords);
            }
            Self::Number(values) => values.push(value.as_f64()),
        }
    }

    pub(crate) fn finish(self) -> Option<Column> {
        match self {
            Self::None => None,
            Self::Number(values) => Some(Column::Number(values)),
            Self::Keyword { rows } => {
                let mut values: Vec<String> = rows.iter().flatten().cloned().collect();
                values.sort_unstable();
                values.dedup();
                let mut keywords = Keywords { values, ..Keywords::default() };
                for keyword in rows {
                    let found = keyword.iter().filter_map(|keyword| keywords.values.binary_search(keyword).ok());
                    keywords.positions.extend(found.map(|at| u32::try_from(at).unwrap_or(u32::MAX)));
                    keywords.ends.push(u32::try_from(keywords.positions.len()).unwrap_or(u32::MAX));
                }
                Some(Column::Keyword(keywords))
            }
        }
    }
}

/// One row of the columns that a filter needs.
pub(crate) struct Row<'c> {
    pub(crate) columns: &'c [(&'c str, Column)],
    pub(crate) row: u32,
}

impl Record for Row<'_> {
    fn any(&self, field: &str, test: &mut dyn FnMut(Held<'_>) -> bool) -> bool {
        match self.columns.iter().find(|(name, _)| *name == field) {
            None => false,
            Some((_, Column::Keyword(keywords))) => keywords.of(self.row).any(|keyword| test(Held::Text(keyword))),
            Some((_, Column::Number(values))) => {
                values.get(self.row as usize).copied().flatten().is_some_and(|number| test(Held::Number(number)))
            }
        }
    }
}
