//! Rows of a file as items.

use serde_json::{Map, Value};
use tandem_sdk::prelude::*;
use tandem_segments::files::{self, File};
use tandem_segments::host::tool_error;

use crate::model::{FileAdded, Item};
use crate::settings::MAX_NUMBERS_PER_CALL;
use crate::vectors::Vectors;

/// Which columns are what.
pub(crate) struct Columns<'a> {
    pub(crate) vector: &'a [String],
    pub(crate) id: Option<&'a str>,
    pub(crate) metadata: Option<&'a [String]>,
    /// Whether a row with null in the vector or the id is left out; it is an error otherwise.
    pub(crate) skip_null: bool,
}

impl Columns<'_> {
    /// Whether a row is one to leave out.
    fn skips(&self, row: &Map<String, Value>) -> bool {
        let mut needed = self.vector.iter().map(String::as_str).chain(self.id);
        self.skip_null && needed.any(|name| row.get(name).is_some_and(has_null))
    }
}

/// Adds the rows of a file.
pub(crate) fn run(
    ctx: &Ctx,
    vectors: &Vectors<'_>,
    collection: &str,
    file: &File,
    columns: &Columns<'_>,
) -> Result<FileAdded> {
    if columns.vector.is_empty() {
        return Err(Error::invalid_arguments("`vector` names no column: give one of lists, or one for each number"));
    }
    let mut all = FileAdded {
        rows: 0,
        added: 0,
        replaced: 0,
        skipped: 0,
        items: vectors.count(collection).map_err(tool_error)?,
        next_offset: None,
    };
    let read = files::each_page(ctx, file, |first, rows| {
        let items = (first..).zip(rows).filter(|(_, row)| !columns.skips(row));
        let items = items.map(|(number, row)| item(columns, row, number)).collect::<Result<Vec<_>>>()?;
        let widest = items.iter().map(|item| item.vector.len()).max().unwrap_or(1).max(1);
        for items in items.chunks((MAX_NUMBERS_PER_CALL / widest).max(1)) {
            let added = vectors.add(collection, items.to_vec()).map_err(tool_error)?;
            all.added += added.added;
            all.replaced += added.replaced;
            all.items = added.items;
        }
        Ok(())
    })?;
    vectors.merge_after_change(collection);
    let skipped = read.rows - all.added - all.replaced;
    Ok(FileAdded { rows: read.rows, skipped, next_offset: read.next_offset, ..all })
}

fn item(columns: &Columns<'_>, mut row: Map<String, Value>, number: u64) -> Result<Item> {
    let id = files::id_of(&row, columns.id, number)?;
    let mut vector = Vec::new();
    for name in columns.vector {
        let Some(value) = row.remove(name) else {
            let names: Vec<_> = row.keys().map(String::as_str).collect();
            return Err(Error::invalid_arguments(format!(
                "there is no column `{name}` for the vector: the columns are {}",
                names.join(", ")
            )));
        };
        vector.extend(numbers(&value).ok_or_else(|| no_numbers(number, name, &value))?);
    }
    match columns.metadata {
        Some(wanted) => row.retain(|name, _| wanted.contains(name)),
        None => row.retain(|name, _| columns.id != Some(name)),
    }
    Ok(Item { id, vector, metadata: (!row.is_empty()).then_some(row) })
}

/// A number, a list of numbers, or the text of such a list, as CSV files have it.
fn numbers(value: &Value) -> Option<Vec<f32>> {
    match value {
        Value::Number(number) => Some(vec![number.as_f64()? as f32]),
        Value::Array(elements) => elements.iter().map(|one| one.as_f64().map(|one| one as f32)).collect(),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// Whether a value is null, or a list with null in it.
fn has_null(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(|elements| elements.iter().any(Value::is_null))
}

/// The error of a cell that is no part of a vector.
fn no_numbers(row: u64, column: &str, value: &Value) -> Error {
    let (found, remedy) = match value {
        _ if has_null(value) => ("null", "set `skip_null` to leave such rows out, or fill them with `dataset_process`"),
        Value::String(_) => ("text that is no list of numbers", "name a column of numbers in `vector`"),
        _ => ("no number and no list of numbers", "name a column of numbers in `vector`"),
    };
    Error::invalid_arguments(format!("row {row} has {found} in `{column}`: {remedy}"))
}
