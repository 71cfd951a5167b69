//! Sorting. All rows are held, within the budget; before a `limit`, only those that can still be among its rows.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    error::{Error, Result},
    meter::{Budget, Meter},
    reader::{BATCH_ROWS, RowStream, held_bytes},
    types::Schema,
    value::{Row, Value},
};

/// Before a `limit` of at most this many rows only the best rows are held.
const MAX_BEST_ROWS: u64 = 100_000;

/// One column to sort by.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SortKey {
    /// The column.
    pub column: String,
    /// Whether the greatest comes first.
    #[serde(default)]
    pub descending: bool,
    /// Where nulls go; `last` if not given.
    #[serde(default)]
    pub nulls: Nulls,
}

/// Where nulls go in a sorted table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = crate::schema::names_only)]
pub enum Nulls {
    /// Before all values.
    First,
    /// After all values.
    #[default]
    Last,
}

pub(super) struct Sort {
    input: Box<dyn RowStream>,
    keys: Vec<(usize, bool, Nulls)>,
    /// How many of the sorted rows are needed, if few.
    best: Option<usize>,
    budget: Budget,
    sorted: Option<std::vec::IntoIter<Row>>,
}

impl Sort {
    pub(super) fn new(input: Box<dyn RowStream>, by: &[SortKey], kept: Option<u64>, budget: Budget) -> Result<Self> {
        if by.is_empty() {
            return Err(Error::invalid("`sort` needs at least one column in `by`"));
        }
        let key = |key: &SortKey| Ok((input.schema().place(&key.column)?.0, key.descending, key.nulls));
        let keys = by.iter().map(key).collect::<Result<_>>()?;
        let best = kept.filter(|kept| *kept <= MAX_BEST_ROWS).and_then(|kept| usize::try_from(kept).ok());
        Ok(Self { input, keys, best, budget, sorted: None })
    }

    fn collect(&mut self, meter: &Meter<'_>) -> Result<Vec<Row>> {
        let mut rows: Vec<Row> = Vec::new();
        while let Some(batch) = self.input.next(meter)? {
            let bytes: usize = batch.iter().map(|row| held_bytes(row)).sum();
            self.budget.take(bytes, "sort")?;
            rows.extend(batch);
            if let Some(best) = self.best.filter(|best| rows.len() >= 2 * best + BATCH_ROWS) {
                self.order(&mut rows);
                let dropped: usize = rows.drain(best..).map(|row| held_bytes(&row)).sum();
                self.budget.give(dropped);
            }
        }
        self.order(&mut rows);
        Ok(rows)
    }

    fn order(&self, rows: &mut [Row]) {
        rows.sort_by(|a, b| {
            let orders = self.keys.iter().map(|(at, descending, nulls)| {
                let (a, b) = (a.get(*at).unwrap_or(&Value::Null), b.get(*at).unwrap_or(&Value::Null));
                match (a.is_null(), b.is_null()) {
                    (true, true) => Ordering::Equal,
                    (false, false) if *descending => b.order(a),
                    (false, false) => a.order(b),
                    (null, _) if null == (*nulls == Nulls::First) => Ordering::Less,
                    _ => Ordering::Greater,
                }
            });
            orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
    }
}

impl RowStream for Sort {
    fn schema(&self) -> &Schema {
        self.input.schema()
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        if self.sorted.is_none() {
            self.sorted = Some(self.collect(meter)?.into_iter());
        }
        let Some(sorted) = &mut self.sorted else { return Ok(None) };
        let batch: Vec<Row> = sorted.take(BATCH_ROWS).collect();
        self.budget.give(batch.iter().map(|row| held_bytes(row)).sum());
        Ok((!batch.is_empty()).then_some(batch))
    }
}
