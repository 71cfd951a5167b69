//! Steps that look at one row at a time, and hold none.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    expr::{Condition, Expr, Program, Test},
    meter::Meter,
    reader::RowStream,
    types::{Column, Schema},
    value::{Row, Value},
};

pub(super) struct Filter {
    input: Box<dyn RowStream>,
    test: Test,
}

impl Filter {
    pub(super) fn new(input: Box<dyn RowStream>, condition: &Condition) -> Result<Self> {
        Ok(Self { test: Test::new(condition, input.schema())?, input })
    }
}

impl RowStream for Filter {
    fn schema(&self) -> &Schema {
        self.input.schema()
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        while let Some(batch) = self.input.next(meter)? {
            let mut kept = Vec::with_capacity(batch.len());
            for row in batch {
                if self.test.eval(&row)? == Some(true) {
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

pub(super) struct Select {
    input: Box<dyn RowStream>,
    schema: Schema,
    places: Vec<usize>,
}

impl Select {
    pub(super) fn new(input: Box<dyn RowStream>, columns: &[String]) -> Result<Self> {
        if columns.is_empty() {
            return Err(Error::invalid("at least one column must be left"));
        }
        let (mut schema, mut places) = (Schema::default(), Vec::with_capacity(columns.len()));
        for name in columns {
            let (at, data_type) = input.schema().place(name)?;
            schema.push(Column { name: name.clone(), data_type })?;
            places.push(at);
        }
        Ok(Self { input, schema, places })
    }

    pub(super) fn without(input: Box<dyn RowStream>, columns: &[String]) -> Result<Self> {
        for name in columns {
            input.schema().place(name)?;
        }
        let left = input.schema().columns().iter().map(|column| column.name.clone());
        let left: Vec<String> = left.filter(|name| !columns.contains(name)).collect();
        Self::new(input, &left)
    }
}

impl RowStream for Select {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        let Some(mut batch) = self.input.next(meter)? else { return Ok(None) };
        for row in &mut batch {
            let take = |at: &usize| row.get_mut(*at).map_or(Value::Null, |value| std::mem::replace(value, Value::Null));
            *row = self.places.iter().map(take).collect();
        }
        Ok(Some(batch))
    }
}

pub(super) struct Rename {
    input: Box<dyn RowStream>,
    schema: Schema,
}

impl Rename {
    pub(super) fn new(input: Box<dyn RowStream>, columns: &BTreeMap<String, String>) -> Result<Self> {
        for name in columns.keys() {
            input.schema().place(name)?;
        }
        let renamed = input.schema().columns().iter().map(|column| Column {
            name: columns.get(&column.name).unwrap_or(&column.name).clone(),
            data_type: column.data_type,
        });
        Ok(Self { schema: Schema::new(renamed.collect())?, input })
    }
}

impl RowStream for Rename {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        self.input.next(meter)
    }
}

pub(super) struct Map {
    input: Box<dyn RowStream>,
    schema: Schema,
    at: usize,
    program: Program,
}

impl Map {
    pub(super) fn new(input: Box<dyn RowStream>, column: String, expr: &Expr) -> Result<Self> {
        if column.is_empty() {
            return Err(Error::invalid("a column needs a name"));
        }
        let program = Program::new(expr, input.schema())?;
        let mut schema = input.schema().clone();
        let at = schema.find(&column).unwrap_or(schema.len());
        if at == schema.len() {
            schema.push(Column { name: column, data_type: program.data_type() })?;
        }
        schema.set_type(at, program.data_type());
        Ok(Self { input, schema, at, program })
    }
}

impl RowStream for Map {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        let Some(mut batch) = self.input.next(meter)? else { return Ok(None) };
        for row in &mut batch {
            let value = self.program.eval(row)?.into_owned();
            match row.get_mut(self.at) {
                Some(slot) => *slot = value,
                None => row.push(value),
            }
        }
        Ok(Some(batch))
    }
}

pub(super) struct Limit {
    input: Box<dyn RowStream>,
    skip: u64,
    left: u64,
}

impl Limit {
    pub(super) fn new(input: Box<dyn RowStream>, count: u64, offset: u64) -> Self {
        Self { input, skip: offset, left: count }
    }
}

impl RowStream for Limit {
    fn schema(&self) -> &Schema {
        self.input.schema()
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        while self.left > 0 {
            let Some(mut batch) = self.input.next(meter)? else { return Ok(None) };
            let skipped = batch.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
            self.skip -= skipped as u64;
            batch.drain(..skipped);
            batch.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= batch.len() as u64;
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }
}
