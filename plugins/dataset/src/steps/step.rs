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
    /// Sorts by columns; equal rows keep their order.
    Sort {
        /// The most important first.
        by: Vec<SortKey>,
    },
    /// One row with aggregates for every combination of values in `by`, in order of appearance; without `by`, one for all.
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
        /// `inner` (if not given) leaves out rows without a match, `left` keeps them with nulls.
        #[serde(default)]
        how: JoinKind,
        /// The suffix of columns of the other table whose names are taken.
        #[serde(default = "join::default_suffix")]
        suffix: String,
    },
    /// Keeps the first of rows that are equal, in these columns or in all.
    Distinct {
        /// The compared columns; all if not given.
        #[serde(default)]
        columns: Option<Vec<String>>,
    },
    /// Keeps the `n` rows with the greatest values of column `by`, in all or for each combination of values in `per`:
    /// `{"step": "top", "by": "population", "per": ["continent"], "n": 5}`.
    Top {
        /// The column that ranks them; nulls are left out.
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
