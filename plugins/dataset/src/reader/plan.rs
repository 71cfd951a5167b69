//! What a first pass sees of a file's columns, and which of them the second one reads.

use super::options::ReadOptions;
use crate::{
    error::{Error, Result},
    seen::Seen,
    types::{Column, Schema},
    value::{Row, Value},
};

/// What a first pass saw of a column.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Survey {
    pub(super) seen: Seen,
    pub(super) nulls: u64,
    /// How many of the nulls are words, such as `NA`.
    pub(super) words: u64,
}

/// Which columns of a file are read, where they go, and as what.
#[derive(Debug)]
pub(super) struct Plan {
    /// The columns of the stream.
    pub(super) schema: Schema,
    /// For each column of the file: its place in the stream.
    pub(super) places: Vec<Option<usize>>,
}

impl Plan {
    /// Picks the columns of `file` that the caller named, or that are needed.
    pub(super) fn new(file: &Schema, options: ReadOptions<'_>) -> Result<Self> {
        let needed = options.needed.filter(|needed| needed.iter().all(|name| file.find(name).is_some()));
        match (options.columns, needed) {
            (Some([]), _) => {
                Err(Error::invalid("`columns` is empty: name at least one column, or leave it out for all"))
            }
            (Some(names), _) => Self::of(file, names),
            (None, Some(needed)) => {
                let names = file.columns().iter().map(|column| column.name.clone());
                Self::of(file, &names.filter(|name| needed.contains(name)).collect::<Vec<_>>())
            }
            (None, None) => Ok(Self { schema: file.clone(), places: (0..file.len()).map(Some).collect() }),
        }
    }

    fn of(file: &Schema, names: &[String]) -> Result<Self> {
        let mut places = vec![None; file.len()];
        let mut schema = Schema::default();
        for name in names {
            let (at, data_type) = file.place(name)?;
            if let Some(place) = places.get_mut(at) {
                *place = Some(schema.len());
            }
            schema.push(Column { name: name.clone(), data_type })?;
        }
        Ok(Self { schema, places })
    }

    /// A row of the stream, without any value yet.
    pub(super) fn empty_row(&self) -> Row {
        vec![Value::Null; self.schema.len()]
    }

    /// How many nulls each column of the stream has.
    pub(super) fn nulls(&self, surveys: &[Survey]) -> Vec<u64> {
        self.counts(surveys, |survey| survey.nulls)
    }

    pub(super) fn counts(&self, surveys: &[Survey], count: fn(&Survey) -> u64) -> Vec<u64> {
        let mut counts = vec![0; self.schema.len()];
        for (place, survey) in self.places.iter().zip(surveys) {
            if let Some(slot) = place.and_then(|place| counts.get_mut(place)) {
                *slot = count(survey);
            }
        }
        counts
    }
}
