//! Statistics of every column, in one pass and constant memory.

use std::cmp::Ordering;

use crate::{error::Result, meter::Meter, reader::RowStream, types::DataType, value::Value};

/// Text in a minimum or maximum is cut here, marked by `…`: a description must stay small.
const SHOWN_CHARS: usize = 200;

/// A sum of floats that loses little: Neumaier's compensated summation.
#[derive(Debug, Clone, Copy, Default)]
pub struct FloatSum {
    sum: f64,
    lost: f64,
}

impl FloatSum {
    /// Adds a number.
    pub fn add(&mut self, number: f64) {
        let sum = self.sum + number;
        if sum.is_finite() {
            let (large, small) = if self.sum.abs() >= number.abs() { (self.sum, number) } else { (number, self.sum) };
            self.lost += (large - sum) + small;
        }
        self.sum = sum;
    }

    /// The sum.
    pub fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// An exact mean of numbers: integers are summed as integers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mean {
    integers: i128,
    floats: FloatSum,
    count: u64,
}

impl Mean {
    /// Adds a value, if it is a number.
    pub fn add(&mut self, value: &Value) {
        match (value.as_integer(), value.as_float()) {
            (Some(number), _) => self.integers += number,
            (None, Some(number)) => self.floats.add(number),
            (None, None) => return,
        }
        self.count += 1;
    }

    /// The mean; none without numbers.
    pub fn value(self) -> Option<f64> {
        (self.count > 0).then(|| (self.integers as f64 + self.floats.value()) / self.count as f64)
    }
}

/// The standard deviation of a sample, in one pass: Welford's algorithm.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deviation {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Deviation {
    /// Adds a value, if it is a number.
    pub fn add(&mut self, value: &Value) {
        let Some(number) = value.as_float() else { return };
        self.count += 1;
        let from_mean = number - self.mean;
        self.mean += from_mean / self.count as f64;
        self.squares += from_mean * (number - self.mean);
    }

    /// The deviation; none of fewer than two numbers.
    pub fn value(self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).sqrt())
    }
}

/// Keeps `value` if it comes before (`Less`) or after (`Greater`) what is kept.
pub fn keep_extreme(kept: &mut Option<Value>, value: &Value, wanted: Ordering) {
    let nan = matches!(value, Value::Float(number) if number.is_nan());
    if value.is_null() || nan {
        return;
    }
    if kept.as_ref().is_none_or(|kept| value.order(kept) == wanted) {
        *kept = Some(value.clone());
    }
}

/// What is known of a column after all rows.
#[derive(Debug, Clone, Default)]
pub struct ColumnStatistics {
    /// Rows where it is null.
    pub nulls: u64,
    /// Its least value.
    pub min: Option<Value>,
    /// Its greatest value.
    pub max: Option<Value>,
    /// The mean of its numbers.
    pub mean: Mean,
    /// Rows where it is true.
    pub trues: u64,
}

impl ColumnStatistics {
    fn add(&mut self, value: &Value, data_type: DataType) {
        match value {
            Value::Null => self.nulls += 1,
            Value::Bool(true) => self.trues += 1,
            _ => {}
        }
        // Values of several types have no order that would mean anything.
        if data_type != DataType::Json {
            keep_extreme(&mut self.min, value, Ordering::Less);
            keep_extreme(&mut self.max, value, Ordering::Greater);
            self.mean.add(value);
        }
    }
}

/// Reads all rows. Answers what every column holds, and how many rows there are.
pub fn describe(stream: &mut dyn RowStream, meter: &Meter<'_>) -> Result<(Vec<ColumnStatistics>, u64)> {
    let types: Vec<DataType> = stream.schema().columns().iter().map(|column| column.data_type).collect();
    let mut statistics = vec![ColumnStatistics::default(); types.len()];
    let mut rows = 0;
    while let Some(batch) = stream.next(meter)? {
        rows += batch.len() as u64;
        for row in &batch {
            for ((value, column), data_type) in row.iter().zip(&mut statistics).zip(&types) {
                column.add(value, *data_type);
            }
        }
    }
    Ok((statistics, rows))
}

/// A value as a description shows it.
pub fn shown(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) if text.chars().nth(SHOWN_CHARS).is_some() => {
            let begin: String = text.chars().take(SHOWN_CHARS).collect();
            format!("{begin}…").into()
        }
        other => crate::json::to_json(other),
    }
}
