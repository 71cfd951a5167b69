//! Rows that came with the call.

use std::fmt;

use schemars::{JsonSchema, Schema as JsonSchemaDocument, SchemaGenerator};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    plan::Survey,
    stream::{RowStream, Source},
    typed::{Types, not_a, typed_columns},
};
use crate::{
    error::{Error, Result},
    json,
    meter::Meter,
    text,
    types::{Column, DataType, Schema},
    value::{Row, Value},
};

/// One row as the caller gave it: an object, with its keys in their order.
#[derive(Debug, Clone)]
pub struct InlineRow(Vec<(String, Value)>);

/// Rows as the caller gave them.
pub type InlineRows = Vec<InlineRow>;

/// A row that keeps every digit of its numbers. It is read from JSON text alone, so not inside a [`crate::steps::Step`],
/// whose tag makes serde hold its members in between.
#[derive(Debug, Clone)]
pub struct ExactRow(InlineRow);

/// The rows themselves.
pub fn inline(rows: Vec<ExactRow>) -> InlineRows {
    rows.into_iter().map(|ExactRow(row)| row).collect()
}

impl JsonSchema for ExactRow {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        InlineRow::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> JsonSchemaDocument {
        InlineRow::json_schema(generator)
    }
}

impl<'de> Deserialize<'de> for ExactRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cells = Cells::<Box<RawValue>>(|raw| json::from_raw(raw.get()));
        deserializer.deserialize_map(cells).map(InlineRow).map(Self)
    }
}

impl JsonSchema for InlineRow {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Row".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> JsonSchemaDocument {
        schemars::json_schema!({ "type": "object", "description": "One row: the value of each column by its name." })
    }
}

impl<'de> Deserialize<'de> for InlineRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cells = Cells::<serde_json::Value>(|value| json::from_json(&value));
        deserializer.deserialize_map(cells).map(Self)
    }
}

/// Reads the cells of a row, each by way of a `T`.
struct Cells<T>(fn(T) -> Value);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Cells<T> {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, which is a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut cells = Vec::new();
        while let Some((name, cell)) = map.next_entry()? {
            cells.push((name, (self.0)(cell)));
        }
        Ok(cells)
    }
}

/// Makes a source of rows that came with the call.
pub fn open_rows(rows: InlineRows, types: Option<&Types>) -> Result<Source> {
    let mut schema = Schema::default();
    let mut surveys: Vec<Survey> = Vec::new();
    let mut table: Vec<Row> = Vec::with_capacity(rows.len());
    for (at, InlineRow(cells)) in rows.into_iter().enumerate() {
        let mut row: Row = vec![Value::Null; schema.len()];
        for (name, cell) in cells {
            let place = match schema.find(&name) {
                Some(place) => place,
                None => {
                    schema.push(Column { name, data_type: DataType::Null })?;
                    surveys.push(Survey { nulls: at as u64, ..Survey::default() });
                    row.push(Value::Null);
                    schema.len() - 1
                }
            };
            if let (Some(slot), Some(survey)) = (row.get_mut(place), surveys.get_mut(place)) {
                *slot = cell;
                survey.seen.note(slot);
            }
        }
        for (value, survey) in row.iter().zip(&mut surveys) {
            survey.nulls += u64::from(value.is_null());
        }
        table.push(row);
    }
    let typed = typed_columns(schema.columns().iter().map(|column| column.name.as_str()), types, "the rows")?;
    for (at, (typed, survey)) in typed.iter().zip(&surveys).enumerate() {
        schema.set_type(at, typed.unwrap_or_else(|| survey.seen.data_type(DataType::Json)));
    }
    let count = table.len() as u64;
    for (at, row) in table.iter_mut().enumerate() {
        fit(row, &schema, at)?;
    }
    let nulls = Some(surveys.iter().map(|survey| survey.nulls).collect());
    let stream = Box::new(MemoryStream { schema, rows: Some(table) });
    Ok(Source { stream, rows: count, nulls, null_words: None, format: None, bytes: 0 })
}

/// Gives every value of a row the type of its column.
fn fit(row: &mut Row, schema: &Schema, at: usize) -> Result<()> {
    row.resize(schema.len(), Value::Null);
    for (slot, column) in row.iter_mut().zip(schema.columns()) {
        let value = std::mem::replace(slot, Value::Null);
        *slot = text::convert(value, column.data_type).map_err(|value| Error::BadRow {
            path: "rows".to_owned(),
            place: format!("row {}, column `{}`", at + 1, column.name),
            problem: not_a(&text::display(&value), column.data_type),
        })?;
    }
    Ok(())
}

struct MemoryStream {
    schema: Schema,
    rows: Option<Vec<Row>>,
}

impl RowStream for MemoryStream {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn next(&mut self, meter: &Meter<'_>) -> Result<Option<Vec<Row>>> {
        meter.tick()?;
        Ok(self.rows.take().filter(|rows| !rows.is_empty()))
    }
}
