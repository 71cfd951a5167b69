//! The columns of a file, found by looking at all of its values.

use std::collections::HashSet;

use crate::{
    cells::{self, Looks},
    fault::{Fault, Result},
    limits::MAX_COLUMNS,
    rows::{Column, Kind},
};

/// What the values of a column allow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    boolean: bool,
    integer: bool,
    real: bool,
    text: bool,
}

impl Seen {
    /// A value of the column looks so.
    pub(crate) fn note(&mut self, looks: Looks) {
        match looks {
            Looks::Empty => {}
            Looks::Boolean => self.boolean = true,
            Looks::Integer => self.integer = true,
            Looks::Real => self.real = true,
            Looks::Text => self.text = true,
        }
    }

    /// A cell of text belongs to the column.
    pub(crate) fn note_cell(&mut self, cell: &str) {
        if !self.text {
            self.note(cells::looks(cell));
        }
    }

    /// The narrowest kind that holds all of its values. Booleans are the integers 1 and 0, as in SQLite; beside numbers they are text.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self { text: true, .. }
            | Self { boolean: true, integer: true, .. }
            | Self { boolean: true, real: true, .. } => Kind::Text,
            Self { real: true, .. } => Kind::Real,
            Self { integer: true, .. } | Self { boolean: true, .. } => Kind::Integer,
            _ => Kind::Text,
        }
    }
}

/// Names for columns: trimmed, not empty, and different from each other, as SQL needs them.
pub(crate) fn names<'a>(path: &str, given: impl Iterator<Item = &'a str>) -> Result<Vec<String>> {
    let mut taken = HashSet::new();
    let mut names = Vec::new();
    for (index, name) in given.enumerate() {
        if index >= MAX_COLUMNS {
            return Err(Fault::Limit(format!("`{path}` has more than {MAX_COLUMNS} columns, the bound of a table")));
        }
        let trimmed = name.trim();
        let base = if trimmed.is_empty() { format!("column_{}", index + 1) } else { trimmed.replace('\0', "") };
        let mut name = base.clone();
        let mut number = 2;
        while !taken.insert(name.to_lowercase()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        names.push(name);
    }
    Ok(names)
}

/// Puts names and kinds together.
pub(crate) fn columns(names: Vec<String>, seen: &[Seen]) -> Vec<Column> {
    let kind = |index: usize| seen.get(index).copied().unwrap_or_default().kind();
    names.into_iter().enumerate().map(|(index, name)| Column { name, kind: kind(index) }).collect()
}
