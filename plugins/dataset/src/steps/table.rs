//! The tables that a call names, and what is needed to read them between steps.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    error::{Error, Result},
    files::Files,
    format::Format,
    meter::{Budget, Meter},
    reader::{self, Dialect, InlineRows, ReadOptions, Source, Types},
};

/// A table: a file, or rows that are given in the call.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// A file in a granted folder, as `data/cities.csv`.
    #[serde(default)]
    pub path: Option<String>,
    /// Rows, instead of a file.
    #[serde(default)]
    pub rows: Option<InlineRows>,
    /// The file's format; by its extension or content if not given.
    #[serde(default)]
    pub format: Option<Format>,
    /// Types of columns, instead of what their values look like (csv, tsv, json, jsonl and rows).
    #[serde(default)]
    pub types: Option<Types>,
    /// How a csv or tsv file is written, where it is not as usual.
    #[serde(default)]
    pub csv: Option<Dialect>,
}

impl Table {
    /// Opens it.
    pub fn open(self, files: &Files, meter: &Meter<'_>) -> Result<Source> {
        self.open_needed(None, files, meter)
    }

    /// Opens it to read only the columns that are needed.
    pub fn open_needed(self, needed: Option<&BTreeSet<String>>, files: &Files, meter: &Meter<'_>) -> Result<Source> {
        match (self.path, self.rows) {
            (Some(path), None) => {
                let options = ReadOptions {
                    format: self.format,
                    types: self.types.as_ref(),
                    csv: self.csv.as_ref(),
                    columns: None,
                    needed,
                };
                reader::open(files, &path, options, meter)
            }
            (None, Some(rows)) => reader::open_rows(rows, self.types.as_ref()),
            _ => Err(Error::invalid("give either `path` or `rows`")),
        }
    }
}

/// What steps need besides rows.
#[derive(Debug)]
pub struct Context<'a> {
    /// The files that a join may read.
    pub files: &'a Files,
    /// Counts what is read.
    pub meter: &'a Meter<'a>,
    /// What the steps may hold.
    pub budget: Budget,
}
