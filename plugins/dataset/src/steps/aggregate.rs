//! Groups and their aggregates. One entry a group is held, within the budget; rows stream.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    describe::{Deviation, FloatSum, Mean, keep_extreme},
    error::{Error, Result},
    meter::{BLOCK_OVERHEAD, Budget, Meter},
    reader::{BATCH_ROWS, RowStream, held_bytes},
    types::{Column, DataType, Schema},
    value::{Row, Value},
};

/// `count`: rows, or values of `column`; `distinct`: how many different values; `stddev`: of a sample (by n - 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = crate::schema::names_only)]
pub enum Function {
    /// Rows, or rows where `column` is not null.
    Count,
    /// The sum of numbers; integers exactly.
    Sum,
    /// The mean of numbers.
    Mean,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// How many different values there are, null not counted.
    Distinct,
    /// The median of numbers; it holds them all.
    Median,
    /// The standard deviation of a sample of numbers.
    Stddev,
}

/// One aggregate. Nulls are left out of all of them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// What is computed.
    pub function: Function,
    /// Of which column; only `count` works without.
    #[serde(default)]
    pub column: Option<String>,
    /// The name of the resulting column; `sum_price` and the like if not given.
    #[serde(default, rename = "as")]
    pub name: Option<String>,
}

impl Function {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Distinct => "distinct",
            Self::Median => "median",
            Self::Stddev => "stddev",
        }
    }

    /// What it gives for a column, if it fits it.
    fn result(self, given: DataType) -> Option<DataType> {
        let number = given.is_number() || given == DataType::Null;
        match self {
            Self::Count | Self::Distinct => Some(DataType::Int64),
            Self::Min | Self::Max => (given != DataType::Json).then_some(given),
            Self::Sum => number.then_some(if given == DataType::Null { DataType::Int64 } else { given }),
            Self::Mean | Self::Median | Self::Stddev => number.then_some(DataType::Float64),
        }
    }

    fn accumulator(self) -> Accumulator {
        match self {
            Self::Count => Accumulator::Count(0),
            Self::Sum => Accumulator::Sum { seen: false, integers: 0, floats: FloatSum::default() },
            Self::Mean => Accumulator::Mean(Mean::default()),
            Self::Min => Accumulator::Extreme(Ordering::Less, None),
            Self::Max => Accumulator::Extreme(Ordering::Greater, None),
            Self::Distinct => Accumulator::Distinct(HashSet::new()),
            Self::Median => Accumulator::Median(Vec::new()),
            Self::Stddev => Accumulator::Deviation(Deviation::default()),
        }
    }
}

/// What an aggregate knows of its group so far.
enum Accumulator {
    Count(u64),
    Sum { seen: bool, integers: i128, floats: FloatSum },
    Mean(Mean),
    Extreme(Ordering, Option<Value>),
    Distinct(HashSet<Value>),
    Median(Vec<f64>),
    Deviation(Deviation),
}

impl Accumulator {
    /// Adds a value that is not null.
    fn add(&mut self, value: &Value, budget: &Budget) -> Result<()> {
        match self {
            Self::Count(count) => *count += 1,
            Self::Sum { seen, integers, floats } => {
                *seen = true;
                match value.as_integer() {
                    Some(number) => *integers += number,
                    None => floats.add(value.as_float().unwrap_or(f64::NAN)),
                }
            }
            Self::Mean(mean) => mean.add(value),
            Self::Extreme(wanted, kept) => keep_extreme(kept, value, *wanted),
            Self::Distinct(seen) => {
                if !seen.contains(value) {
                    budget.take(2 * value.held_bytes(), "distinct aggregate")?;
                    seen.insert(value.clone());
                }
            }
            Self::Median(numbers) => {
                if let Some(number) = value.as_float() {
                    budget.take(2 * size_of::<f64>(), "median aggregate")?;
                    numbers.push(number);
                }
            }
            Self::Deviation(deviation) => deviation.add(value),
        }
        Ok(())
    }

    fn finish(self, data_type: DataType, name: &str) -> Result<Value> {
        Ok(match self {
            Self::Count(count) => Value::from(count),
            Self::Distinct(seen) => Value::from(seen.len() as u64),
            Self::Sum { seen: false, .. } => Value::Null,
            Self::Sum { floats, .. } if data_type == DataType::Float64 => Value::Float(floats.value()),
            Self::Sum { integers, .. } => match (Value::integer(integers), data_type) {
                (Some(value @ Value::Int(_)), _) | (Some(value), DataType::Uint64) => value,
                _ => {
                    return Err(Error::invalid(format!(
                        "the sum `{name}` is beyond 64-bit integers: cast the column to float64 in a map step"
                    )));
                }
            },
            Self::Mean(mean) => mean.value().map_or(Value::Null, Value::Float),
            Self::Extreme(_, kept) => kept.unwrap_or(Value::Null),
            Self::Median(numbers) => median(numbers),
            Self::Deviation(deviation) => deviation.value().map_or(Value::Null, Value::Float),
        })
    }
}

fn median(mut numbers: Vec<f64>) -> Value {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match (numbers.len() % 2, numbers.get(middle), numbers.get(middle.wrapping_sub(1))) {
        (1, Some(number), _) => Value::Float(*number),
        // Halves are added, since the sum of two large numbers may be infinite.
        (0, Some(after), Some(before)) => Value::Float(before / 2.0 + after / 2.0),
        _ => Value::Null,
    }
}

pub(super) struct Group {
    input: Box<dyn RowStream>,
    schema: Schema,
    keys: Vec<usize>,
    /// The function of each aggregate and where its column is.
    aggregates: Vec<(Function, Option<usize>)>,
    budget: Budget,
    done: Option<std::vec::IntoIter<Row>>,
}

impl Group {
    pub(super) fn new(
        input: Box<dyn RowStream>,
        by: &[String],
        aggregates: &[Aggregate],
        budget: Budget,
    ) -> Result<Self> {
        if by.is_empty() && aggregates.is_empty() {
            return Err(Error::invalid("name at least one aggregate"));
        }
        let (mut schema, mut keys, mut places) = (Schema::default(), Vec::new(), Vec::new());
        for name in by {
            let (at, data_type) = input.schema().place(name)?;
            schema.push(Column { name: name.clone(), data_type })?;
            keys.push(at);
        }
        for Aggregate { function, column, name } in aggregates {
            let (at, given) = match column {
                Some(column) => input.schema().place(column).map(|(at, given)| (Some(at), given))?,
                None if *function == Function::Count => (None, DataType::Null),
                None => return Err(Error::invalid(format!("`{}` needs a `column`", function.name()))),
            };
            let column = column.as_deref().unwrap_or_default();
            let data_type = function.result(given).ok_or_else(|| {
                Error::invalid(format!("`{}` does not fit `{column}`, which holds {}", function.name(), given.name()))
            })?;
            let default = if at.is_some() { format!("{}_{column}", function.name()) } else { "count".to_owned() };
            schema.push(Column { name: name.clone().unwrap_or(default), data_type })?;
            places.push((*function, at));
        }
        Ok(Self { input, schema, keys, aggregates: places, budget, done: None })
    }

    /// Reads everything.
    fn collect(&mut self, meter: &Meter<'_>) -> Result<Vec<Row>> {
        let mut places: HashMap<Row, usize> = HashMap::new();
        let mut groups: Vec<Vec<Accumulator>> = Vec::new();
        if self.keys.is_empty() {
            places.insert(Row::new(), self.open(&mut groups));
        }
        let mut key = Row::new();
        while let Some(batch) = self.input.next(meter)? {
            for mut row in batch {
                key.clear();
                key.extend(self.keys.iter().map(|at| self.key_part(&mut row, *at)));
                let place = match places.get(&key) {
                    Some(place) => *place,
                    None => {
                        // A table and a list are up to twice their entries.
                        let entry = size_of::<(Row, usize)>() + size_of::<Vec<Accumulator>>();
                        let accumulators = size_of::<Accumulator>() * self.aggregates.len() + BLOCK_OVERHEAD;
                        self.budget.take(held_bytes(&key) + 2 * entry + accumulators, "group")?;
                        let place = self.open(&mut groups);
                        places.insert(std::mem::take(&mut key), place);
                        place
                    }
                };
                if let Some(group) = groups.get_mut(place) {
                    self.add(group, &row)?;
                }
            }
        }
        self.finish(places, groups)
    }

    /// A part of a row's key: taken out of the row, unless an aggregate needs it too.
    fn key_part(&self, row: &mut Row, at: usize) -> Value {
        let Some(value) = row.get_mut(at) else { return Value::Null };
        if self.aggregates.iter().any(|(_, place)| *place == Some(at)) {
            return value.clone();
        }
        std::mem::replace(value, Value::Null)
    }

    fn open(&self, groups: &mut Vec<Vec<Accumulator>>) -> usize {
        groups.push(self.aggregates.iter().map(|(function, _)| function.accumulator()).collect());
        groups.len() - 1
    }

    fn add(&self, group: &mut [Accumulator], row: &Row) -> Result<()> {
        for (accumulator, (_, at)) in group.iter_mut().zip(&self.aggregates) {
            match at.map(|at| row.get(at).unwrap_or(&Value::Null)) {
                Some(Value::Null) => {}
                Some(value) => accumulator.add(value, &self.budget)?,
                None => accumulator.add(&Value::Bool(true), &self.budget)?,
            }
        }
        Ok(())
    }

    /// Makes the rows, in order of first appearance.
    fn finish(&self, places: HashMap<Row, usize>, groups: Vec<Vec<Accumulator>>) -> Result<Vec<Row>> {
        let mut keys: Vec<(usize, Row)> = places.into_iter().map(|(key, place)| (place, key)).collect();
        keys.sort_unstable_by_key(|(place, _)| *place);
        let mut rows = Vec::with_capacity(groups.len());
        for ((_, mut row), group) in keys.into_iter().zip(groups) {
            let results = self.schema.columns().iter().skip(self.keys.len());
            for (accumulator, column) in group.into_iter().zip(results) {
                row.push(accumulator.finish(column.data_type, &column.name)?);
            }
            rows.push(row);
        }
        Ok(rows)
    }
}

impl RowStream for Group {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        if self.done.is_none() {
            self.done = Some(self.collect(meter)?.into_iter());
        }
        let Some(done) = &mut self.done else { return Ok(None) };
        let batch: Vec<Row> = done.take(BATCH_ROWS).collect();
        Ok((!batch.is_empty()).then_some(batch))
    }
}
