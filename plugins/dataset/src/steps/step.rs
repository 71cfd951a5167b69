//! The steps as callers write them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aggregate::Aggregate,
    join::{self, JoinKind, JoinOn},
    sort::SortKey,
    table::Table,
};
use crate::expr::{Condition, Expr};

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
        /// Whether rows without a match are left out (`inner`) or kept with nulls (`left`); `inner` if not given.
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
        #[schemars(range(min = 1, max = 10_000))]
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
