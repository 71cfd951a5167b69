//! Joins by equal keys. The right side is held in a hash table, within the budget; the left side streams.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::table::{Context, Table};
use crate::{
    error::{Error, Result},
    meter::Meter,
    reader::{BATCH_ROWS, RowStream, held_bytes},
    types::{Column, DataType, Schema},
    value::{Row, Value},
};

/// Which rows a join keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = crate::schema::names_only)]
pub enum JoinKind {
    /// Only rows with a match.
    #[default]
    Inner,
    /// All rows of the left side; nulls where there is no match.
    Left,
}

/// Two columns that must be equal.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinOn {
    /// The column of this table.
    pub left: String,
    /// The column of the other table; the same name if not given.
    #[serde(default)]
    pub right: Option<String>,
}

pub(super) fn default_suffix() -> String {
    "_right".to_owned()
}

pub(super) struct Join {
    input: Box<dyn RowStream>,
    schema: Schema,
    how: JoinKind,
    left_keys: Vec<usize>,
    right: RightSide,
    /// Left rows that are not joined yet, and how far the first one's matches are.
    pending: std::vec::IntoIter<Row>,
    current: Option<(Row, usize)>,
}

/// The rows of the right side without their keys, by their keys.
struct RightSide {
    width: usize,
    rows: HashMap<Row, Vec<Row>>,
}

impl Join {
    pub(super) fn new(
        input: Box<dyn RowStream>,
        with: Table,
        on: &[JoinOn],
        how: JoinKind,
        suffix: &str,
        context: &Context<'_>,
    ) -> Result<Self> {
        if on.is_empty() {
            return Err(Error::invalid("`join` needs at least one pair of columns in `on`"));
        }
        let mut right = with.open(context.files, context.meter)?.stream;
        let (mut left_keys, mut right_keys) = (Vec::new(), Vec::new());
        for JoinOn { left: left_name, right: right_name } in on {
            let right_name = right_name.as_ref().unwrap_or(left_name);
            let (left_at, left_type) = input.schema().place(left_name)?;
            let (right_at, right_type) = right.schema().place(right_name)?;
            check_keys((left_name, left_type), (right_name, right_type))?;
            left_keys.push(left_at);
            right_keys.push(right_at);
        }
        let mut schema = input.schema().clone();
        for (at, column) in right.schema().columns().iter().enumerate() {
            if !right_keys.contains(&at) {
                let taken = schema.find(&column.name).is_some();
                let name = if taken { format!("{}{suffix}", column.name) } else { column.name.clone() };
                schema.push(Column { name, data_type: column.data_type })?;
            }
        }
        let right = RightSide::read(right.as_mut(), &right_keys, context)?;
        Ok(Self { input, schema, how, left_keys, right, pending: Vec::new().into_iter(), current: None })
    }

    /// The next left row, and where its matches begin.
    fn advance(&mut self, meter: &Meter<'_>) -> Result<Option<(Row, usize)>> {
        if let Some(current) = self.current.take() {
            return Ok(Some(current));
        }
        loop {
            if let Some(row) = self.pending.next() {
                return Ok(Some((row, 0)));
            }
            match self.input.next(meter)? {
                Some(batch) => self.pending = batch.into_iter(),
                None => return Ok(None),
            }
        }
    }
}

/// Keys must be of one type, or both numbers.
fn check_keys((left, left_type): (&str, DataType), (right, right_type): (&str, DataType)) -> Result<()> {
    let null = left_type == DataType::Null || right_type == DataType::Null;
    if left_type == right_type || null || (left_type.is_number() && right_type.is_number()) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "`{left}` holds {} and `{right}` of the other table holds {}: give the other table `types`, or cast in a map step",
        left_type.name(),
        right_type.name()
    )))
}

/// The key of a row; none where a part of it is null, which equals nothing.
fn key(row: &[Value], places: &[usize]) -> Option<Row> {
    let parts = places.iter().map(|at| row.get(*at).filter(|value| !value.is_null()).cloned());
    parts.collect()
}

impl RightSide {
    fn read(stream: &mut dyn RowStream, keys: &[usize], context: &Context<'_>) -> Result<Self> {
        let width = stream.schema().len().saturating_sub(keys.len());
        let mut rows: HashMap<Row, Vec<Row>> = HashMap::new();
        while let Some(batch) = stream.next(context.meter)? {
            for row in batch {
                let Some(key) = key(&row, keys) else { continue };
                let rest = row.into_iter().enumerate().filter(|(at, _)| !keys.contains(at));
                let rest: Row = rest.map(|(_, value)| value).collect();
                // The table of a hash map is up to twice its entries.
                let bytes = held_bytes(&rest) + held_bytes(&key) + 2 * size_of::<(Row, Vec<Row>)>();
                context.budget.take(bytes, "join")?;
                rows.entry(key).or_default().push(rest);
            }
        }
        Ok(Self { width, rows })
    }
}

impl RowStream for Join {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        let mut joined = Vec::new();
        while joined.len() < BATCH_ROWS {
            let Some((row, begin)) = self.advance(meter)? else { break };
            let matches = key(&row, &self.left_keys).and_then(|key| self.right.rows.get(&key));
            let Some(matches) = matches else {
                if self.how == JoinKind::Left {
                    let mut row = row;
                    row.resize(row.len() + self.right.width, Value::Null);
                    joined.push(row);
                }
                continue;
            };
            // One left row may match more rows than a batch holds: the rest waits for the next batch.
            let end = matches.len().min(begin + BATCH_ROWS - joined.len());
            for found in matches.get(begin..end).unwrap_or_default() {
                joined.push(row.iter().chain(found).cloned().collect());
            }
            if end < matches.len() {
                self.current = Some((row, end));
            }
        }
        Ok((!joined.is_empty()).then_some(joined))
    }
}
