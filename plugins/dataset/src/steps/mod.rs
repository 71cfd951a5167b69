//! Steps: what turns one table into another. They run in the order in which they are given.
//!
//! `filter`, `select`, `drop`, `rename`, `map` and `limit` stream: they hold one batch. `group` holds one
//! entry a group, `join` its right side, `distinct` its keys, `top` the best rows of each group, `sort` its rows (only the best
//! ones before a `limit`). What
//! is held comes out of one budget of [`crate::meter::MAX_HELD_BYTES`] a call; beyond it the step fails by name.

mod aggregate;
mod distinct;
mod join;
mod needed;
mod row;
mod sort;
mod top;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

pub use aggregate::{Aggregate, Function};
pub use join::{JoinKind, JoinOn};
pub use needed::needed;
pub use sort::{Nulls, SortKey};

use crate::{
    error::{Error, Result},
    expr::{Condition, Expr},
    files::Files,
    format::Format,
    meter::{Budget, Meter},
    reader::{self, Dialect, InlineRows, ReadOptions, RowStream, Source, Types},
};

/// Steps of a call at most.
pub const MAX_STEPS: usize = 32;

/// One step.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Keeps the rows for which `where` is true.
    Filter {
        /// The condition.
        #[serde(rename = "where")]
        condition: Condition,
    },
    /// Keeps only these columns, in this order.
    Select {
        /// Their names.
        columns: Vec<String>,
    },
    /// Leaves columns out.
    Drop {
        /// Their names.
        columns: Vec<String>,
    },
    /// Gives columns other names.
    Rename {
        /// New names by old names.
        columns: BTreeMap<String, String>,
    },
    /// Adds a computed column, or replaces the one of that name.
    Map {
        /// The column's name.
        column: String,
        /// How its values are computed.
        expr: Expr,
    },
    /// Sorts by one or more columns; rows that are equal in them keep their order.
    Sort {
        /// What to sort by, the most important first.
        by: Vec<SortKey>,
    },
    /// One row for every combination of values in `by`, in order of first appearance, with aggregates of its rows;
    /// without `by`, one row for all.
    Group {
        /// The columns that make the groups.
        #[serde(default)]
        by: Vec<String>,
        /// What is computed of each group.
        #[serde(default)]
        aggregates: Vec<Aggregate>,
    },
    /// Adds the columns of another table to the rows that match.
    Join {
        /// The other table; it must fit into memory.
        with: Table,
        /// Columns that must be equal. Null equals nothing.
        on: Vec<JoinOn>,
        /// Whether rows without a match are left out (`inner`) or kept with nulls (`left`).
        #[serde(default)]
        how: JoinKind,
        /// What is appended to the name of a column of the other table that is there already.
        #[serde(default = "join::default_suffix")]
        suffix: String,
    },
    /// Keeps the first of rows that are equal, in these columns or in all.
    Distinct {
        /// The columns that are compared; all if not given.
        #[serde(default)]
        columns: Option<Vec<String>>,
    },
    /// Keeps the `n` rows with the greatest values of column `by`, in all or for each combination of values in `per`:
    /// `{"step": "top", "by": "population", "per": ["continent"], "n": 5}`. Groups come in order of first appearance.
    Top {
        /// The column that ranks them; rows that are null in it are left out.
        by: String,
        /// The columns that make the groups.
        #[serde(default)]
        per: Vec<String>,
        /// How many rows, 1 to 10,000.
        n: u32,
        /// Whether the least come first instead.
        #[serde(default)]
        ascending: bool,
        /// The name of a column with the rank, from 1; none if not given.
        #[serde(default)]
        rank: Option<String>,
    },
    /// Keeps `count` rows, from row `offset` on.
    Limit {
        /// How many rows.
        count: u64,
        /// How many rows are left out before them.
        #[serde(default)]
        offset: u64,
    },
}

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

/// Puts `steps` behind `stream`, checking each against the columns that it gets.
pub fn apply(mut stream: Box<dyn RowStream>, steps: Vec<Step>, context: &Context<'_>) -> Result<Box<dyn RowStream>> {
    if steps.len() > MAX_STEPS {
        return Err(Error::Bound(format!("there are at most {MAX_STEPS} steps in a call")));
    }
    let mut steps = steps.into_iter().enumerate().peekable();
    while let Some((at, step)) = steps.next() {
        let kept = match steps.peek() {
            Some((_, Step::Limit { count, offset })) => Some(count.saturating_add(*offset)),
            _ => None,
        };
        stream = one(stream, step, kept, context).map_err(|error| in_step(error, at))?;
    }
    Ok(stream)
}

/// Says which step an error is about.
fn in_step(error: Error, at: usize) -> Error {
    match error {
        Error::Invalid(message) => Error::Invalid(format!("step {}: {message}", at + 1)),
        other => other,
    }
}

fn one(stream: Box<dyn RowStream>, step: Step, kept: Option<u64>, context: &Context<'_>) -> Result<Box<dyn RowStream>> {
    Ok(match step {
        Step::Filter { condition } => Box::new(row::Filter::new(stream, &condition)?),
        Step::Select { columns } => Box::new(row::Select::new(stream, &columns)?),
        Step::Drop { columns } => Box::new(row::Select::without(stream, &columns)?),
        Step::Rename { columns } => Box::new(row::Rename::new(stream, &columns)?),
        Step::Map { column, expr } => Box::new(row::Map::new(stream, column, &expr)?),
        Step::Limit { count, offset } => Box::new(row::Limit::new(stream, count, offset)),
        Step::Sort { by } => Box::new(sort::Sort::new(stream, &by, kept, context.budget.clone())?),
        Step::Group { by, aggregates } => {
            Box::new(aggregate::Group::new(stream, &by, &aggregates, context.budget.clone())?)
        }
        Step::Join { with, on, how, suffix } => Box::new(join::Join::new(stream, with, &on, how, &suffix, context)?),
        Step::Top { by, per, n, ascending, rank } => {
            let wanted = top::Wanted { by: &by, per: &per, n, ascending, rank };
            Box::new(top::Top::new(stream, wanted, context.budget.clone())?)
        }
        Step::Distinct { columns } => {
            Box::new(distinct::Distinct::new(stream, columns.as_deref(), context.budget.clone())?)
        }
    })
}
