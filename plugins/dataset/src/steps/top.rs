//! The best rows of each group. No more than twice as many as are wanted are held of one, within the budget.

use std::{cmp::Ordering, collections::HashMap};

use crate::{
    error::{Error, Result},
    meter::{BLOCK_OVERHEAD, Budget, Meter},
    reader::{BATCH_ROWS, RowStream, held_bytes},
    types::{Column, DataType, Schema},
    value::{Row, Value},
};

/// Whoever wants more rows of each group sorts.
const MAX_ROWS: u32 = 10_000;

/// What a caller asks for.
pub(super) struct Wanted<'a> {
    pub(super) by: &'a str,
    pub(super) per: &'a [String],
    pub(super) n: u32,
    pub(super) ascending: bool,
    pub(super) rank: Option<String>,
}

pub(super) struct Top {
    input: Box<dyn RowStream>,
    schema: Schema,
    by: usize,
    per: Vec<usize>,
    n: usize,
    ascending: bool,
    ranked: bool,
    budget: Budget,
    best: Option<std::vec::IntoIter<Row>>,
}

impl Top {
    pub(super) fn new(input: Box<dyn RowStream>, wanted: Wanted<'_>, budget: Budget) -> Result<Self> {
        if !(1..=MAX_ROWS).contains(&wanted.n) {
            return Err(Error::invalid(format!("`n` of `top` goes from 1 to {MAX_ROWS}")));
        }
        let mut schema = input.schema().clone();
        let place = |name: &String| schema.place(name).map(|(at, _)| at);
        let per = wanted.per.iter().map(place).collect::<Result<_>>()?;
        let (by, data_type) = schema.place(wanted.by)?;
        if data_type == DataType::Json {
            return Err(Error::invalid(format!("`{}` holds json, which has no order: cast it first", wanted.by)));
        }
        let ranked = wanted.rank.is_some();
        if let Some(name) = wanted.rank {
            schema.push(Column { name, data_type: DataType::Int64 })?;
        }
        let (n, ascending) = (wanted.n as usize, wanted.ascending);
        Ok(Self { input, schema, by, per, n, ascending, ranked, budget, best: None })
    }

    fn collect(&mut self, meter: &Meter<'_>) -> Result<Vec<Row>> {
        let mut places: HashMap<Row, usize> = HashMap::new();
        let mut groups: Vec<Vec<Row>> = Vec::new();
        while let Some(batch) = self.input.next(meter)? {
            for row in batch {
                if row.get(self.by).is_none_or(Value::is_null) {
                    continue;
                }
                let key: Row = self.per.iter().map(|at| row.get(*at).cloned().unwrap_or(Value::Null)).collect();
                let at = match places.get(&key) {
                    Some(at) => *at,
                    None => {
                        self.budget.take(held_bytes(&key) + size_of::<Row>() + 2 * BLOCK_OVERHEAD, "top")?;
                        places.insert(key, groups.len());
                        groups.push(Vec::new());
                        groups.len() - 1
                    }
                };
                let Some(group) = groups.get_mut(at) else { continue };
                self.budget.take(held_bytes(&row), "top")?;
                group.push(row);
                if group.len() >= 2 * self.n {
                    cut(group, self.by, self.ascending, self.n, &mut self.budget);
                }
            }
        }
        for group in &mut groups {
            cut(group, self.by, self.ascending, self.n, &mut self.budget);
        }
        let ranked = self.ranked;
        let rows = groups.into_iter().flat_map(|group| {
            (1..).zip(group).map(move |(rank, mut row)| {
                row.extend(ranked.then_some(Value::Int(rank)));
                row
            })
        });
        Ok(rows.collect())
    }
}

/// Leaves the best rows of a group, best first; equal ones keep their order.
fn cut(group: &mut Vec<Row>, by: usize, ascending: bool, n: usize, budget: &mut Budget) {
    let cell = |row: &Row| row.get(by).cloned().unwrap_or(Value::Null);
    group.sort_by(|a, b| {
        let order: Ordering = cell(a).order(&cell(b));
        if ascending { order } else { order.reverse() }
    });
    if group.len() > n {
        budget.give(group.drain(n..).map(|row| held_bytes(&row)).sum());
    }
}

impl RowStream for Top {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        if self.best.is_none() {
            self.best = Some(self.collect(meter)?.into_iter());
        }
        let Some(best) = &mut self.best else { return Ok(None) };
        let batch: Vec<Row> = best.take(BATCH_ROWS).collect();
        self.budget.give(batch.iter().map(|row| held_bytes(row)).sum());
        Ok((!batch.is_empty()).then_some(batch))
    }
}
