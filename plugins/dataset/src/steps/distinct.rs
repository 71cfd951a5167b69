//! Distinct rows. The keys that were seen are held, within the budget; rows stream.

use std::collections::HashSet;

use crate::{
    error::{Error, Result},
    meter::{Budget, Meter},
    reader::{RowStream, held_bytes},
    types::Schema,
    value::{Row, Value},
};

pub(super) struct Distinct {
    input: Box<dyn RowStream>,
    places: Vec<usize>,
    seen: HashSet<Row>,
    budget: Budget,
}

impl Distinct {
    pub(super) fn new(input: Box<dyn RowStream>, columns: Option<&[String]>, budget: Budget) -> Result<Self> {
        let places = match columns {
            None => (0..input.schema().len()).collect(),
            Some([]) => return Err(Error::invalid("`distinct` needs at least one column, or none given for all")),
            Some(names) => {
                names.iter().map(|name| input.schema().place(name).map(|(at, _)| at)).collect::<Result<_>>()?
            }
        };
        Ok(Self { input, places, seen: HashSet::new(), budget })
    }

    fn is_new(&mut self, row: &Row) -> Result<bool> {
        let key: Row = self.places.iter().map(|at| row.get(*at).cloned().unwrap_or(Value::Null)).collect();
        if self.seen.contains(&key) {
            return Ok(false);
        }
        // The table of a hash set is up to twice its entries.
        self.budget.take(held_bytes(&key) + size_of::<Row>(), "distinct")?;
        self.seen.insert(key);
        Ok(true)
    }
}

impl RowStream for Distinct {
    fn schema(&self) -> &Schema {
        self.input.schema()
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        while let Some(batch) = self.input.next(meter)? {
            let mut kept = Vec::new();
            for row in batch {
                if self.is_new(&row)? {
                    kept.push(row);
                }
            }
            if !kept.is_empty() {
                return Ok(Some(kept));
            }
        }
        Ok(None)
    }
}
